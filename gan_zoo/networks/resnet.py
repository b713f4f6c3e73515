"""The residual networks of WGAN-GP (Gulrajani 2017) and SNGAN (Miyato 2018), for images of 32, 48, 64 or 128 pixels.

Blocks are pre-activated: norm, ReLU and convolution, twice, beside a shortcut, which is a 1 x 1 convolution wherever
size or channels change. Generators double the size by nearest neighbours before the first convolution; discriminators
halve it by the mean of 2 x 2 pixels after the second. At 32 pixels every block has `width` channels (SNGAN: 256 in the
generator, 128 in the discriminator; WGAN-GP: 128). At larger sizes `width` (64) is the number next to the image; it
doubles inwards, up to 16 times as many.
"""

import math
from functools import partial
from itertools import pairwise

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_zoo.errors import Mistake
from gan_zoo.layers import ConditionalBatchNorm2d, channels_last
from gan_zoo.networks.pieces import NORMS, Maps, Norm, one_width

Label = Int64[Tensor, " n"] | None

PLANS: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {
    32: ((1, 1, 1, 1), (1, 1, 1, 1)),
    48: ((8, 4, 2, 1), (1, 2, 4, 8, 16)),
    64: ((16, 8, 4, 2, 1), (1, 2, 4, 8, 16)),
    128: ((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16)),
}
"""Channels, in units of width, of the generator from its first map on, and of the discriminator from the image on."""
HALVINGS = {32: 2, 48: 4, 64: 5, 128: 5}
"""Number of the discriminator's first blocks that halve the size; the others keep it."""
GOOD = ((8, 8, 4, 2, 1), (1, 2, 4, 8, 8))
"""Channels of WGAN-GP's networks for 64 pixels, called "Good" in its appendix: at most eight times the width."""


class Block(nn.Module):
    """Norm, activation and convolution, twice, beside a shortcut.

    Args:
        into: Number of input channels.
        out: Number of output channels.
        hidden: Number of channels between the two convolutions.
        resample: "up" doubles the size before the first convolution, "down" halves it after the second, "" keeps it.
        norm: Function from a number of channels to a norm, which is called with the label if it knows classes; None: no
            norm.
        first: Whether this is the discriminator's first block, which has no activation before its first convolution.
        bias: Whether the first convolution has a bias.
    """

    def __init__(
        self, into: int, out: int, hidden: int, resample: str, norm: Norm | None, first: bool = False, bias: bool = True
    ) -> None:
        super().__init__()
        self.resample, self.first = resample, first
        self.norms = nn.ModuleList([norm(into), norm(hidden)] if norm else [])
        self.convolution1 = convolution(into, hidden, gain=math.sqrt(2), bias=bias)
        self.convolution2 = convolution(hidden, out, gain=math.sqrt(2))
        self.shortcut = convolution(into, out, kernel_size=1) if resample or into != out else nn.Identity()

    def forward(self, x: Maps, label: Label = None) -> Float[Tensor, "n d H W"]:
        y = x if self.first else self._activated(x, 0, label)
        y = self.convolution1(interpolate(y, scale_factor=2.0) if self.resample == "up" else y)
        y = self.convolution2(self._activated(y, 1, label))
        if self.resample == "up":
            return y + self.shortcut(interpolate(x, scale_factor=2.0))
        if self.resample == "down":
            return avg_pool2d(y, 2) + self.shortcut(avg_pool2d(x, 2))
        return y + self.shortcut(x)

    def _activated(self, x: Tensor, place: int, label: Label) -> Tensor:
        return normalised(self.norms[place], x, label).relu() if len(self.norms) else x.relu()


class Generator(nn.Module):
    """Latents > start x start > blocks that double > image in [-1, 1].

    Args:
        image_shape: (channels, height, width).
        latent_dim: Length of the latents.
        widths: Numbers of channels, from the first map on.
        num_classes: Number of classes of the blocks' conditional batch norm; 0: plain batch norm.
        bias: Whether each block's first convolution has a bias.
        last_gain: Gain of the last convolution's initial weights: 1 is Glorot's rule, sqrt 2 He's.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        widths: tuple[int, ...],
        num_classes: int,
        bias: bool,
        last_gain: float,
    ) -> None:
        super().__init__()
        start = image_shape[1] // 2 ** (len(widths) - 1)
        norm = partial(ConditionalBatchNorm2d, num_classes) if num_classes else nn.BatchNorm2d
        self.latents = linear(latent_dim, widths[0] * start**2)
        self.unflatten = nn.Unflatten(1, (widths[0], start, start))
        self.blocks = nn.ModuleList(
            Block(into, out, hidden=out, resample="up", norm=norm, bias=bias) for into, out in pairwise(widths)
        )
        last = convolution(widths[-1], image_shape[0], gain=last_gain)
        self.last = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU(), last, nn.Tanh())

    def forward(self, latents: Tensor, label: Label = None) -> Tensor:
        x = self.unflatten(self.latents(latents)).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            x = block(x, label)
        return self.last(x)


class Pooled(nn.Module):
    """ReLU, then the mean or the sum over pixels, which ends a discriminator's features."""

    def __init__(self, mean: bool) -> None:
        super().__init__()
        self.mean = mean

    def forward(self, x: Tensor) -> Tensor:
        return x.relu().mean((2, 3)) if self.mean else x.relu().sum((2, 3))


