"""Bounds on the slope of a discriminator: penalties on its gradient, and weight clipping.

A penalty differentiates the discriminator and returns a scalar. It runs in float32 whatever the run's precision, since
bfloat16 rounds the square of a gradient's norm too much.
"""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor

Discriminator = Callable[[Tensor], Tensor]


def gradient_penalty(
    discriminator: Discriminator, real: Float[Tensor, " n *image"], fake: Float[Tensor, " n *image"]
) -> Float[Tensor, ""]:
    """Return E[(||grad D(x)|| - 1)^2], with x drawn uniformly on the lines from real to fake (WGAN-GP, Eq. 3).

    The norm is taken over all of an image. Its gradient at a zero gradient is zero, so no epsilon is needed.
    """
    with torch.autocast(real.device.type, enabled=False):
        x = torch.lerp(real, fake.to(real.dtype), interpolation_weights(real)).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def interpolation_weights(real: Float[Tensor, " n *image"]) -> Float[Tensor, " n *one"]:
    """Draw the epsilon ~ U[0, 1] of WGAN-GP's Algorithm 1: one for each image, shared by its pixels."""
    return torch.rand(len(real), *[1] * (real.ndim - 1), dtype=real.dtype, device=real.device)


@torch.no_grad()
def weight_clipping(parameters: Iterable[Tensor], bound: float) -> None:
    """Clamp each value of `parameters` to [-bound, bound], in place (WGAN, Algorithm 1)."""
    for parameter in parameters:
        parameter.clamp_(-bound, bound)
