"""The configuration of a run as plain values: read from YAML, collected from objects, compared with a run's.

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
"""The entries of a configuration that hold options by name."""
FREE = (
    *("trainer.max_steps", "max_images", "max_seconds", "trainer.devices", "trainer.num_nodes"),
    *("tracking.wandb", "tracking.project", "tracking.tensorboard"),
    *(f"watchdog.{name}" for name in ("roll_backs", "slower", "saturated_below", "saturated_steps")),
    *(f"watchdog.{name}" for name in ("collapse_every", "collapsed_below", "jump")),
)
"""Options that may change when a run is resumed: its length (it may only grow), devices, tracking and watchdog."""


def read(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        Mistake: It cannot be read, or holds something else.
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
    """Return the file at path `name`, or the YAML in `folder` of that name.

    Raises:
        Mistake: There is none.
    """
    for path in (Path(name), folder / f"{name}.yaml"):
        if path.is_file():
            return path
    ours = [str(path.relative_to(folder).with_suffix("")) for path in sorted(folder.rglob("*.yaml"))]
    ours = [known for known in ours if not known.startswith("studies/")]
    raise Mistake(shorten(f"There is no file and no {kind} {name}{closest(name, ours)}: there are {', '.join(ours)}."))


def check(path: Path) -> dict[str, Any]:
    """Return the content of a file, if it has the form of a configuration.

    Raises:
        Mistake: It has another form.
    """
    content = read(path)
    for name in GROUPS:
        if name in content and not isinstance(content[name], dict | str):
            raise Mistake(f"{path}: {name} is {shorten(repr(content[name]), 40)}, and should hold options by name.")
    return content


def is_plain(value: Any) -> bool:
    """Return whether a configuration file can hold `value`."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def described(thing: Any) -> dict[str, Any]:
    """Return the `class_path` and `init_args` of a model or data module that saved its hyperparameters."""
    kind = type(thing)
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": dict(thing.hparams)}


def settings(callback: Any) -> dict[str, Any]:
    """Return the constructor arguments of a callback that keeps each under its own name."""
    return {name: getattr(callback, name) for name in inspect.signature(type(callback)).parameters}


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with its tuples as lists, as it would be read from a file."""
    return json.loads(json.dumps(config))


def flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return `{"model": {"width": 64}}` as `{"model.width": 64}`."""
    entries: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            entries |= flat(value, f"{prefix}{name}.")
        else:
            entries[f"{prefix}{name}"] = value
    return entries


LATER = {"augment": "none", "augment_probability": "adaptive", "limit": 0, "centre": [89, 109]}
"""Options that came after version 0.1, with the values of a run that was made before them. Such a run goes on."""


def with_later(before: Any, after: Any) -> Any:
    """Return the plain configuration `before` with those `LATER` options that only `after` has, at any depth."""
    if isinstance(before, dict) and isinstance(after, dict):
        added = {name: value for name, value in LATER.items() if name in after and name not in before}
        return added | {name: with_later(value, after.get(name)) for name, value in before.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [with_later(*both) for both in zip(before, after, strict=True)]
    return before


def refuse_another(run: Run, config: dict[str, Any]) -> None:
    """Raise a `Mistake` if `run` has begun with a configuration that differs from `config` beyond the `FREE` options.

    Raises:
        Mistake: Names the keys that differ, or says that config.yaml is missing or damaged.
    """
    if not run.has_begun():
        return  # a first try that ended in a mistake binds nobody
    if not (there := run.config()):
        raise Mistake(
            f"{run.path} holds a run without its config.yaml, so it cannot be compared with this one: choose another "
            "--run, or put the file back."
        )
    before, after = flat(with_later(there, plain(config))), flat(plain(config))
    names = [n for n in {**before, **after} if before.get(n) != after.get(n) and n not in FREE]
    if names:
        listed = ", ".join(f"{n.replace('.init_args', '')} {before.get(n)} there, {after.get(n)} here" for n in names)
        raise Mistake(
            f"{run.path} holds a run of another configuration ({shorten(listed, 400)}): choose another --run."
        )


def refuse_shorter(run: Run, step: int, max_steps: int) -> None:
    """Raise a `Mistake` if the run has more steps than `max_steps` already.

    Raises:
        Mistake: Says how long it is.
    """
    if 0 <= max_steps < step:
        raise Mistake(f"{run.path} is at step {step} already: trainer.max_steps {max_steps} would shorten it.")
