"""DiffAugment: Differentiable Augmentation for Data-Efficient GAN Training.

Zhao, Liu, Lin, Zhu and Han, 2020. https://arxiv.org/abs/2006.10738

Every image that the discriminator sees, real or generated, in its update and in the generator's, is changed in colour,
shifted, and has a square cut out. Each image has its own draws.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gan_zoo.augment.draws import below, uniform

Images = Float[Tensor, " n c h w"]


def diffaugment(image: Images) -> Images:
    """Return `image` with new colours, shifted and cut, as the paper does for small data sets."""
    image = brightness(image, uniform(image, -0.5, 0.5))
    image = saturation(image, uniform(image, 0.0, 2.0))
    image = contrast(image, uniform(image, 0.5, 1.5))
    reach = [int(side / 8 + 0.5) for side in image.shape[2:]]
    image = translation(image, *(below(image, 2 * most + 1) - most for most in reach))
    sizes = [int(side / 2 + 0.5) for side in image.shape[2:]]
    centres = [below(image, side + 1 - size % 2) for side, size in zip(image.shape[2:], sizes, strict=True)]
    return cutout(image, *centres)


def brightness(image: Images, change: Float[Tensor, " n"]) -> Images:
    """Add `change` to all values of each image."""
    return image + _column(change)


def saturation(image: Images, factor: Float[Tensor, " n"]) -> Images:
    """Scale the distance of each pixel's channels from their mean."""
    mean = image.mean(1, keepdim=True)
    return (image - mean) * _column(factor) + mean


def contrast(image: Images, factor: Float[Tensor, " n"]) -> Images:
    """Scale the distance of each image's values from their mean."""
    mean = image.mean((1, 2, 3), keepdim=True)
    return (image - mean) * _column(factor) + mean


def translation(image: Images, down: Int64[Tensor, " n"], right: Int64[Tensor, " n"]) -> Images:
    """Shift each image by whole pixels, with zeros where nothing comes in."""
    n, channels, height, width = image.shape
    rows = torch.arange(height, device=image.device) - down[:, None]
    columns = torch.arange(width, device=image.device) - right[:, None]
    inside = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[:, None, None]
    index = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None]
    moved = image.flatten(2).gather(2, index.view(n, 1, -1).expand(-1, channels, -1))
    return moved.view_as(image) * inside


def cutout(image: Images, row: Int64[Tensor, " n"], column: Int64[Tensor, " n"]) -> Images:
    """Set to 0 a rectangle of half the height and width around (`row`, `column`), as far as it lies in the image."""
    hidden = []
    for centre, side in ((row, image.shape[2]), (column, image.shape[3])):
        size = int(side / 2 + 0.5)
        place = torch.arange(side, device=image.device) - (centre - size // 2)[:, None]
        hidden.append((place >= 0) & (place < size))
    return image * ~(hidden[0][:, None, :, None] & hidden[1][:, None, None, :])


def _column(value: Float[Tensor, " n"]) -> Float[Tensor, "n 1 1 1"]:
    return value[:, None, None, None]
