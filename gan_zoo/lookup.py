"""What a user types as a name: one of ours, or `package.module:object` of theirs."""

import importlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from gan_zoo.errors import Mistake


def named(name: str, table: Mapping[str, Any], kind: str) -> Any:
    """`table[name]`, or the object that `package.module:object` names.

    Args:
        name: what the user typed.
        table: our names.
        kind: what is named, for the message: "extractor".

    Raises:
        Mistake: neither; names the closest right one.
    """
    if name in table:
        return table[name]
    if ":" not in name:
        raise Mistake(
            f"No {kind} is called {name}{closest(name, table)}: there are {shorten(', '.join(table), 120)}, or "
            "package.module:name."
        )
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise Mistake(f"The {kind} {name} cannot be imported: {error}.") from error
    if not callable(found):
        raise Mistake(f"The {kind} {name} is a {type(found).__name__}: name a function or a class.")
    return found


def closest(name: str, names: Iterable[str]) -> str:
    """` (did you mean ...?)` with the nearest of `names`, whatever its case, or nothing."""
    lowered = {one.lower(): one for one in names}
    near = get_close_matches(name.lower(), lowered, n=1)
    return f" (did you mean {lowered[near[0]]}?)" if near else ""


def shorten(text: str, most: int = 240) -> str:
    """`text` on one line, of `most` characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."
