"""Layers that two or more models share, with their statistics."""

from typing import TypeVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils import parametrizations

Maps = Float[Tensor, "n c h w"]
Network = TypeVar("Network", bound=nn.Module)
Statistic = Float[Tensor, "n c 1 1"]


def channels_last(network: Network) -> Network:
    """`network` itself, with weights laid out pixel by pixel, as `images.prepare` does images: it is faster so."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def at_least_float32(values: Tensor) -> Tensor:
    """Return `values` as float32 where they are less precise, else as they are.

    Sums, means, exponentials and differences of bfloat16 values are wrong in the third digit. A loss takes a network's
    outputs through this function first, whatever precision the network ran in.
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def channel_moments(features: Maps, eps: float = 1e-5) -> tuple[Statistic, Statistic]:
    """Mean and standard deviation of each channel of each image over its pixels (Huang 2017, Eq. 5 and 6).

    Args:
        features: (n, c, h, w).
        eps: added to the variance, so that a flat channel has a gradient.
    """
    variance, mean = torch.var_mean(at_least_float32(features), dim=(2, 3), correction=0, keepdim=True)
    return mean, (variance + eps).sqrt()


def adaptive_instance_norm(
    content: Maps,
    mean: Float[Tensor, "#n c 1 1"],
    deviation: Float[Tensor, "#n c 1 1"],
    own: tuple[Statistic, Statistic] | None = None,
) -> Maps:
    """AdaIN: σ(y) (x - μ(x)) / σ(x) + μ(y), per image and channel (Huang 2017, Eq. 8).

    Args:
        content: x, (n, c, h, w).
        mean: μ(y), which every channel of the result has; (n, c, 1, 1).
        deviation: σ(y), likewise.
        own: μ(x) and σ(x), where `content` is a part of x; None: they are taken of `content`.
    """
    own_mean, own_deviation = own or channel_moments(content)
    return (content - own_mean) / own_deviation * deviation + mean


class GroupNorm(nn.GroupNorm):
    """Group norm that is computed in contiguous memory, and returned in the layout of its input.

    On a CPU torch 2.14.1 computes the variance of channels-last maps as E[x²] - E[x]²: maps of mean 1 and deviation
    0.01 come out wrong by 0.02. Contiguous maps are right, as fast in float32, and 4 to 8 times faster in bfloat16.
    """

    def forward(self, x: Maps) -> Maps:
        layout = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        return super().forward(x.contiguous()).contiguous(memory_format=layout)


def instance_norm(channels: int, affine: bool = False) -> GroupNorm:
    """Return the layer that normalises each map of each image over its own pixels (Ulyanov 2016).

    Args:
        channels: Number of maps.
        affine: Whether each map has a gain and a bias, under the names that `nn.InstanceNorm2d` gives them.
    """
    # nn.InstanceNorm2d on a CPU reads a channels-last incoming gradient in the wrong order at batch 1 (torch 2.14.1):
    # its forward pass is right, its gradient is not. One group a map is the same function with the right gradient.
    return GroupNorm(channels, channels, affine=affine)


def layer_norm(channels: int) -> GroupNorm:
    """Return the layer that normalises all maps of an image together, with a gain and a bias for each map (Ba 2016)."""
    return GroupNorm(1, channels)


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias are each class's own; they start at 1 and 0 (Dumoulin 2017; Miyato 2018).

    Args:
        num_classes: rows of gains and of biases.
        channels: of the maps.
    """

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Parameter(torch.ones(num_classes, channels))
        self.bias = nn.Parameter(torch.zeros(num_classes, channels))

    def forward(self, x: Maps, label: Int64[Tensor, " n"]) -> Maps:
        return self.norm(x) * self.gain[label][:, :, None, None] + self.bias[label][:, :, None, None]


def spectrally_normalised(network: Network) -> Network:
    """Divide the weight of each convolution, linear layer and embedding of `network` by its largest singular value.

    One power iteration a forward pass in training keeps up the estimate (Miyato 2018, Algorithm 1). Weights are seen as
    (outputs, all else). The vector of the iteration is a buffer; eval mode leaves it alone.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            parametrizations.spectral_norm(layer, n_power_iterations=1, eps=1e-12)
    return network
