"""Training on several devices, for models whose optimizers take turns."""

import atexit
from collections.abc import Callable
from typing import Any, TypeVar

import lightning.pytorch as L
import torch
import torch.distributed as dist
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn

from gan_zoo.distributed.lost_processes import FAILED, STOPPED, Peers
from gan_zoo.errors import Mistake

Kind = TypeVar("Kind")

PRECISIONS = (None, 32, "32", "32-true", "bf16", "bf16-mixed")


class TurnTakingDDP(DDPStrategy):
    """One process per device, without `DistributedDataParallel` around the module.

    DDP expects every backward pass to reach every parameter. Here a pass reaches the parameters of one optimizer, and
    `average_gradients` exchanges only those. If a process dies, the others end and report which one it was.
    """

    peers: Peers | None = None
    on_loss: Callable[[str], None] = staticmethod(lambda message: None)
    """Function called at once with a message, on a separate thread, when another process was killed."""

    def setup_environment(self) -> None:
        makes_group = not dist.is_initialized()
        super().setup_environment()
        if makes_group:  # Lightning does this for NCCL only
            atexit.register(destroy_process_group)
        assert self.cluster_environment is not None
        self.peers = Peers(self.cluster_environment.main_address, self.on_loss)

    def configure_ddp(self) -> None:
        assert self.model is not None
        broadcast_state(self.model)

    def on_exception(self, exception: BaseException) -> None:
        super().on_exception(exception)
        if self.peers and isinstance(exception, KeyboardInterrupt):
            self.peers.part(STOPPED)
        elif self.peers:
            self.peers.lost(seconds=2.0)
            self.peers.part(FAILED)

    def teardown(self) -> None:
        if self.peers:
            self.peers.part()
        super().teardown()

    def is_stopped(self) -> bool:
        """Return whether a signal ended another process, so that this one must end too."""
        return self.peers is not None and self.peers.is_stopped

    def lost(self) -> str:
        """Return a message that names the lost process, "" if none is lost."""
        return self.peers.lost() if self.peers else ""


def destroy_process_group() -> None:
    """End the process group, if there is one. It waits for no other process, so that a lost one cannot hold this up.

    Without this, gloo's threads may still run while the interpreter takes its libraries down.
    """
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """Return the rank of this process, 0 for a single process."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def world_size() -> int:
    """Return the number of processes that train together, 1 for a single process."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


@torch.no_grad()
def broadcast_state(module: nn.Module) -> None:
    """Copy every parameter and buffer of `module` from rank 0 to all processes."""
    if world_size() > 1:
        for tensor in module.state_dict().values():
            dist.broadcast(tensor, src=0)


@torch.no_grad()
def broadcast_buffers(module: nn.Module) -> None:
    """Copy every buffer of `module`, such as running statistics, from rank 0 to all processes.

    State that differs between processes belongs in `on_save_checkpoint`, collected by `gathered`.
    """
    if world_size() > 1:
        parameters = {name for name, _ in module.named_parameters()}
        for name, tensor in module.state_dict().items():
            if name not in parameters:
                dist.broadcast(tensor, src=0)


@torch.no_grad()
def average_gradients(parameters: list[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes, in one all-reduce.

    Every process must hold gradients of the same parameters, as it does when all run the same update.
    """
    if world_size() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= world_size()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def mean_over_processes(value: Tensor) -> Tensor:
    """Return the mean of the processes' tensors, equal on all. Where there are several, `value` is overwritten."""
    if world_size() > 1:
        dist.all_reduce(value)
        value /= world_size()
    return value


def gathered(value: Kind) -> list[Kind]:
    """Return the `value` of every process, ordered by rank, on all processes. Tensors in it must be on the CPU."""
    if world_size() == 1:
        return [value]
    values = [value] * world_size()
    dist.all_gather_object(values, value)
    return values


def from_rank_zero(value: Kind) -> Kind:
    """Return the `value` of rank 0 on all processes, for decisions by its clock and for files that it alone read."""
    if world_size() == 1:
        return value
    box: list[Kind] = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def refuse_unsupported(trainer: L.Trainer) -> None:
    """Raise `Mistake` before the first step if the strategy or the precision would train wrongly, without an error."""
    if trainer.world_size > 1 and not isinstance(trainer.strategy, TurnTakingDDP):
        raise Mistake(
            f"{trainer.world_size} devices with {type(trainer.strategy).__name__}: models whose optimizers take turns "
            "need Trainer(strategy=gan_zoo.distributed.TurnTakingDDP()); gan_zoo.trainer(...) chooses it by itself."
        )
    refuse_precision(trainer.precision)


def refuse_precision(precision: Any) -> None:
    """Raise `Mistake` unless the models can train in `precision`.

    In the others, weights and images would have different types, or gradients would stay scaled, because the models
    call their optimizers themselves.
    """
    if precision not in PRECISIONS:
        raise Mistake(f"trainer.precision is {precision}: use bf16-mixed or 32-true, in which all models train.")
