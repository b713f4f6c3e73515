"""Names: of splits, of paths that a user types, with a number of images in them, and as they are shown."""

import os
from pathlib import Path
from typing import Literal

Split = Literal["train", "test"]


def count_name(count: int) -> str:
    """Return 10000 as `10k` and 2500 as `2500`."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)


def expanded(path: str | Path) -> Path:
    """Return the path that a user typed, with the home folder in place of a `~` at its beginning."""
    return Path(os.path.expanduser(path))  # a user who is unknown keeps the name, where pathlib raises


def real(path: Path) -> Path:
    """Return the path without links. Links that lead in a circle stay, where `Path.resolve` raises."""
    return Path(os.path.realpath(path))


def visible(text: object) -> str:
    """Return `text` with an escape such as `\\x1b` for each character that would not be shown as itself.

    Names of files, classes and runs may come from anybody. Their control characters could move the cursor, recolour a
    terminal or reverse the order of letters, and bytes that are no text cannot be printed at all.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in str(text)
    )
