"""Optimizers that take turns: which gradients each needs, how they are clipped, and the learning rates."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import nn
from torch.optim import Adam, Optimizer

from gan_zoo.errors import Mistake

AnyOptimizer = Optimizer | LightningOptimizer


@dataclass(frozen=True)
class Clipping:
    """How one optimizer's gradients are clipped, after they are averaged over devices and before its step."""

    bound: float = 0.0
    """The largest norm over all its parameters, or the largest absolute value of each number; 0: no clipping."""
    algorithm: Literal["norm", "value"] = "norm"

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        """Clip the gradients of `parameters` in place, without waiting for the device."""
        if not self.bound:
            return
        if self.algorithm == "norm":
            nn.utils.clip_grad_norm_(parameters, self.bound)
        else:
            nn.utils.clip_grad_value_(parameters, self.bound)


def adams(
    generator: nn.Module, discriminator: nn.Module, *, learning_rate: float, betas: tuple[float, float]
) -> tuple[Adam, Adam]:
    """Return an Adam for each of the two networks, the generator's first: Lightning counts its steps."""
    adam = partial(Adam, lr=learning_rate, betas=betas, fused=True)
    return adam(generator.parameters()), adam(discriminator.parameters())


def lazy_adam(network: nn.Module, *, learning_rate: float, betas: tuple[float, float], every: int) -> Adam:
    """Return an Adam that takes one more step, for a regulariser, in every `every`-th update (Karras 2020, appendix B).

    With c = every / (every + 1), its rate is c times the given one and its betas are to the power c, so that `every`
    updates move the weights as far, and forget as much, as `every` steps of the ordinary Adam.

    Args:
        network: The network, of which frozen parameters are left out.
        learning_rate: The rate without a regulariser.
        betas: The decay rates without a regulariser.
        every: Updates from one step of the regulariser to the next; 0: there is none.
    """
    share = every / (every + 1) if every else 1.0
    corrected = (betas[0] ** share, betas[1] ** share)
    trained = [p for p in network.parameters() if p.requires_grad]
    return Adam(trained, lr=learning_rate * share, betas=corrected, fused=True)


def set_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Set every learning rate to `factor` times its initial value, which the optimizer's own state keeps."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor


def set_options(optimizers: Iterable[Optimizer], options: Mapping[str, Any]) -> None:
    """Set the named options, such as `betas`, in every group of every optimizer."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            known = group.keys() - {"lr", "initial_lr", "params"}
            if unknown := options.keys() - known:
                raise Mistake(
                    f"optimizer_options returns {', '.join(sorted(unknown))}, which cannot be set so in "
                    f"{type(optimizer).__name__}: choose from {', '.join(sorted(known))}; learning rates follow `rate`."
                )
            group.update(options)


def own_and_others(module: nn.Module, optimizer: AnyOptimizer) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the parameters that `optimizer` owns, and the module's other trainable parameters."""
    own = [p for group in optimizer.param_groups for p in group["params"]]
    known = set(map(id, own))
    return own, [p for p in module.parameters() if p.requires_grad and id(p) not in known]


@contextmanager
def frozen(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Within the block, compute no gradients for `parameters`."""
    for p in parameters:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in parameters:
            p.requires_grad_(True)


@torch.no_grad()
def norm(parameters: Iterable[nn.Parameter]) -> torch.Tensor:
    """Return the norm of all gradients together, as a tensor on their device."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
