"""Which images take a transform, and the pixels beyond an image's edge."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

Probability = float | Float[Tensor, ""]


def taken(image: Float[Tensor, " n c h w"], p: Probability) -> Bool[Tensor, " n"]:
    """Draw for each image whether it takes a transform, which it does with probability `p`."""
    return torch.rand(len(image), device=image.device) < p


def uniform(image: Float[Tensor, " n c h w"], low: float, high: float) -> Float[Tensor, " n"]:
    """Draw a number from U[low, high) for each image."""
    return low + (high - low) * torch.rand(len(image), device=image.device, dtype=image.dtype)


def normal(image: Float[Tensor, " n c h w"], deviation: float) -> Float[Tensor, " n"]:
    """Draw a number from N(0, deviation^2) for each image."""
    return deviation * torch.randn(len(image), device=image.device, dtype=image.dtype)


def below(image: Float[Tensor, " n c h w"], count: int) -> Int64[Tensor, " n"]:
    """Draw a whole number from 0 to `count` - 1 for each image."""
    return torch.randint(count, (len(image),), device=image.device)


def reflected(index: Int64[Tensor, " *any"], side: int) -> Int64[Tensor, " *any"]:
    """Map indices beyond the edges of `side` pixels back into them, as in a mirror that does not repeat the edge."""
    if side == 1:
        return torch.zeros_like(index)
    return (side - 1) - ((index % (2 * side - 2)) - (side - 1)).abs()


def padded(image: Float[Tensor, " n c h w"], margin: int) -> Float[Tensor, " n c H W"]:
    """Reflect `image` by `margin` pixels on each side, which may be more than it has."""
    height, width = image.shape[2:]
    rows, columns = (torch.arange(-margin, side + margin, device=image.device) for side in (height, width))
    return image.index_select(2, reflected(rows, height)).index_select(3, reflected(columns, width))
