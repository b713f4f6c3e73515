"""Layers of ProGAN and its successors: an equalised learning rate, pixel norm, and the minibatch's deviation."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from gan_zoo.layers.norms import at_least_float32

GAIN = math.sqrt(2)
"""He's gain (He 2015), for a layer that a rectifier follows."""


class _Equalised(nn.Module):
    """A weight drawn from N(0, 1 / m²) that is multiplied by m gain / sqrt(fan in) whenever it is used.

    So each layer starts at He's scale, and Adam, whose steps do not depend on the scale of a gradient, changes all
    layers at the same relative speed (Karras 2018, section 4.1). The bias starts at `bias` and is multiplied by m.

    Args:
        shape: Shape of the weight, (outputs, ...).
        gain: Gain of the layer.
        rate_multiplier: m, what multiplies the learning rate of this layer.
        bias: The bias at the start; None: the layer has none.
    """

    def __init__(self, *shape: int, gain: float, rate_multiplier: float, bias: float | None) -> None:
        super().__init__()
        self.scale = gain / math.sqrt(math.prod(shape[1:])) * rate_multiplier
        self.rate_multiplier = rate_multiplier
        self.weight = nn.Parameter(torch.randn(shape) / rate_multiplier)
        self.bias = None if bias is None else nn.Parameter(torch.full(shape[:1], bias / rate_multiplier))

    def scaled(self) -> tuple[Tensor, Tensor | None]:
        """Return weight and bias as they are used."""
        return self.weight * self.scale, None if self.bias is None else self.bias * self.rate_multiplier


class EqualisedLinear(_Equalised):
    """A fully connected layer with an equalised learning rate.

    Args:
        inputs: Length of the input.
        outputs: Length of the output.
        gain: Gain of the layer; 1 for an output that no rectifier follows.
        rate_multiplier: What multiplies the learning rate of this layer (StyleGAN's mapping network: 0.01).
        bias: The bias at the start; None: the layer has none.
    """

    def __init__(
        self, inputs: int, outputs: int, gain: float = GAIN, rate_multiplier: float = 1.0, bias: float | None = 0.0
    ) -> None:
        super().__init__(outputs, inputs, gain=gain, rate_multiplier=rate_multiplier, bias=bias)

    def forward(self, x: Float[Tensor, "*n inputs"]) -> Float[Tensor, "*n outputs"]:
        return linear(x, *self.scaled())


class EqualisedConv2d(_Equalised):
    """A convolution of stride 1 with an equalised learning rate, padded with zeros to keep the size.

    Args:
        inputs: Number of maps of the input.
        outputs: Number of maps of the output.
        kernel_size: Side of the kernel, an odd number.
        gain: Gain of the layer; 1 for an output that no rectifier follows.
        bias: The bias at the start; None: the layer has none.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel_size: int, gain: float = GAIN, bias: float | None = 0.0
    ) -> None:
        super().__init__(outputs, inputs, kernel_size, kernel_size, gain=gain, rate_multiplier=1.0, bias=bias)
        self.padding = kernel_size // 2

    def forward(self, x: Float[Tensor, "n inputs h w"]) -> Float[Tensor, "n outputs h w"]:
        return conv2d(x, *self.scaled(), padding=self.padding)


class PixelNorm(nn.Module):
    """Divide the channels of each pixel, or a latent, by their root mean square (Karras 2018, section 4.2)."""

    def forward(self, x: Float[Tensor, "n c *size"]) -> Float[Tensor, "n c *size"]:
        square = at_least_float32(x).square().mean(dim=1, keepdim=True)
        return x * torch.rsqrt(square + 1e-8).to(x.dtype)


def minibatch_deviation(x: Float[Tensor, "n c h w"], group: int) -> Float[Tensor, "n c+1 h w"]:
    """Append a map that tells how much the images of a group differ (Karras 2018, section 3).

    The deviation of every feature over a group is averaged to one number, which all pixels of the map have. 1e-8 is
    added to the variance, so the map is 1e-4 where all images are equal.

    Args:
        x: Maps, (n, c, h, w).
        group: Images of a group; the largest divisor of n that is not above it is taken.

    Returns:
        (n, c + 1, h, w). Image i is in the group of the images i + k n / group, as in the authors' program.
    """
    n, c, h, w = x.shape
    size = next(size for size in range(min(group, n), 0, -1) if n % size == 0)
    groups = at_least_float32(x).reshape(size, n // size, c, h, w)
    deviation = (groups.var(dim=0, correction=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    added = deviation.repeat(size)[:, None, None, None].expand(n, 1, h, w)
    return torch.cat([x, added.to(x.dtype)], dim=1)
