"""Parts that convolutional architectures share: strided layers padded as in TensorFlow, norms, initial weights."""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_zoo.errors import Mistake
from gan_zoo.layers import Network, channels_last, instance_norm, layer_norm

Maps = Float[Tensor, "n c h w"]
Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
Norm = Callable[[int], nn.Module]

NORMS: dict[str, Norm | None] = {"batch": nn.BatchNorm2d, "layer": layer_norm, "none": None}
"""Norms by the names of `networks.pair`. Layer norm is over the channels and pixels of one image."""

PresentNorm = Literal["batch", "instance", "layer"]
PRESENT_NORMS: dict[PresentNorm, Norm] = {
    "batch": partial(nn.BatchNorm2d, track_running_stats=False),
    "instance": instance_norm,
    "layer": layer_norm,
}
"""Norms of networks that make images from images. They use the statistics of the images at hand, in training and
afterwards, and keep no running statistics. Instance norm has no gain and no bias, and the convolutions before it have a
bias, as in the authors' programs (pix2pix, CycleGAN). Layer norm is over all maps of one image together, so that a
value that is constant over a map, such as a colour, is not lost. None of these papers has it. The convolutions before
it have a bias, which sets the scale."""


class Crop(nn.Module):
    """Keep the first `size` rows and columns."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Maps) -> Float[Tensor, "n c {self.size} {self.size}"]:
        return x[..., : self.size, : self.size]


def halved(into: int, out: int, kernel_size: int, size: int, bias: bool = True) -> list[nn.Module]:
    """Return a convolution of stride 2 from maps of `size` pixels to maps of half that size, rounded up.

    Its padding is TensorFlow's SAME: on an even size, one pixel less before the image than after it.
    """
    before, after = _padding(kernel_size, size)
    convolution = nn.Conv2d(into, out, kernel_size=kernel_size, stride=2, bias=bias)
    return [nn.ZeroPad2d((before, after, before, after)), convolution]


def doubled(into: int, out: int, kernel_size: int, size: int, bias: bool = True) -> list[nn.Module]:
    """Return the transpose of `halved`: from maps of half of `size`, rounded up, to maps of `size`.

    An odd size loses the last row and column.
    """
    before, _ = _padding(kernel_size, 2 * size)
    convolution = nn.ConvTranspose2d(into, out, kernel_size=kernel_size, stride=2, padding=before, bias=bias)
    return [convolution, Crop(size)]


def _padding(kernel_size: int, size: int) -> tuple[int, int]:
    """Return how many pixels to pad before and after `size` pixels, for a stride of 2."""
    both = kernel_size - 2 + size % 2
    return both // 2, both - both // 2


def normed(channels: int, norm: Norm | None) -> list[nn.Module]:
    """Return the norm for this number of maps, in a list that is empty without a norm."""
    return [norm(channels)] if norm else []


def uniform(layer: Weighted, deviation: float) -> None:
    """Draw weights uniformly around 0 with this standard deviation, and set biases to 0."""
    bound = deviation * math.sqrt(3)
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def glorot(layer: Weighted, gain: float = 1.0) -> None:
    """Draw weights uniformly with deviation gain * sqrt(2 / (inputs + outputs)), and set biases to 0.

    A gain of sqrt 2 is "He". As in WGAN-GP's program, inputs are those that one output sees, and outputs those that one
    input reaches. With a stride of 2, the outputs are four times fewer; in a transposed convolution, the inputs are.
    """
    if isinstance(layer, nn.Linear):
        fans = layer.in_features + layer.out_features
    else:
        stride = math.prod(layer.stride)
        into, out = layer.in_channels, layer.out_channels
        inputs, outputs = (into / stride, out) if isinstance(layer, nn.ConvTranspose2d) else (into, out / stride)
        fans = math.prod(layer.kernel_size) * (inputs + outputs)
    uniform(layer, gain * math.sqrt(2 / fans))


def gaussian(network: Network, gains: bool = True) -> Network:
    """Draw weights from N(0, 0.02), and set biases to 0: the start of DCGAN's program, pix2pix's and CycleGAN's.

    Args:
        network: Network whose convolutions and linear layers are set, in place.
        gains: Whether batch norm's gains are drawn too, from N(1, 0.02), as in those programs.
    """
    for layer in network.modules():
        if isinstance(layer, Weighted):
            nn.init.normal_(layer.weight, mean=0.0, std=0.02)
        elif gains and isinstance(layer, _BatchNorm):
            nn.init.normal_(layer.weight, mean=1.0, std=0.02)
        if isinstance(layer, Weighted) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return channels_last(network)


def one_width(name: str, width: int | tuple[int, ...], example: int = 64) -> int:
    """Return `width`, for an architecture that takes one number.

    Args:
        name: Name of the architecture, for the message.
        width: Width that the user chose.
        example: Width that the message proposes.

    Raises:
        Mistake: The width is a tuple.
    """
    if not isinstance(width, int):
        raise Mistake(f"{name} takes one width, e.g. width: {example}; got {list(width)}.")
    return width
