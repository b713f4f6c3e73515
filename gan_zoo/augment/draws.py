"""Which images take a transform, the pixels beyond an image's edge, and matrices that act on its axes."""

from functools import cache

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


@cache
def mirror(side: int, margin: int) -> Float[Tensor, "{side+2*margin} {side}"]:
    """Return the matrix that reflects `side` pixels of an axis by `margin` at each end, which may be more than side."""
    return torch.eye(side, dtype=torch.float64)[reflected(torch.arange(-margin, side + margin), side)]


def on_both_axes(
    matrix: Float[Tensor, " *n new old"], image: Float[Tensor, " n c old old"]
) -> Float[Tensor, " n c new new"]:
    """Multiply the columns and the rows of `image` by `matrix`."""
    return matrix @ image @ matrix.mT
