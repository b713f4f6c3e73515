"""The state of the files of a run that pictures are made from."""

from pathlib import Path

from gan_zoo.run.directory import Run

Stamp = list[list[int]]
"""Number, size and time of change of each file; empty for a file that is not there."""


def stamp(path: Path) -> Stamp:
    """Return another value whenever a run in `path` has written a checkpoint."""
    run = Run(path)
    return [state(file) for file in (run.model_file, run.last)]


def state(file: Path) -> list[int]:
    """Return what changes if a file is replaced."""
    try:
        found = file.stat()
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns]
