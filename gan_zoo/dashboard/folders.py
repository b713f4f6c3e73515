"""Find the runs and studies below a folder, and find new ones without walking through everything again.

A folder's time of change says whether something in it came or went, so only those folders are listed again that have
changed. No link is followed, and the folders in which runs keep their images and checkpoints are left alone.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from gan_zoo.run.layout import FOLDERS

DEPTH = 8
"""How deep below the folder of all runs a run may lie."""
MOST = 20_000
"""Most folders that are looked at."""
UNSURE = 2.0
"""Seconds for which a folder that has just changed is listed again: its time of change may not tell two changes."""


class Folders:
    """The folders at and below `root` that hold a run or a study.

    Args:
        root: The folder of all runs.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, tuple[int, list[Path]]] = {}
        """For each folder, its time of change when it was listed, -1 if that was too recent, and the folders in it."""
        self.runs: set[Path] = set()
        self.studies: set[Path] = set()

    def look(self) -> None:
        """Bring `runs` and `studies` up to date."""
        reached: set[Path] = set()
        waiting = [(self.root, 0)]
        while waiting and len(reached) < MOST:
            folder, depth = waiting.pop()
            try:
                inner = self._folders_in(folder)
            except OSError:  # it is gone, or may not be read
                continue
            reached.add(folder)
            if depth < DEPTH:
                waiting += [(one, depth + 1) for one in inner]
        for gone in self._listed.keys() - reached:
            del self._listed[gone]
        self.runs &= reached
        self.studies &= reached

    def _folders_in(self, folder: Path) -> list[Path]:
        """Return the folders in `folder`, and note whether it holds a run or a study.

        Raises:
            OSError: It cannot be listed.
        """
        changed = os.stat(folder, follow_symlinks=False).st_mtime_ns
        if folder in self._listed and self._listed[folder][0] == changed:
            return self._listed[folder][1]
        is_settled = time.time_ns() - changed > UNSURE * 1e9
        names: set[str] = set()
        inner: list[Path] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                names.add(entry.name)
                with suppress(OSError):
                    if entry.name[0] != "." and entry.is_dir(follow_symlinks=False):
                        inner.append(Path(entry.path))
        for place, name in ((self.runs, "run.json"), (self.studies, "study.json")):
            (place.add if name in names else place.discard)(folder)
        if "run.json" in names:
            inner = [one for one in inner if one.name not in FOLDERS]
        self._listed[folder] = (changed if is_settled else -1, inner)
        return inner
