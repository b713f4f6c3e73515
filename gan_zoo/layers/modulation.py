"""Layers of StyleGAN2: convolutions whose weights a style scales, and a low-pass filter where the size changes.

A style of each image scales the input channels of a weight, w' = s w, and demodulation divides each output channel by
the norm of its w' (Karras 2020, Eq. 1 and 3). The same result has two forms. `modulated_grouped` makes a weight for
each image, and convolves all images as groups of one. `modulated`, which the networks use, scales the input and the
output of an ordinary convolution instead: no image needs weights of its own, and it is faster on CPUs.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu

from gan_zoo.layers.norms import Maps, at_least_float32
from gan_zoo.layers.progressive import EqualisedConv2d, EqualisedLinear
from gan_zoo.layers.resampling import Kernel, binomial, filtered

Weight = Float[Tensor, "outputs inputs k k"]
Style = Float[Tensor, "n inputs"]
Convolved = Float[Tensor, "n outputs new_h new_w"]


def rectified(x: Tensor) -> Tensor:
    """Return the leaky rectifier of slope 0.2 times sqrt(2), which keeps the size of a signal."""
    return leaky_relu(x, 0.2) * math.sqrt(2)


class Rectifier(nn.Module):
    """`rectified` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return rectified(x)


def convolved_up(x: Maps, weight: Weight, kernel: Kernel, groups: int = 1) -> Convolved:
    """Double the size of maps: zeros follow each pixel, then come the weight and a low-pass filter of four taps.

    A point of the input becomes the weight as it is, filtered.

    Args:
        x: Maps, (n, inputs, h, w).
        weight: Kernels of odd size.
        kernel: The filter, [1, 3, 3, 1] / 8 in the paper.
        groups: Number of groups of channels that are convolved apart.
    """
    margin = 2 - weight.shape[-1] // 2
    transposed = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
    whole = conv_transpose2d(x, transposed, stride=2, groups=groups)
    return filtered(whole, kernel, before=margin, after=margin, gain=4.0)


def convolved_down(x: Maps, weight: Weight, kernel: Kernel, bias: Float[Tensor, " outputs"] | None = None) -> Convolved:
    """Halve the size of maps: a low-pass filter of four taps, and then the weight at every second pixel.

    The other arguments are those of `convolved_up`.
    """
    margin = 1 + weight.shape[-1] // 2
    if weight.shape[-1] == 1:  # the filter need not make the pixels that are not kept
        return conv2d(filtered(x, kernel, down=2, before=margin, after=margin), weight, bias)
    return conv2d(filtered(x, kernel, before=margin, after=margin), weight, bias, stride=2)


def demodulation(weight: Weight, style: Style) -> Float[Tensor, "n outputs"]:
    """Return one over the norm of each output channel's weights, once `style` has scaled them (Eq. 3).

    It is computed in float32 under any autocast.
    """
    with torch.autocast(weight.device.type, enabled=False):
        square = at_least_float32(style).square() @ at_least_float32(weight).square().sum((2, 3)).T
        return torch.rsqrt(square + 1e-8)


def modulated(
    x: Maps, weight: Weight, style: Style, demodulate: bool = True, kernel: Kernel | None = None
) -> Convolved:
    """Convolve each image with its modulated weight, by scaling the input and the output of one convolution.

    Args:
        x: Maps, (n, inputs, h, w).
        weight: The weight that all images share, of odd size.
        style: Factor of each input channel, for each image.
        demodulate: Whether each output channel is divided by the norm of its weights.
        kernel: Filter of `convolved_up`, which doubles the size; None: the size stays.
    """
    x = x * style[:, :, None, None].to(x.dtype)
    y = conv2d(x, weight, padding=weight.shape[-1] // 2) if kernel is None else convolved_up(x, weight, kernel)
    return y * demodulation(weight, style)[:, :, None, None].to(y.dtype) if demodulate else y


def modulated_grouped(
    x: Maps, weight: Weight, style: Style, demodulate: bool = True, kernel: Kernel | None = None
) -> Convolved:
    """Convolve each image with its modulated weight, which is made for it. The arguments are those of `modulated`."""
    n = len(x)
    weights = weight * style[:, None, :, None, None]
    if demodulate:
        weights = weights * demodulation(weight, style)[:, :, None, None, None]
    one, weights = x.flatten(0, 1)[None], weights.flatten(0, 1)
    if kernel is None:
        y = conv2d(one, weights, padding=weight.shape[-1] // 2, groups=n)
    else:
        y = convolved_up(one, weights, kernel, groups=n)
    return y[0].unflatten(0, (n, -1))


class ModulatedConv2d(nn.Module):
    """A convolution with an equalised learning rate whose weight a style modulates.

    An affine layer with a bias of 1 makes the factors of the input channels from the style.

    Args:
        inputs: Number of maps of the input.
        outputs: Number of maps of the output.
        kernel_size: Side of the kernel, an odd number.
        style_dim: Length of a style.
        demodulate: Whether each output channel is divided by the norm of its weights.
        doubles: Whether the layer doubles the size of its maps, through the filter [1, 3, 3, 1].
    """

    kernel: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        style_dim: int,
        demodulate: bool = True,
        doubles: bool = False,
    ) -> None:
        super().__init__()
        self.convolution = EqualisedConv2d(inputs, outputs, kernel_size, gain=1.0, bias=None)
        self.affine = EqualisedLinear(style_dim, inputs, gain=1.0, bias=1.0)
        self.demodulate = demodulate
        self.register_buffer("kernel", binomial(1, 3, 3, 1) if doubles else None, persistent=False)

    def forward(self, x: Maps, style: Float[Tensor, "n style"]) -> Convolved:
        weight, _ = self.convolution.scaled()
        return modulated(x, weight, self.affine(style), self.demodulate, self.kernel)


class HalvingConv2d(EqualisedConv2d):
    """A convolution with an equalised learning rate that halves the size of its maps, after the filter [1, 3, 3, 1].

    Args:
        inputs: Number of maps of the input.
        outputs: Number of maps of the output.
        kernel_size: Side of the kernel, an odd number.
        bias: The bias at the start; None: the layer has none.
    """

    kernel: Tensor

    def __init__(self, inputs: int, outputs: int, kernel_size: int, bias: float | None = 0.0) -> None:
        super().__init__(inputs, outputs, kernel_size, gain=1.0, bias=bias)
        self.register_buffer("kernel", binomial(1, 3, 3, 1), persistent=False)

    def forward(self, x: Maps) -> Convolved:
        weight, bias = self.scaled()
        return convolved_down(x, weight, self.kernel, bias)
