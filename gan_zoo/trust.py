"""Which modules a user or a file may name for import, since importing a module runs its code; see SECURITY.md.

The command line and the configurations of `-c` may name any module. A run's directory or a file of weights may come
from somebody else: it may name only our modules and those that the user allows. This file does not load torch.
"""

import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_zoo.errors import Mistake

OURS = ("gan_zoo", "datamodules")
"""The packages whose modules any file may name."""


@dataclass(frozen=True)
class Kind:
    """A kind of object that a user can name as `package.module:object`."""

    word: str
    """The name of the kind in messages, such as "extractor"."""
    requirement: str
    """How a message continues after "it must", such as "derive from ..."."""
    fits: Callable[[Any], bool]
    """Whether an object is of this kind."""


@dataclass(frozen=True)
class Source:
    """The file from which names are read."""

    file: Path
    allowed: tuple[str, ...]
    """The packages and modules that it may name in addition to ours."""


_source: ContextVar[Source | None] = ContextVar("source", default=None)
"""The file from which names are read now; None if the user typed them."""


@contextmanager
def names_from(file: Path, allowed: tuple[str, ...]) -> Iterator[None]:
    """Within the block, treat names as read from `file`, which may name our modules and the `allowed` ones."""
    token = _source.set(Source(file, allowed))
    try:
        yield
    finally:
        _source.reset(token)


def refuse_foreign(module: str, source: Source) -> None:
    """Raise a `Mistake` unless the file may name `module`.

    A module that runs as a program, such as `x.__main__`, must be allowed by its full name.

    Raises:
        Mistake: The file may not name the module. The message says how to allow it.
    """
    is_program = any(part.startswith("__") for part in module.split("."))
    in_allowed = any(f"{module}.".startswith(f"{name}.") for name in (*OURS, *source.allowed))
    if module in source.allowed or (in_allowed and not is_program):
        return
    missing = module if is_program else module.partition(".")[0]
    raise Mistake(
        f"{source.file} names the module {module[:80]}, which needs your permission, as importing it runs its code: "
        f"if you trust it, add --allow-module {missing[:80]} (in Python: allow_modules=({missing[:80]!r},))."
    )


def import_object(module: str, name: str) -> Any:
    """Import `module`, and return its object `name`, which must be defined in the same package.

    Raises:
        Mistake: The names come from a file that may not name this module. Nothing has been imported.
        ImportError: The module or the object does not exist, or the object is defined elsewhere.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise ImportError(f"{module!r} is not the name of a module")
    if source := _source.get():
        refuse_foreign(module, source)
    target = getattr(importlib.import_module(module), name, None)
    if target is None:
        raise ImportError(f"{module} has no {name}")
    home = getattr(target, "__module__", None)
    if isinstance(home, str) and home.partition(".")[0] != module.partition(".")[0]:
        raise ImportError(f"{name} is defined in {home}, so name it there")
    return target


def packages(names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the packages of all `names` of the form `package.module:object`. The user who typed them trusts them."""
    return tuple(name.partition(":")[0].partition(".")[0] for name in names if name and ":" in name)


def makes(base: type) -> Callable[[Any], bool]:
    """Return a `Kind.fits` for classes that derive from `base`, and functions annotated as returning one."""

    def fits(target: Any) -> bool:
        if inspect.isfunction(target):
            try:
                target = inspect.signature(target, eval_str=True).return_annotation
            except Exception:  # evaluating an annotation in quotes can fail in any way
                return False
        return inspect.isclass(target) and issubclass(target, base)

    return fits


def called_with(*positional: str, keywords: tuple[str, ...] = (), base: type | None = None) -> Callable[[Any], bool]:
    """Return a `Kind.fits` for functions, and classes derived from `base`, that can be called with these arguments."""

    def fits(target: Any) -> bool:
        is_class = inspect.isclass(target) and base is not None and issubclass(target, base)
        if not (is_class or inspect.isfunction(target)):
            return False
        try:
            inspect.signature(target).bind(*positional, **dict.fromkeys(keywords))
        except TypeError:
            return False
        return True

    return fits
