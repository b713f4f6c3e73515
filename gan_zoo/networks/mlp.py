"""Fully connected networks: `width` is a tuple with the width of each hidden layer.

A single number stands for the four hidden layers of 8 x width (512 for the usual 64) that WGAN-GP's grid sets against a
DCGAN of that width, so that the one can be paired with the other.
"""

import math
from collections.abc import Callable
from itertools import pairwise

from torch import nn


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """latent_dim > width[0] > ... > pixels; ReLU between, tanh at the end."""
    widths = (latent_dim, *reversed(_widths(width)))
    return nn.Sequential(
        *hidden(widths, nn.ReLU),
        nn.Linear(widths[-1], math.prod(image_shape)),
        nn.Tanh(),
        nn.Unflatten(1, image_shape),
    )


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """pixels > width[0] > ... > one score; leaky ReLU of slope 0.2 between. `norm` has no layer to act on here."""
    return _discriminator(image_shape, width, lambda: nn.LeakyReLU(0.2))


def relu_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """The same with ReLU: WGAN's and the course's."""
    return _discriminator(image_shape, width, nn.ReLU)


def _discriminator(image_shape, width, activation) -> nn.Module:
    widths = (math.prod(image_shape), *_widths(width))
    return nn.Sequential(nn.Flatten(), *hidden(widths, activation), nn.Linear(widths[-1], 1), nn.Flatten(0))


def hidden(widths: tuple[int, ...], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Linear layers from each of `widths` to the next, an activation after each."""
    return [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), activation())]


def _widths(width: int | tuple[int, ...]) -> tuple[int, ...]:
    return (8 * width,) * 4 if isinstance(width, int) else tuple(width)
