"""The exponential moving average of the generator's weights, which is sampled and scored in place of the last ones."""

import copy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def decay(*, half_life: int, images: int, shown: int, ramp_up: float = 0.05) -> float:
    """Return the weight that the old average keeps in one update.

    Args:
        half_life: Number of images after which an old weight counts half (Karras 2018 to 2020: 10,000).
        images: Images shown since the last update, summed over devices.
        shown: Images shown since the start.
        ramp_up: The half-life is at most this share of `shown`, so that the untrained start is soon forgotten (Karras
            2020, ADA: 0.05).
    """
    return 0.5 ** (images / min(half_life, ramp_up * shown))


def start(network: Network) -> Network:
    """Return a copy of `network` that has its own tensors and takes no gradient."""
    return copy.deepcopy(network).requires_grad_(False)


@torch.no_grad()
def update(averaged: nn.Module, network: nn.Module, weight: float) -> None:
    """Set every parameter of `averaged` to `weight` times itself plus (1 - weight) times that of `network`.

    Buffers are copied, not averaged: batch norm's running statistics are averages already, and counters are integers.
    """
    torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]: what torch.optim.swa_utils uses
        list(averaged.parameters()), list(network.parameters()), 1 - weight
    )
    for mine, theirs in zip(averaged.buffers(), network.buffers(), strict=True):
        mine.copy_(theirs)
