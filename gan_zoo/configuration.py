"""A run's configuration as plain values: gathered from objects, and compared with what a directory holds."""

import inspect
import json
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.run import Run

FREE = ("trainer.max_steps", "trainer.devices", "trainer.num_nodes", "max_images")
"""What may change when a run goes on: its length, if only upwards, and where it runs."""


def is_plain(value: Any) -> bool:
    """Whether a configuration file can hold `value`."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def described(thing: Any) -> dict[str, Any]:
    """`class_path` and `init_args` of a model or data module that saved its hyperparameters."""
    kind = type(thing)
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": dict(thing.hparams)}


def settings(callback: Any) -> dict[str, Any]:
    """The constructor arguments of a callback that keeps each under its own name."""
    return {name: getattr(callback, name) for name in inspect.signature(type(callback)).parameters}


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """`config` with the tuples as lists, as it reads back from a file."""
    return json.loads(json.dumps(config))


def flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"model": {"width": 64}}` as `{"model.width": 64}`."""
    entries: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            entries |= flat(value, f"{prefix}{name}.")
        else:
            entries[f"{prefix}{name}"] = value
    return entries


def refuse_another(run: Run, config: dict[str, Any]) -> None:
    """Stop unless `run` is new, ended before its first record, or was started with `config` but for what is free.

    Raises:
        Mistake: names the keys that differ.
    """
    if not run.has_begun():
        return  # a first try that ended in a mistake binds nobody
    before, after = flat(run.config()), flat(plain(config))
    names = [n for n in {**before, **after} if before.get(n) != after.get(n) and n not in FREE]
    if names:
        listed = ", ".join(f"{n.replace('.init_args', '')} {before.get(n)} there, {after.get(n)} here" for n in names)
        raise Mistake(f"{run.path} holds a run of another configuration ({listed}): choose another --run.")


def refuse_shorter(run: Run, step: int, max_steps: int) -> None:
    """Stop if the run is longer already than what is asked.

    Raises:
        Mistake: says how long it is.
    """
    if 0 <= max_steps < step:
        raise Mistake(f"{run.path} is at step {step} already: trainer.max_steps {max_steps} would shorten it.")
