"""Fully connected networks: `width` is a tuple with the width of each hidden layer.

A single number stands for four hidden layers of 8 x width (512 for the usual 64). WGAN-GP's grid compares these with a
DCGAN of that width, so one option can pair the two. These are the names that users type, and the programs that they
follow:

    mlp             leaky ReLU in the discriminator; weights start as PyTorch's linear layers do
    mlp_relu        ReLU in the discriminator, as in WGAN's program (Arjovsky 2017) and the course's; weights as in mlp
    mlp_he          WGAN-GP's (Gulrajani 2017, the third of the grid): mlp with the initial weights of that program
"""

import math
from collections.abc import Callable
from itertools import pairwise

from torch import nn

from gan_zoo.networks.pieces import glorot, uniform


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return latent_dim > width[0] > ... > pixels: ReLU between, tanh at the end."""
    widths = (latent_dim, *reversed(_widths(width)))
    return nn.Sequential(
        *hidden(widths, nn.ReLU),
        nn.Linear(widths[-1], math.prod(image_shape)),
        nn.Tanh(),
        nn.Unflatten(1, image_shape),
    )


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return pixels > width[0] > ... > one score: leaky ReLU of slope 0.2 between. `norm` is ignored."""
    return _discriminator(image_shape, width, lambda: nn.LeakyReLU(0.2))


def relu_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return the discriminator with ReLU, as in WGAN's program and the course's."""
    return _discriminator(image_shape, width, nn.ReLU)


def he_generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return the generator with the initial weights of WGAN-GP's program.

    Untrained, its images vary. With PyTorch's initial weights, each layer loses most of the variance of its input.
    """
    return _he(generator(image_shape, latent_dim, width))


def he_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return the leaky discriminator with the initial weights of WGAN-GP's program."""
    return _he(discriminator(image_shape, width, norm))


def _he(network: nn.Module) -> nn.Module:
    """Start `network` as WGAN-GP's program does: He (2015) in the hidden layers, Glorot in the last, biases 0.

    Here "He" counts the inputs only, variance 2 / inputs; in that program's convolutions it counts outputs too.
    """
    *inner, last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    for layer in inner:
        uniform(layer, math.sqrt(2 / layer.in_features))
    glorot(last)
    return network


def _discriminator(image_shape, width, activation) -> nn.Module:
    widths = (math.prod(image_shape), *_widths(width))
    return nn.Sequential(nn.Flatten(), *hidden(widths, activation), nn.Linear(widths[-1], 1), nn.Flatten(0))


def hidden(widths: tuple[int, ...], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Return linear layers from each of `widths` to the next, with an activation after each."""
    return [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), activation())]


def _widths(width: int | tuple[int, ...]) -> tuple[int, ...]:
    return (8 * width,) * 4 if isinstance(width, int) else tuple(width)
