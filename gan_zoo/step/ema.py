"""The generator's moving average: smoother weights than any single step's, for sampling and scoring."""

import copy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def decay(*, half_life: int, images: int, shown: int, ramp_up: float = 0.05) -> float:
    """Weight of the old average when `images` images have been shown since the last update.

    Args:
        half_life: images after which an old weight counts half (Karras 2018 to 2020: 10,000).
        images: images shown since the last update, summed over devices.
        shown: images shown since the start.
        ramp_up: the half-life is at most this share of `shown`, so that the untrained start is soon
            forgotten (Karras 2020, ADA: 0.05).
    """
    return 0.5 ** (images / min(half_life, ramp_up * shown))


def start(network: Network) -> Network:
    """A copy of `network` with its own tensors, which no optimizer and no gradient touches."""
    return copy.deepcopy(network).requires_grad_(False)


@torch.no_grad()
def update(averaged: nn.Module, network: nn.Module, weight: float) -> None:
    """Move every parameter of `averaged` to `weight` x itself + (1 - weight) x `network`'s; copy the buffers.

    Buffers are copied, not averaged: batch norm's running statistics are averages already, and counters are integers.
    """
    torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]: what torch.optim.swa_utils uses
        list(averaged.parameters()), list(network.parameters()), 1 - weight
    )
    for mine, theirs in zip(averaged.buffers(), network.buffers(), strict=True):
        mine.copy_(theirs)
