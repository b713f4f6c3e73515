"""Layers of StyleGAN: noise on every pixel, and a style for every map."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.layers.norms import GroupNorm, Maps
from gan_zoo.layers.progressive import EqualisedLinear


class NoiseInjection(nn.Module):
    """Add one map of noise to all channels, each with a strength of its own that starts at 0 (Karras 2019).

    Args:
        channels: Number of maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Maps, noise: Float[Tensor, "n 1 h w"]) -> Maps:
        return x + self.strength[:, None, None] * noise.to(x.dtype)


class StyleModulation(nn.Module):
    """AdaIN with the gain and the bias of a style: y_s (x - μ(x)) / σ(x) + y_b (Karras 2019, Eq. 1).

    An affine layer makes (y_s - 1, y_b) from the style, with weights of gain 1 and a bias of 0.

    Args:
        channels: Number of maps.
        style_dim: Length of a style.
    """

    def __init__(self, channels: int, style_dim: int) -> None:
        super().__init__()
        self.norm = GroupNorm(channels, channels, eps=1e-8, affine=False)
        self.affine = EqualisedLinear(style_dim, 2 * channels, gain=1.0)

    def forward(self, x: Maps, style: Float[Tensor, "n style"]) -> Maps:
        gain, bias = self.affine(style)[:, :, None, None].chunk(2, dim=1)
        return self.norm(x) * (gain + 1) + bias
