"""Filters of images: up and down by a factor, with or without a low-pass filter. They are differentiable twice."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from gan_zoo.layers.norms import Maps

Kernel = Float[Tensor, " taps"]


def binomial(*taps: int) -> Kernel:
    """Return the separable kernel with these taps, scaled to the sum 1: `binomial(1, 2, 1)` is StyleGAN's blur."""
    kernel = torch.tensor(taps, dtype=torch.float32)
    return kernel / kernel.sum()


def filtered(
    x: Maps, kernel: Kernel, up: int = 1, down: int = 1, before: int = 0, after: int = 0, gain: float = 1.0
) -> Float[Tensor, "n c new_h new_w"]:
    """Resample maps through a separable filter of finite length (Karras 2020).

    In each of both directions, `up` - 1 zeros follow each pixel; zeros are padded; the kernel is convolved with it;
    every `down`-th value is kept. The steps are those of scipy.signal.upfirdn, with the padding chosen.

    Args:
        x: Maps, (n, c, h, w).
        kernel: Taps of the filter, the same in both directions.
        up: Factor of the enlargement before the filter.
        down: Factor of the reduction after it.
        before: Zeros before the first pixel, in the enlarged image; a negative number cuts pixels off.
        after: Zeros after the last.
        gain: What the result is multiplied by; up² keeps the brightness of an enlarged image.
    """
    n, c, h, w = x.shape
    if up > 1:
        spread = x.new_zeros(n, c, h, up, w, up)
        spread[:, :, :, 0, :, 0] = x
        x = spread.reshape(n, c, h * up, w * up)
    x = pad(x, (before, after, before, after))
    taps = (kernel.flip(0) * gain**0.5).to(x)
    for shape in ((1, 1, -1, 1), (1, 1, 1, -1)):
        x = conv2d(x, taps.view(shape).expand(c, *[-1] * 3), groups=c)
    return x[:, :, ::down, ::down]


def blurred(x: Maps, kernel: Kernel) -> Maps:
    """Return `x` convolved with a kernel of odd length, in its own size, with zeros beyond the border."""
    reach = len(kernel) // 2
    return filtered(x, kernel, before=reach, after=reach)


def doubled(x: Maps) -> Float[Tensor, "n c 2*h 2*w"]:
    """Return maps of twice the size, in which each pixel is a square of four."""
    return interpolate(x, scale_factor=2.0, mode="nearest")


def halved(x: Maps) -> Float[Tensor, "n c h//2 w//2"]:
    """Return maps of half the size, in which each pixel is the mean of four."""
    return avg_pool2d(x, 2)
