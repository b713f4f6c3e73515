"""Bounds on the slope of a discriminator, by penalties on its gradient and weight clipping, and of a generator.

A penalty takes the scores of some images and these images, and differentiates the one by the other. So R1 and R2 use
the forward pass that the loss needs anyway:

    with penalties.full_precision(real.device):
        real = real.detach().requires_grad_()
        scores = self.discriminator(real)
        r1 = self.gamma / 2 * penalties.zero_centred(scores, real)

Scores under a penalty are computed in float32 whatever the run's precision, since bfloat16 rounds the square of a
gradient too much.
"""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.layers import at_least_float32

Discriminator = Callable[[Tensor], Tensor]


def zero_centred(scores: Float[Tensor, " n *scores"], images: Float[Tensor, " n *image"]) -> Float[Tensor, ""]:
    """Return E[||grad D(x)||^2]: R1 for real images, R2 for generated ones (Mescheder 2018, Eq. 9 and 10).

    The papers weight it with γ / 2. `images` must require gradients before `scores` are computed from them.
    """
    return image_gradients(scores, images).square().sum(1).mean()


def one_centred(scores: Float[Tensor, " n *scores"], images: Float[Tensor, " n *image"]) -> Float[Tensor, ""]:
    """Return E[(||grad D(x)|| - 1)^2], where the norm is taken over all of an image (WGAN-GP, Eq. 3).

    The derivative of the norm at a zero gradient is zero, so no epsilon is needed.
    """
    return (image_gradients(scores, images).norm(dim=1) - 1).square().mean()


def image_gradients(
    scores: Float[Tensor, " n *scores"], images: Float[Tensor, " n *image"]
) -> Float[Tensor, "n values"]:
    """Return the gradient of each image's score with respect to its pixels, which can be differentiated again."""
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return at_least_float32(gradient.flatten(1))


def gradient_penalty(
    discriminator: Discriminator, real: Float[Tensor, " n *image"], fake: Float[Tensor, " n *image"]
) -> Float[Tensor, ""]:
    """Return `one_centred` for images drawn uniformly on the lines from `real` to `fake` (WGAN-GP, Algorithm 1).

    These images are for the penalty alone, so the discriminator sees them in float32 under any autocast.
    """
    with full_precision(real.device):
        x = torch.lerp(real, fake.to(real.dtype), interpolation_weights(real)).detach().requires_grad_()
        return one_centred(discriminator(x), x)


def full_precision(device: torch.device) -> torch.autocast:
    """Return a context in which networks run in float32 whatever the run's precision."""
    return torch.autocast(device.type, enabled=False)


def path_lengths(images: Float[Tensor, "n c h w"], styles: Float[Tensor, "n layers style"]) -> Float[Tensor, " n"]:
    """Return how far each image moves with its styles: ||J_w^T y|| for random images y (Karras 2020, Eq. 4).

    The values of y are N(0, 1 / (h w)), so that the length does not depend on the resolution, and the norm is the root
    of the mean over layers of the sum over a style. `images` must be computed from `styles`.
    """
    y = torch.randn_like(images) / (images.shape[2] * images.shape[3]) ** 0.5
    (gradient,) = torch.autograd.grad((images * y).sum(), styles, create_graph=True)
    return at_least_float32(gradient).flatten(1).norm(dim=1) / styles.shape[1] ** 0.5


def path_length(lengths: Float[Tensor, " n"], mean: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """Return E[(||J_w^T y|| - a)^2] for `path_lengths` and a, their long-running mean (Karras 2020, Eq. 4)."""
    return (lengths - mean.detach()).square().mean()


def drift(scores: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return E[D(x)^2] of real images, which keeps a critic's scores near 0 (Karras 2018, appendix A.1)."""
    return at_least_float32(scores).square().mean()


def interpolation_weights(real: Float[Tensor, " n *image"]) -> Float[Tensor, " n *one"]:
    """Draw the epsilon ~ U[0, 1] of WGAN-GP's Algorithm 1: one for each image, shared by its pixels."""
    return torch.rand(len(real), *[1] * (real.ndim - 1), dtype=real.dtype, device=real.device)


@torch.no_grad()
def weight_clipping(parameters: Iterable[Tensor], bound: float) -> None:
    """Clamp each value of `parameters` to [-bound, bound], in place (WGAN, Algorithm 1)."""
    for parameter in parameters:
        parameter.clamp_(-bound, bound)
