"""What `--out` may overwrite: what the same command wrote before, and nothing else.

A file tells who wrote it by a mark inside it (`marks.py`), or the page of a report tells it (`report/owning.py`).
Loads no torch.
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from gan_zoo.errors import Mistake
from gan_zoo.run.layout import run_of


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def refuse_loss(places: Iterable[Path], is_ours: Callable[[Path], bool], inputs: Iterable[Path] = ()) -> None:
    """Stop unless nothing is lost where `places` are written: each is new, or of an earlier call.

    Args:
        places: the files that the command is about to write.
        is_ours: tells whether the command wrote a file that is there.
        inputs: the files that it reads.

    Raises:
        Mistake: names the first file that would be lost.
    """
    read = {file.resolve() for file in inputs}
    for place in places:
        if place.resolve() in read:
            raise Mistake(f"--out would replace {place}, which is read here: name another place.")
        if run := run_of(place):
            raise Mistake(f"--out would write {place}, which is a file of the run in {run}: name another place.")
        if place.is_symlink() or (place.exists() and not is_ours(place)):
            raise Mistake(
                f"--out would replace {place}, which this command did not write: name another place, or move it away."
            )
