"""What several convolutional architectures are made of: strided layers padded as TensorFlow does, norms, weights."""

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
"""By the names of `networks.pair`: layer norm is over channels and pixels of one image."""

PresentNorm = Literal["batch", "instance", "layer"]
PRESENT_NORMS: dict[PresentNorm, Norm] = {
    "batch": partial(nn.BatchNorm2d, track_running_stats=False),
    "instance": instance_norm,
    "layer": layer_norm,
}
"""Of networks that make images of images: by the images at hand, in training and afterwards, with no running
statistics. Instance norm has no gain and no bias, and convolutions before it do have one, as in the authors' programs
(pix2pix, CycleGAN). Layer norm is over all maps of one image together, so that what is the same all over a map, a
colour say, is not lost; it is in none of these papers, and convolutions before it have a bias, which sets the scale."""


class Crop(nn.Module):
    """The first `size` rows and columns."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Maps) -> Float[Tensor, "n c {self.size} {self.size}"]:
        return x[..., : self.size, : self.size]


def halved(into: int, out: int, kernel_size: int, size: int, bias: bool = True) -> list[nn.Module]:
    """A convolution of stride 2 from maps of `size` pixels to half, rounded up, with TensorFlow's SAME padding.

    On an even size, that is one pixel fewer before the image than after it.
    """
    before, after = _padding(kernel_size, size)
    convolution = nn.Conv2d(into, out, kernel_size=kernel_size, stride=2, bias=bias)
    return [nn.ZeroPad2d((before, after, before, after)), convolution]


def doubled(into: int, out: int, kernel_size: int, size: int, bias: bool = True) -> list[nn.Module]:
    """The transpose of `halved`, from maps of half of `size`, rounded up; an odd size lacks the last row and column."""
    before, _ = _padding(kernel_size, 2 * size)
    convolution = nn.ConvTranspose2d(into, out, kernel_size=kernel_size, stride=2, padding=before, bias=bias)
    return [convolution, Crop(size)]


def _padding(kernel_size: int, size: int) -> tuple[int, int]:
    """Pixels before and after `size` of them, for a stride of 2."""
    both = kernel_size - 2 + size % 2
    return both // 2, both - both // 2


def normed(channels: int, norm: Norm | None) -> list[nn.Module]:
    """The norm of so many maps, or nothing."""
    return [norm(channels)] if norm else []


def uniform(layer: Weighted, deviation: float) -> None:
    """Weights uniform around 0 with this standard deviation, biases 0."""
    bound = deviation * math.sqrt(3)
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def glorot(layer: Weighted, gain: float = 1.0) -> None:
    """Weights uniform with deviation gain * sqrt(2 / (inputs + outputs)), biases 0; "He" is a gain of sqrt 2.

    As WGAN-GP's program counts them: inputs that one output sees, and outputs that one input
    reaches, which a stride of 2 makes four times fewer; in a transposed convolution it is the other way about.
    """
    if isinstance(layer, nn.Linear):
        fans = layer.in_features + layer.out_features
    else:
        stride = math.prod(layer.stride)
        into, out = layer.in_channels, layer.out_channels
        seen, reached = (into / stride, out) if isinstance(layer, nn.ConvTranspose2d) else (into, out / stride)
        fans = math.prod(layer.kernel_size) * (seen + reached)
    uniform(layer, gain * math.sqrt(2 / fans))


def gaussian(network: Network) -> Network:
    """Weights N(0, 0.02), gains of batch norm N(1, 0.02), biases 0: DCGAN's program's, pix2pix's, CycleGAN's."""
    for layer in network.modules():
        if isinstance(layer, Weighted):
            nn.init.normal_(layer.weight, mean=0.0, std=0.02)
        elif isinstance(layer, _BatchNorm):
            nn.init.normal_(layer.weight, mean=1.0, std=0.02)
        if isinstance(layer, Weighted) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return channels_last(network)


def one_width(name: str, width: int | tuple[int, ...]) -> int:
    """The width of an architecture that takes one number.

    Raises:
        Mistake: a tuple.
    """
    if not isinstance(width, int):
        raise Mistake(f"{name} takes one width, e.g. width: 64; got {list(width)}.")
    return width
