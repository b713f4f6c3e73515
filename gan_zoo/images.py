"""Conversion of images: uint8 in [0, 255] in files and batches, float in [-1, 1] in models. Only this file knows both.

A batch travels to the device as uint8; `prepare` makes floats of it there, once a step, with the flips, crops and
dequantisation that data module and model declare.
"""

import io
import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from datamodules.images import Batch as Batch

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue."""
SHARED = (("image",), ("source", "target"), ("a",), ("b",))
"""Keys of a batch that hold images. The images of one group are flipped and cropped alike."""


@dataclass(frozen=True)
class Preparation:
    """How images are prepared on the device before a step sees them."""

    flip: bool = False
    """Mirror each image left to right with probability 1/2."""
    crop: int = 0
    """Cut a square of this many pixels a side at a random place of each image; 0: none."""
    dequantize: bool = False
    """Add U[0, 1) to each grey level, so that the data has a density (SNGAN: x/128 - 1 + U(0, 1/128))."""


def to_float(image: UInt8[Tensor, " *image"]) -> Float[Tensor, " *image"]:
    """Map grey levels from [0, 255] to [-1, 1]."""
    return image.to(torch.float32).div_(127.5).sub_(1)


def to_uint8(image: Float[Tensor, " *image"]) -> UInt8[Tensor, " *image"]:
    """Map [-1, 1] to the nearest grey level, clamping values outside. It inverts `to_float` for all 256 levels."""
    return image.to(torch.float32).add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def prepare(batch: Batch, preparation: Preparation) -> Batch:
    """Return `batch` with its uint8 images flipped, cropped and turned into channels-last floats in [-1, 1].

    Floating images (toy data, spectra) are taken as already in [-1, 1] and left alone, as are labels.
    """
    prepared = dict(batch)
    for group in SHARED:
        names = [name for name in group if name in batch and batch[name].dtype == torch.uint8]
        if not names:
            continue
        flips, corners = _draws(batch[names[0]], preparation)
        for name in names:
            image = batch[name]
            if corners is not None:
                image = crop(image, corners, preparation.crop)
            if flips is not None:
                image = torch.where(flips, image.flip(3), image)
            prepared[name] = _scale(image, preparation.dequantize).contiguous(memory_format=torch.channels_last)
    return prepared


def crop(image: UInt8[Tensor, " n c h w"], corners: Tensor, size: int) -> UInt8[Tensor, " n c {size} {size}"]:
    """Cut from each image the square of `size` pixels whose top left pixel is `corners[i]` = (row, column)."""
    n, _, height, width = image.shape
    if size > min(height, width):
        raise ValueError(f"A crop of {size} pixels needs images at least as large; these are {height} x {width}.")
    reach = torch.arange(size, device=image.device)
    row = (corners[:, 0, None] + reach)[:, :, None]
    column = (corners[:, 1, None] + reach)[:, None, :]
    which = torch.arange(n, device=image.device)[:, None, None]
    return image.permute(0, 2, 3, 1)[which, row, column].permute(0, 3, 1, 2)


def unaltered(batch: Batch, size: int = 0) -> Batch:
    """Return `batch` with the middle `size` pixels (0: all) of its uint8 images as floats in [-1, 1]; draw nothing."""
    return {
        name: to_float(middle(value, size) if size else value) if value.dtype == torch.uint8 else value
        for name, value in batch.items()
    }


def middle(image: UInt8[Tensor, " n c h w"], size: int) -> UInt8[Tensor, " n c {size} {size}"]:
    """Cut the square of `size` pixels from the middle of each image."""
    top, left = ((side - size) // 2 for side in image.shape[2:])
    return image[:, :, top : top + size, left : left + size]


def _draws(image: Tensor, preparation: Preparation) -> tuple[Tensor | None, Tensor | None]:
    n, _, height, width = image.shape
    flips = corners = None
    if preparation.flip:
        flips = torch.rand(n, 1, 1, 1, device=image.device) < 0.5
    if preparation.crop:
        room = torch.tensor([height - preparation.crop + 1, width - preparation.crop + 1], device=image.device)
        corners = (torch.rand(n, 2, device=image.device) * room).long()
    return flips, corners


def _scale(image: Tensor, dequantize: bool) -> Tensor:
    if not dequantize:
        return to_float(image)
    level = image.to(torch.float32)
    return (level + torch.rand_like(level)).div_(128).sub_(1)


def to_size(image: Float[Tensor, " n c h w"], size: tuple[int, ...]) -> Float[Tensor, " n c H W"]:
    """Resize `image`, in [-1, 1], to `size` = (height, width): bicubic, antialiased when it shrinks."""
    return torch.nn.functional.interpolate(image, size, mode="bicubic", antialias=True).clamp(-1, 1)


def resized(image: Float[Tensor, " n c h w"], short: int) -> Float[Tensor, " n c H W"]:
    """Resize `image`, in [-1, 1], to `short` pixels on its shorter side, keeping its proportions."""
    return to_size(image, resized_sides(image.shape[2], image.shape[3], short))


def resized_sides(height: int, width: int, short: int) -> tuple[int, int]:
    """Return the height and width of `resized` for an image of `height` and `width`."""
    scale = short / min(height, width)
    return round(height * scale), round(width * scale)


def middle_at(image: Float[Tensor, " n c h w"], size: tuple[int, ...]) -> Float[Tensor, " n c H W"]:
    """Cut the largest part of these proportions from the middle of `image`, in [-1, 1], and bring it to `size`.

    Data modules show training images so, unless they are told of a smaller `centre_crop`.
    """
    scale = min(side / wanted for side, wanted in zip(image.shape[2:], size, strict=True))
    height, width = (round(wanted * scale) for wanted in size)
    top, left = (image.shape[2] - height) // 2, (image.shape[3] - width) // 2
    part = image[:, :, top : top + height, left : left + width]
    return part if (height, width) == size else to_size(part, size)


def with_colours_of(image: Float[Tensor, " n 3 h w"], colours: Float[Tensor, " n 3 h w"]) -> Float[Tensor, " n 3 h w"]:
    """Join the luminance of `image` with the colours of `colours` (in YIQ, as Gatys 2016, arXiv 1606.05897)."""
    luminance = grey(image - colours)  # in YIQ, a shift of Y alone moves R, G and B alike
    return (colours + luminance).clamp(-1, 1)


def grey(image: Float[Tensor, " n 3 h w"]) -> Float[Tensor, " n 1 h w"]:
    """Return the luma of `image` (ITU-R 601, as in Pillow)."""
    return image.mul(torch.tensor(LUMA, device=image.device)[:, None, None]).sum(1, keepdim=True)


def grid(image: UInt8[Tensor, " n c h w"], columns: int | None = None) -> UInt8[Tensor, " c H W"]:
    """Lay images out row by row, `columns` per row (None: about square), with two white pixels in between."""
    n, channels, height, width = image.shape
    columns = columns or math.ceil(math.sqrt(n))
    lines = math.ceil(n / columns)
    sheet = torch.full((channels, lines * (height + 2) - 2, columns * (width + 2) - 2), 255, dtype=torch.uint8)
    for i, one in enumerate(image.cpu()):
        top, left = (i // columns) * (height + 2), (i % columns) * (width + 2)
        sheet[:, top : top + height, left : left + width] = one
    return sheet


def png(image: UInt8[Tensor, " c h w"], exif: Image.Exif | None = None) -> bytes:
    """The image, of one or three channels, as the bytes of a PNG file, with what `exif` says of it."""
    array = image.permute(1, 2, 0).cpu().numpy()
    buffer = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array))
    picture.save(buffer, "PNG", **({"exif": exif} if exif else {}))
    return buffer.getvalue()
