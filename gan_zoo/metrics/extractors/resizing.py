"""From an image's size to a network's, as the programs did whose scores are compared."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate


def tf1(image: Float[Tensor, " n c h w"], size: int) -> Float[Tensor, " n c {size} {size}"]:
    """Bilinear, corners at the origin, no half pixel, no antialiasing (TensorFlow 1's resize_bilinear).

    Written as two matrix products, 2 to 12 times faster than picking four neighbours of each pixel.
    """
    rows, columns = (_tf1_matrix(length, size, image.device) for length in image.shape[2:])
    return rows @ image @ columns.mT


def _tf1_matrix(length: int, size: int, device: torch.device) -> Float[Tensor, "{size} {length}"]:
    """Row i holds the weights of the two pixels around position i x length / size."""
    position = torch.arange(size, device=device) * torch.tensor(length / size, device=device)
    low = position.long()
    share = (position - low)[:, None]
    matrix = torch.zeros(size, length, device=device)
    matrix.scatter_add_(1, low[:, None], 1 - share)
    return matrix.scatter_add_(1, (low + 1).clamp(max=length - 1)[:, None], share)


def bicubic(image: Float[Tensor, " n c h w"], size: int) -> Float[Tensor, " n c {size} {size}"]:
    """Bicubic with antialiasing on unrounded grey levels, as Pillow does on float images; cut to 0 to 255."""
    made = interpolate(image, size=(size, size), mode="bicubic", antialias=True, align_corners=False)
    return made.clamp(0, 255)
