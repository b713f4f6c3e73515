"""Restore the state of a checkpoint that may come from anywhere: a state that does not fit the run ends in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.trainer.connectors.checkpoint_connector import _CheckpointConnector
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.errors import Mistake, RunFailed
from gan_zoo.lookup import shorten

NUMBERS = ("lr", "betas", "eps", "weight_decay", "momentum", "alpha")
"""The options of an optimizer that its step computes with."""
ELEMENTWISE = (Adam, AdamW, RMSprop, SGD)
"""The optimizers whose state has the shapes of the weights. Of others, nothing is known."""


class Restoring(_CheckpointConnector):
    """Lightning's restoring, with a `Mistake` that names the checkpoint where its state does not fit."""

    _is_checked = False

    def _restore_modules_and_callbacks(self, checkpoint_path: Any = None, weights_only: bool | None = None) -> None:
        with named(checkpoint_path):
            super()._restore_modules_and_callbacks(checkpoint_path, weights_only)

    def restore_callbacks(self) -> None:
        if not self._is_checked:  # after a roll-back, the checkpoint is of this process
            callbacks: list[Any] = self.trainer.callbacks  # type: ignore[attr-defined]  # set where pyright does not see
            refuse_other_states(callbacks, self._loaded_checkpoint.get("callbacks", {}))
            self._is_checked = True
        super().restore_callbacks()

    def restore_training_state(self) -> None:
        with named(self._ckpt_path):
            super().restore_training_state()
            for optimizer in self.trainer.optimizers if self._loaded_checkpoint else ():
                refuse_unfit(optimizer)


@contextmanager
def named(file: str | Path | None) -> Iterator[None]:
    """Within the block, turn the many errors of a state that does not fit into a `Mistake` that names its file."""
    try:
        yield
    except (Mistake, RunFailed, OSError):
        raise
    except Exception as error:
        message = f"{file} does not fit this run, so training cannot go on from it ({type(error).__name__}: {error}"
        raise Mistake(f"{shorten(message)}): choose another --run.") from error


def refuse_other_states(callbacks: list[Any], states: dict[str, Any]) -> None:
    """Raise a `ValueError` if the state of one of our callbacks has other entries than its own new state."""
    for callback in callbacks:
        state = states.get(callback.state_key)
        if isinstance(callback, SessionCallback) and state and not is_alike(state, callback.state_dict()):
            raise ValueError(f"it holds another state of {type(callback).__name__}")


def is_alike(value: Any, pattern: Any) -> bool:
    """Return whether `value` has the types of `pattern`, and a dict its keys. None and {} stand for anything alike."""
    if isinstance(pattern, dict) and pattern:
        return isinstance(value, dict) and all(key in value and is_alike(value[key], pattern[key]) for key in pattern)
    if isinstance(pattern, int | float) and not isinstance(pattern, bool):
        return type(value) in (int, float) and abs(value) < 2**53
    if isinstance(pattern, list):
        return isinstance(value, list) and all(is_scalar(entry) for entry in flattened(value))
    return pattern is None or isinstance(value, type(pattern))


def is_scalar(value: Any) -> bool:
    """Return whether `value` is a number or a text."""
    return isinstance(value, int | float | str)


def flattened(values: list[Any]) -> Iterator[Any]:
    """Yield the entries of a list, and those of the lists in it."""
    for value in values:
        yield from value if isinstance(value, list) else (value,)


def refuse_unfit(optimizer: Optimizer) -> None:
    """Raise a `ValueError` if the restored state of an optimizer would fail at its next step."""
    if not isinstance(optimizer, ELEMENTWISE):
        return
    for group in optimizer.param_groups:
        for name in NUMBERS:
            values = group.get(name, 0.0)
            each = values if isinstance(values, tuple | list) else (values,)
            if not all(isinstance(value, int | float | Tensor) for value in each):
                raise ValueError(f"the option {name} of an optimizer is {shorten(repr(values), 40)}")
    kinds = {tuple((name, type(value)) for name, value in sorted(state.items())) for state in optimizer.state.values()}
    if len(kinds) > 1:
        raise ValueError("an optimizer has other values for some weights than for others")
    for weight, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape not in (weight.shape, ()):
                shapes = f"{tuple(value.shape)} for a weight of shape {tuple(weight.shape)}"
                raise ValueError(f"an optimizer has {name} of shape {shapes}")
