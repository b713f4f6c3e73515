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
            f"No {kind} is called {name}{closest(name, table)}: there are {', '.join(table)}, or package.module:name."
        )
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise Mistake(f"The {kind} {name} cannot be imported: {error}.") from error


def closest(name: str, names: Iterable[str]) -> str:
    """` (did you mean ...?)` with the nearest of `names`, or nothing."""
    near = get_close_matches(name, list(names), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
