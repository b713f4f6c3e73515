"""The fully connected networks of the original GAN (Goodfellow 2014) for digits, with a discriminator of maxout units.

`width` is the number of linear functions in each hidden layer, the same in both networks: (1200, 1200). The generator
applies a ReLU to each. The discriminator takes the greatest of every five, so it has 240 units in each layer. Only the
discriminator has dropout.
"""

import math
from collections.abc import Iterable
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.networks import mlp

PIECES = 5
"""Number of linear functions in each unit of the discriminator."""
DROPPED = (0.2, 0.5)
"""Shares of the image, and of each hidden layer, that dropout sets to 0. The rest is divided by the share kept."""


class Maxout(nn.Module):
    """Units that are each the greatest of several linear functions (Goodfellow 2013, arXiv 1302.4389).

    Args:
        into: Number of inputs.
        units: Number of units, which are the outputs.
        pieces: Number of linear functions of each unit.
    """

    def __init__(self, into: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(into, units * pieces)
        self.unflatten = nn.Unflatten(1, (units, pieces))

    def forward(self, x: Float[Tensor, "n into"]) -> Float[Tensor, "n units"]:
        return self.unflatten(self.linear(x)).amax(2)


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return latent_dim > width ... > pixels: ReLU between, tanh at the end, initial weights within 0.05 of 0."""
    return initialised(mlp.generator(image_shape, latent_dim, _units(width, 1)), 0.05)


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return pixels > maxout ... > one score, with initial weights within 0.005 of 0. `norm` is ignored."""
    widths = (math.prod(image_shape), *_units(width, PIECES))
    hidden = [Maxout(into, units, PIECES) for into, units in pairwise(widths)]
    network = nn.Sequential(nn.Flatten(), *dropped(hidden), nn.Linear(widths[-1], 1), nn.Flatten(0))
    return initialised(network, 0.005)


def dropped(hidden: Iterable[nn.Module]) -> list[nn.Module]:
    """Return the `hidden` layers with dropout before each one and after the last."""
    image, units = DROPPED
    return [nn.Dropout(image), *(module for layer in hidden for module in (layer, nn.Dropout(units)))]


def initialised(network: nn.Module, bound: float) -> nn.Module:
    """Draw weights uniformly within `bound` of 0, and set biases to 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.zeros_(layer.bias)
    return network


def _units(width: int | tuple[int, ...], pieces: int) -> tuple[int, ...]:
    if isinstance(width, int) or any(count % PIECES for count in width):
        value = width if isinstance(width, int) else list(width)
        raise Mistake(f"maxout takes widths that are multiples of {PIECES}, e.g. width: [1200, 1200]; got {value}.")
    return tuple(count // pieces for count in width)
