"""Layers and statistics that two or more models share."""

from typing import TypeVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils import parametrizations

Maps = Float[Tensor, "n c h w"]
Network = TypeVar("Network", bound=nn.Module)
Statistic = Float[Tensor, "n c 1 1"]


def channels_last(network: Network) -> Network:
    """Store the weights of `network` channels-last, as `images.prepare` does images, and return it. It runs faster."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def at_least_float32(values: Tensor) -> Tensor:
    """Return `values` as float32 if their type is less precise, else unchanged.

    Sums, means, exponentials and differences of bfloat16 values are wrong in the third digit. A loss therefore passes
    the outputs of a network through this function first, whatever the precision of the network.
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def channel_moments(features: Maps, eps: float = 1e-5) -> tuple[Statistic, Statistic]:
    """Return the mean and standard deviation of each channel of each image over its pixels (Huang 2017, Eq. 5 and 6).

    Args:
        features: Feature maps, (n, c, h, w).
        eps: Added to the variance, so that a constant channel has a gradient.
    """
    variance, mean = torch.var_mean(at_least_float32(features), dim=(2, 3), correction=0, keepdim=True)
    return mean, (variance + eps).sqrt()


def adaptive_instance_norm(
    content: Maps,
    mean: Float[Tensor, "#n c 1 1"],
    deviation: Float[Tensor, "#n c 1 1"],
    own: tuple[Statistic, Statistic] | None = None,
) -> Maps:
    """Return AdaIN, σ(y) (x - μ(x)) / σ(x) + μ(y) per image and channel (Huang 2017, Eq. 8).

    Args:
        content: x, the features to normalise, (n, c, h, w).
        mean: μ(y), the mean of each channel of the result, (n, c, 1, 1).
        deviation: σ(y), the standard deviation of each channel of the result, (n, c, 1, 1).
        own: μ(x) and σ(x), if `content` is only a part of x; None computes them from `content`.
    """
    own_mean, own_deviation = own or channel_moments(content)
    return (content - own_mean) / own_deviation * deviation + mean


class GroupNorm(nn.GroupNorm):
    """Group norm that is computed in contiguous memory and returned in the layout of its input."""

    # On a CPU, torch 2.14.1 computes the variance of channels-last maps as E[x²] - E[x]²: maps with mean 1 and standard
    # deviation 0.01 come out wrong by 0.02. With contiguous maps the result is right. They are as fast in float32, and
    # 4 to 8 times faster in bfloat16.
    def forward(self, x: Maps) -> Maps:
        layout = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        return super().forward(x.contiguous()).contiguous(memory_format=layout)


def instance_norm(channels: int, affine: bool = False) -> GroupNorm:
    """Return the layer that normalises each map of each image over its own pixels (Ulyanov 2016).

    Args:
        channels: Number of maps.
        affine: Whether each map has a gain and a bias, under the names that `nn.InstanceNorm2d` gives them.
    """
    # On a CPU, nn.InstanceNorm2d reads a channels-last incoming gradient in the wrong order at batch 1 (torch 2.14.1):
    # its forward pass is right, its gradient is wrong. A group norm with one group per map is the same function with
    # the right gradient.
    return GroupNorm(channels, channels, affine=affine)


def layer_norm(channels: int) -> GroupNorm:
    """Return the layer that normalises all maps of an image together, with a gain and a bias for each map (Ba 2016)."""
    return GroupNorm(1, channels)


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm with a gain and a bias for each class, which start at 1 and 0 (Dumoulin 2017; Miyato 2018).

    Args:
        num_classes: Number of classes.
        channels: Channels of the maps.
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

    In training mode, each forward pass updates the estimate by one power iteration (Miyato 2018, Algorithm 1). Weights
    are taken as matrices (outputs, all else). The vector of the iteration is a buffer; eval mode leaves it unchanged.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            parametrizations.spectral_norm(layer, n_power_iterations=1, eps=1e-12)
    return network
