"""What a user types as a name: one of ours, or `package.module:object` of theirs."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.trust import Kind, import_object


def named(name: str, table: Mapping[str, Any], kind: Kind) -> Any:
    """Return `table[name]`, or the object that `package.module:object` names, which is not called yet.

    Args:
        name: what the user typed, or a file says.
        table: our names.
        kind: what the object must be.

    Raises:
        Mistake: neither (names the closest right one), an object of another kind, or a file that may not name it.
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
        found = import_object(module, attribute)
    except ImportError as error:
        raise Mistake(f"The {kind.word} {name} cannot be imported: {error}.") from error
    if not kind.fits(found):
        what = "class" if isinstance(found, type) else type(found).__name__
        raise Mistake(f"The {kind.word} {name} is a {what}: it must {kind.wanted}.")
    return found


def closest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` with the name in `names` that is closest, ignoring case, or an empty string."""
    lowered = {one.lower(): one for one in names}
    near = get_close_matches(name.lower(), lowered, n=1)
    return f" (did you mean {lowered[near[0]]}?)" if near else ""


def shorten(text: str, most: int = 240) -> str:
    """Return `text` on one line, cut to `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."
