"""A run's configuration as plain values: read from YAML, gathered from objects, compared with what a directory holds.

Loads no torch.
"""

import inspect
import json
from pathlib import Path
from typing import Any

import yaml

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, shorten
from gan_zoo.run import yaml_text
from gan_zoo.run.directory import Run

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
GROUPS = ("model", "data", "trainer", "grids", "evaluation", "checkpoints", "tracking", "watchdog")
"""The parts of a configuration that hold others."""
FREE = (
    *("trainer.max_steps", "max_images", "max_seconds", "trainer.devices", "trainer.num_nodes"),
    *("tracking.wandb", "tracking.project"),
    *(f"watchdog.{name}" for name in ("roll_backs", "slower", "saturated_below", "saturated_steps")),
    *(f"watchdog.{name}" for name in ("collapse_every", "collapsed_below", "jump")),
)
"""What may change when a run goes on: its length, if only upwards, where it runs and is mirrored, how it is watched."""


def read(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises:
        Mistake: it cannot be read, or holds something else.
    """
    try:
        content = yaml_text.read(path)
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}.") from error
    except yaml_text.TooLarge as error:
        raise Mistake(f"{path} is too large for a configuration: {error}.") from error
    except yaml.YAMLError as error:
        raise Mistake(shorten(f"{path} is not YAML: {error}")) from error
    if not isinstance(content, dict):
        held = shorten(repr(content), 40)
        raise Mistake(f"{path} holds {held}: a configuration is a mapping with model, data, trainer ...")
    return content


def find(name: str, folder: Path = EXPERIMENTS, kind: str = "experiment") -> Path:
    """The file at path `name`, or the YAML in `folder` that is called so.

    Raises:
        Mistake: there is none.
    """
    for path in (Path(name), folder / f"{name}.yaml"):
        if path.is_file():
            return path
    ours = [str(path.relative_to(folder).with_suffix("")) for path in sorted(folder.rglob("*.yaml"))]
    ours = [one for one in ours if not one.startswith("studies/")]
    raise Mistake(shorten(f"There is no file and no {kind} {name}{closest(name, ours)}: there are {', '.join(ours)}."))


def check(path: Path) -> dict[str, Any]:
    """What a configuration's file holds, if it has the form of one.

    Raises:
        Mistake: says what it holds.
    """
    content = read(path)
    for name in GROUPS:
        if name in content and not isinstance(content[name], dict | str):
            raise Mistake(f"{path}: {name} is {shorten(repr(content[name]), 40)}, and should hold options by name.")
    return content


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
