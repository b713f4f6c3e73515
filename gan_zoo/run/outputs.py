"""Stop a command before its `--out` overwrites anything but what the same command wrote before.

A mark inside a file tells who wrote it (`marks.py`), or the page of a report does (`report/owning.py`).
Loads no torch.
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from datamodules.names import real
from gan_zoo.errors import Mistake
from gan_zoo.run.layout import run_of


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def refuse_loss(places: Iterable[Path], is_ours: Callable[[Path], bool], inputs: Iterable[Path] = ()) -> None:
    """Raise a `Mistake` if a file of another origin would be lost where `places` are written.

    Args:
        places: The files that the command is about to write.
        is_ours: Returns whether the command wrote an existing file.
        inputs: The files that it reads.

    Raises:
        Mistake: Names the first file that would be lost.
    """
    read = {real(file) for file in inputs}
    for place in places:
        if real(place) in read:
            raise Mistake(f"--out would replace {place}, which is read here: name another place.")
        if run := run_of(place):
            raise Mistake(f"--out would write {place}, which is a file of the run in {run}: name another place.")
        if place.is_symlink() or (place.exists() and not is_ours(place)):
            raise Mistake(
                f"--out would replace {place}, which this command did not write: name another place, or move it away."
            )
