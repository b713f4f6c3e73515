"""Optimizers that take turns: whose gradients are whose, how long they may be, at which rate they are followed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import nn
from torch.optim import Adam, Optimizer

AnyOptimizer = Optimizer | LightningOptimizer


@dataclass(frozen=True)
class Clipping:
    """What is done to one optimizer's gradients between their average over devices and its step."""

    bound: float = 0.0
    """Of the norm over all its parameters, or of each number; 0: none."""
    algorithm: Literal["norm", "value"] = "norm"

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        """Clip in place, without waiting for the device."""
        if not self.bound:
            return
        if self.algorithm == "norm":
            nn.utils.clip_grad_norm_(parameters, self.bound)
        else:
            nn.utils.clip_grad_value_(parameters, self.bound)


def adams(
    generator: nn.Module, discriminator: nn.Module, *, learning_rate: float, betas: tuple[float, float]
) -> tuple[Adam, Adam]:
    """An Adam for each of two networks that take turns, the generator's first, as Lightning is to count it."""
    adam = partial(Adam, lr=learning_rate, betas=betas, fused=True)
    return adam(generator.parameters()), adam(discriminator.parameters())


def set_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Make every learning rate `factor` times what it was built with, which the optimizer's own state keeps."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor


def own_and_others(module: nn.Module, optimizer: AnyOptimizer) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The parameters that `optimizer` steps, and the module's other trainable ones."""
    own = [p for group in optimizer.param_groups for p in group["params"]]
    known = set(map(id, own))
    return own, [p for p in module.parameters() if p.requires_grad and id(p) not in known]


@contextmanager
def frozen(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Within the block `parameters` require no gradient, so none is computed for them."""
    for p in parameters:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in parameters:
            p.requires_grad_(True)


@torch.no_grad()
def norm(parameters: Iterable[nn.Parameter]) -> torch.Tensor:
    """The norm of all gradients there are, as a tensor on their device."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
