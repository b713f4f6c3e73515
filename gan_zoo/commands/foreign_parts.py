"""Explains errors of parts that do not come with gan_zoo, such as a callback, in one line with their option."""

from collections.abc import Iterator
from traceback import walk_tb
from typing import Any

from lightning.pytorch.accelerators import Accelerator
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import Profiler
from lightning.pytorch.strategies import Strategy

from datamodules.errors import DataError
from gan_zoo.errors import Mistake, RunFailed
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.training.trainer import Trainer

SHOW = "GAN_ZOO_TRACEBACK=1 in the environment shows where."
OPTIONS = {
    Callback: "trainer.callbacks",
    Logger: "trainer.logger",
    Profiler: "trainer.profiler",
    Strategy: "trainer.strategy",
    Accelerator: "trainer.accelerator",
}
"""Kinds of parts, and the options that name them. Parts of other kinds are plugins."""
DATA = {
    "a": "two sets of images (Unpaired)",
    "b": "two sets of images (Unpaired)",
    "source": "pairs of images (Paired)",
    "target": "pairs of images (Paired)",
    "image": "one set of images (such as ImageFolder)",
    "label": "labelled images",
    "domain": "several labelled sets (MultiDomain)",
}
"""What data have each key of a batch."""


def explained_instantiation(error: BaseException) -> BaseException:
    """Return a `Mistake` that explains `error`, which a constructor raised; `error` itself if that needs a traceback.

    An error in the code of a model or data module is the author's, who needs the traceback.
    """
    for variables in frames(error):
        kind = variables.get("class_type")
        if isinstance(kind, type) and issubclass(kind, tuple(OPTIONS)) and not isinstance(error, Mistake | DataError):
            return Mistake(f"{option(kind)}: {kind.__name__} cannot be made: {first_line(error)} {SHOW}")
    return error


def explained(error: BaseException, trainer: Trainer, model: GenerativeModule) -> BaseException:
    """Return a `Mistake` or `RunFailed` that explains `error`, which came while `trainer` trained; else `error`."""
    if isinstance(error, Mistake | RunFailed | DataError):
        return error
    if isinstance(error, KeyError) and error.args[0] in DATA and trainer.session.data is not None:
        return unfit_data(error.args[0], trainer.session.data, model) or error
    parts = foreign_parts(trainer)
    for variables in frames(error):
        if variables.get("self") is model:  # a bug in the model, which Lightning's strategy called
            return error
        for part in (variables.get("self"), variables.get("callback")):
            if any(part is other for other in parts):
                message = f"{option(type(part))}: {type(part).__name__} failed: {first_line(error)} {SHOW}"
                return RunFailed(message) if trainer.global_step else Mistake(message)
    return error


def unfit_data(key: str, data: Any, model: GenerativeModule) -> Mistake | None:
    """Return an explanation if the batches of `data` do not have `key`, which `model` reads."""
    keys = list(data.examples(1)) if hasattr(data, "examples") else []
    if not keys or key in keys:
        return None
    return Mistake(
        f"{type(model).__name__} reads {key!r} from each batch, and those of {type(data).__name__} hold "
        f"{', '.join(keys)}: the model needs {DATA[key]}."
    )


def foreign_parts(trainer: Any) -> list[Any]:
    """Return the parts of `trainer` that do not come with gan_zoo."""
    strategy = trainer.strategy
    parts = [*trainer.callbacks, *trainer.loggers, trainer.profiler, strategy.checkpoint_io, strategy.precision_plugin]
    parts += [strategy.accelerator, strategy]
    return [part for part in parts if part is not None and type(part).__module__.partition(".")[0] != "gan_zoo"]


def option(kind: type) -> str:
    """Return the option that names a part of this kind."""
    return next((name for base, name in OPTIONS.items() if issubclass(kind, base)), "trainer.plugins")


def frames(error: BaseException) -> Iterator[dict[str, Any]]:
    """Yield the local variables of each function that `error` passed through, the innermost first."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    return (frame.f_locals for frame in reversed(frames))


def first_line(error: BaseException) -> str:
    """Return the kind of `error` and the first line of its message, as a sentence."""
    lines = str(error).strip().splitlines()
    text = shorten(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__, 160)
    return text if text.endswith((".", "!", "?", "...")) else f"{text}."
