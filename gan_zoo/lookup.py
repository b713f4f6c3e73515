"""Look up names that a user types: names of ours, or `package.module:object` for objects of the user."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.trust import Kind, import_object


def named(name: str, table: Mapping[str, Any], kind: Kind) -> Any:
    """Return `table[name]`, or the object that `name` = `package.module:object` names, without calling it.

    Args:
        name: The name, from the user or from a file.
        table: Our objects by name.
        kind: The kind of object that is allowed.

    Raises:
        Mistake: The name is unknown (the message suggests the closest one), cannot be imported or may not be named by
            the file, or the object is of another kind.
    """
    if name in table:
        return table[name]
    if ":" not in name:
        raise Mistake(
            f"No {kind.word} is called {name}{closest(name, table)}: there are {shorten(', '.join(table), 120)}, or "
            "package.module:name."
        )
    module, _, attribute = name.partition(":")
    try:
        target = import_object(module, attribute)
    except ImportError as error:
        raise Mistake(f"The {kind.word} {name} cannot be imported: {error}.") from error
    if not kind.fits(target):
        what = "class" if isinstance(target, type) else type(target).__name__
        raise Mistake(f"The {kind.word} {name} is a {what}: it must {kind.requirement}.")
    return target


def closest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` with the closest of `names`, ignoring case, or "" if none is close."""
    lowered = {candidate.lower(): candidate for candidate in names}
    near = get_close_matches(name.lower(), lowered, n=1)
    return f" (did you mean {lowered[near[0]]}?)" if near else ""


def shorten(text: str, most: int = 240) -> str:
    """Return `text` on one line, shortened to at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."
