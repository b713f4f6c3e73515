"""Who may name a module that is imported, for importing it runs its code; see SECURITY.md.

What a user types, or writes into a configuration that `-c` names, may name any module. A run's directory or a file of
weights may come from somebody else: it may name our modules, and those that the user allows. Loads no torch.
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
"""The packages whose modules every file may name."""


@dataclass(frozen=True)
class Kind:
    """What an object must be that a user names by `package.module:object`."""

    word: str
    """What it is called in messages: "extractor"."""
    wanted: str
    """How a message goes on after "it must": "derive from ..."."""
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Source:
    """The file that names are read from."""

    file: Path
    allowed: tuple[str, ...]
    """The packages and modules that it may name beside ours."""


_source: ContextVar[Source | None] = ContextVar("source", default=None)
"""None: names are the user's own."""


@contextmanager
def names_from(file: Path, allowed: tuple[str, ...]) -> Iterator[None]:
    """Within the block all names come from `file`, which may name our modules and the `allowed` ones."""
    token = _source.set(Source(file, allowed))
    try:
        yield
    finally:
        _source.reset(token)


def refuse_foreign(module: str, source: Source) -> None:
    """Stop unless a file may name `module`. What runs as a program, such as `x.__main__`, is allowed by itself alone.

    Raises:
        Mistake: says which module the file names, and how to allow it.
    """
    is_program = any(part.startswith("__") for part in module.split("."))
    inside = [name for name in (*OURS, *source.allowed) if f"{module}.".startswith(f"{name}.")]
    if module in source.allowed or (inside and not is_program):
        return
    wanted = module if is_program else module.partition(".")[0]
    raise Mistake(
        f"{source.file} names the module {module[:80]}, which no file may name unasked, as importing it runs it: if "
        f"you trust it, add --allow-module {wanted[:80]} (in Python: allow_modules=({wanted[:80]!r},))."
    )


def import_object(module: str, name: str) -> Any:
    """Import `module`, and return its object `name`, which must be defined in the same package.

    Raises:
        Mistake: the names come from a file that may not name this module; nothing has been imported.
        ImportError: there is no such module or object, or it is defined elsewhere.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise ImportError(f"{module!r} is no module's name")
    if source := _source.get():
        refuse_foreign(module, source)
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        raise ImportError(f"{module} has no {name}")
    home = getattr(found, "__module__", None)
    if isinstance(home, str) and home.partition(".")[0] != module.partition(".")[0]:
        raise ImportError(f"{name} is of {home}, so name it there")
    return found


def packages(names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the packages of those `names` that are `package.module:object`: whoever types them trusts them."""
    return tuple(name.partition(":")[0].partition(".")[0] for name in names if name and ":" in name)


def makes(base: type) -> Callable[[Any], bool]:
    """Return a test for `Kind.fits`: a class that derives from `base`, or a function annotated as returning one."""

    def fits(found: Any) -> bool:
        if inspect.isfunction(found):
            try:
                found = inspect.signature(found, eval_str=True).return_annotation
            except Exception:  # an annotation in quotes may name what is not there, in any way that Python fails
                return False
        return inspect.isclass(found) and issubclass(found, base)

    return fits


def called_with(*positional: str, keywords: tuple[str, ...] = (), base: type | None = None) -> Callable[[Any], bool]:
    """Return a test for `Kind.fits`: a function that can be called so, or a class that derives from `base`."""

    def fits(found: Any) -> bool:
        is_class = inspect.isclass(found) and base is not None and issubclass(found, base)
        if not (is_class or inspect.isfunction(found)):
            return False
        try:
            inspect.signature(found).bind(*positional, **dict.fromkeys(keywords))
        except TypeError:
            return False
        return True

    return fits