def generator(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...], num_classes: int = 0
) -> nn.Module:
    """Return SNGAN's generator, which is WGAN-GP's too at 32 pixels. With classes, its batch norm is conditional."""
    base, size = _checked_width(image_shape, width, "resnet", PLANS), image_shape[1]
    widths = tuple(base * times for times in PLANS[size][0])
    return channels_last(Generator(image_shape, latent_dim, widths, num_classes, bias=True, last_gain=1.0))


def features(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str, mean: bool) -> nn.Sequential:
    """Return the discriminator without its score: from images to (n, length).

    Features are the sum, or the mean, of the last maps over pixels.
    """
    base, size = _checked_width(image_shape, width, "resnet", PLANS), image_shape[1]
    channels = [image_shape[0], *(base * times for times in PLANS[size][1])]
    blocks = [
        Block(
            into,
            out,
            hidden=out if place == 0 else into,
            resample="down" if place < HALVINGS[size] else "",
            norm=None if place == 0 else NORMS[norm],
            first=place == 0,
        )
        for place, (into, out) in enumerate(pairwise(channels))
    ]
    return channels_last(nn.Sequential(*blocks, Pooled(mean)))


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return WGAN-GP's discriminator for 32 pixels, with the mean over pixels before the score."""
    body = features(image_shape, width, norm, mean=True)
    return body.append(linear(_length(image_shape, width), 1)).append(nn.Flatten(0))


def classifier(
    image_shape: tuple[int, int, int], outputs: int, width: int | tuple[int, ...], norm: str
) -> nn.Sequential:
    """Return WGAN-GP's discriminator with outputs (n, outputs) in place of its score.

    They are the score and the logits of `outputs` - 1 classes.
    """
    body = features(image_shape, width, norm, mean=True)
    return body.append(score_and_classes(_length(image_shape, width), outputs - 1))


def sum_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return SNGAN's discriminator, with the sum over pixels before the score."""
    body = features(image_shape, width, norm, mean=False)
    return body.append(linear(_length(image_shape, width), 1)).append(nn.Flatten(0))


def summed_features(image_shape: tuple[int, int, int], width: int | tuple[int, ...]) -> tuple[nn.Sequential, int]:
    """Return SNGAN's discriminator without its score, and the number of features."""
    return features(image_shape, width, "none", mean=False), _length(image_shape, width)


def _length(image_shape: tuple[int, int, int], width: int | tuple[int, ...]) -> int:
    return _checked_width(image_shape, width, "resnet", PLANS) * PLANS[image_shape[1]][1][-1]


def good_generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return WGAN-GP's generator for 64 pixels.

    Its program starts the last convolution by He's rule, where the program for 32 pixels uses Glorot's.
    """
    base = _checked_width(image_shape, width, "resnet_good", (64,))
    widths = tuple(base * times for times in GOOD[0])
    return channels_last(Generator(image_shape, latent_dim, widths, 0, bias=False, last_gain=math.sqrt(2)))


def good_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return WGAN-GP's discriminator for 64 pixels: a convolution, four blocks that halve, and a linear score."""
    base = _checked_width(image_shape, width, "resnet_good", (64,))
    widths = [base * times for times in GOOD[1]]
    blocks = [
        Block(into, out, hidden=into, resample="down", norm=NORMS[norm], bias=False) for into, out in pairwise(widths)
    ]
    first, score = convolution(image_shape[0], widths[0]), linear(widths[-1] * 16, 1)
    network = nn.Sequential(first, *blocks, nn.Flatten(), score, nn.Flatten(0))
    return channels_last(network)


def convolution(into: int, out: int, kernel_size: int = 3, gain: float = 1.0, bias: bool = True) -> nn.Conv2d:
    """Return a convolution that keeps the size, with the initial weights of SNGAN's program.

    Weights are Glorot uniform times `gain` (sqrt 2 in residual paths), and biases 0.
    """
    layer = nn.Conv2d(into, out, kernel_size=kernel_size, padding=kernel_size // 2, bias=bias)
    return _initialised(layer, gain)


def linear(into: int, out: int) -> nn.Linear:
    """Return a linear layer with Glorot uniform weights and biases 0."""
    return _initialised(nn.Linear(into, out), 1.0)


def score_and_classes(into: int, classes: int) -> nn.Linear:
    """Return one layer for the score and the logits of the classes, whose weights start as those of two layers.

    WGAN-GP's program has two layers, and Glorot's rule counts each one's outputs: 1 and `classes`.
    """
    layer = linear(into, 1 + classes)
    for rows in layer.weight.split([1, classes]):
        nn.init.xavier_uniform_(rows)
    return layer


def normalised(norm: nn.Module, x: Tensor, label: Label) -> Tensor:
    """Apply `norm` to `x`, with the label if the norm is conditional."""
    return norm(x, label) if isinstance(norm, ConditionalBatchNorm2d) else norm(x)


def _initialised(layer, gain: float):
    nn.init.xavier_uniform_(layer.weight, gain=gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _checked_width(image_shape: tuple[int, int, int], width: int | tuple[int, ...], name: str, sizes) -> int:
    """Return the width, for an image size that the architecture makes.

    Raises:
        Mistake: The image has another size, or the width is a tuple.
    """
    _, height, columns = image_shape
    if height != columns or height not in sizes:
        raise Mistake(
            f"{name} makes square images of {', '.join(map(str, sizes))} pixels; the data's are {height} x {columns}."
        )
    return one_width(name, width)
