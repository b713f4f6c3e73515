"""Watch all runs of a folder: one look a second, and a number for every change, so that each reader gets what is new.

No reader has a queue. It says the number of the last change that it knows, and gets the rows that have changed since,
as they are now. A slow reader therefore misses steps between, and costs no memory.
"""

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gan_zoo.dashboard.folders import Folders
from gan_zoo.dashboard.rows import Row, Watched, identify, signature
from gan_zoo.report.collect import read_study

PAUSE = 1.0
"""Seconds between two looks."""
GONE = 1000
"""Number of removed runs that are remembered for readers that still show them."""


class Watch:
    """The rows of all runs below a folder, and what has changed since when.

    `look` reads the disk, in a thread of its own. `take` changes what readers see, in the thread of the server.

    Args:
        root: The folder of all runs.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version = self._first = time.time_ns() // 1_000_000
        """Number of the last change. An earlier server, whose pages may still be open, had smaller numbers."""
        self.runs: dict[str, Watched] = {}
        """The runs by id: the table in which every id of a request is looked up."""
        self.has_looked = False
        """Whether every run was read once."""
        self._folders = Folders(root)
        self._known: dict[Path, Watched] = {}
        self._studies: dict[Path, tuple[Any, dict[str, Any]]] = {}
        self._encoded: dict[str, tuple[int, bytes]] = {}
        """For each run and study, the number of its last change and its row as JSON."""
        self._gone: dict[str, int] = {}
        self._oldest_gone = 0
        self._news = asyncio.Event()

    async def keep_looking(self) -> None:
        """Look once a second, for ever."""
        while True:
            for part in await asyncio.to_thread(self._find):
                self.take(*await asyncio.to_thread(self._look_at, part))
            self._be_ready()
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        """Look at everything once, in this thread."""
        for part in self._find():
            self.take(*self._look_at(part))
        self._be_ready()

    def _find(self) -> list[list[Watched]]:
        """Find runs that came and went, and return all of them in parts, so that the first can be seen at once."""
        self._folders.look()
        for folder in self._folders.runs - self._known.keys():
            self._known[folder] = Watched(folder, self.root)
        runs = [self._known[folder] for folder in sorted(self._known)]
        return [runs[first : first + 100] for first in range(0, len(runs), 100)] or [[]]

    def _look_at(self, part: list[Watched]) -> tuple[list[Watched], list[str], dict[str, Row]]:
        """Return the runs of `part` that have changed, the ids of those that are gone, and the studies."""
        changed, gone = [], []
        for watched in part:
            if signature(watched.run.record_file) is None:
                self._known.pop(watched.run.path, None)
                gone.append(watched.id)
            elif watched.look(self._study(watched.run.path.parent)):
                changed.append(watched)
        return changed, gone, {row["id"]: row for row in map(self._study_row, sorted(self._folders.studies)) if row}

    def _study(self, folder: Path) -> dict[str, Any]:
        """Return the content of study.json in `folder`, read again only if it has changed."""
        if folder not in self._folders.studies:
            return {}
        seen = signature(folder / "study.json")
        if folder not in self._studies or self._studies[folder][0] != seen:
            self._studies[folder] = (seen, read_study(folder))
        return self._studies[folder][1]

    def _study_row(self, folder: Path) -> Row | None:
        """Return how far a study is."""
        study = self._study(folder)
        if not study:
            return None
        states = {name: cell.get("status", "unknown") for name, cell in study["cells"].items()}
        states |= {
            path.name: one.row["state"] for path, one in self._known.items() if path.parent == folder and one.row
        }
        counts: dict[str, int] = {}
        for name in study["cells"]:
            counts[states[name]] = counts.get(states[name], 0) + 1
        place = folder.relative_to(self.root).as_posix()
        return {
            "id": f"study-{identify(place)}",
            "name": str(study.get("name") or folder.name),
            "cells": len(study["cells"]),
            "counts": counts,
        }

    def take(self, changed: list[Watched], gone: list[str], studies: dict[str, Row]) -> None:
        """Let readers see what a look has found."""
        rows = {one.id: one.row for one in changed} | studies
        news = {key: json.dumps(row, separators=(",", ":"), allow_nan=False).encode() for key, row in rows.items()}
        news = {key: row for key, row in news.items() if self._encoded.get(key, (0, b""))[1] != row}
        missing = [key for key in gone if key in self.runs]
        missing += [key for key in self._encoded if key.startswith("study-") and key not in studies]
        if not news and not missing:
            return
        self.version += 1
        self.runs |= {one.id: one for one in changed}
        self._encoded |= {key: (self.version, row) for key, row in news.items()}
        for key in missing:
            self.runs.pop(key, None)
            self._encoded.pop(key, None)
            self._gone[key] = self.version
        for key in news.keys() & self._gone.keys():
            del self._gone[key]
        while len(self._gone) > GONE:
            self._oldest_gone = self._gone.pop(next(iter(self._gone)))
        self._announce()

    def since(self, version: int) -> bytes:
        """Return what has changed after change number `version`, as JSON. From 0 on, it is everything."""
        whole = not max(self._first, self._oldest_gone) <= version <= self.version
        rows = [row for changed, row in self._encoded.values() if whole or changed > version]
        gone = [] if whole else [key for key, changed in self._gone.items() if changed > version]
        head = {"version": self.version, "whole": whole, "ready": self.has_looked, "gone": gone}
        return json.dumps(head)[:-1].encode() + b', "rows": [' + b",".join(rows) + b"]}"

    async def wait(self, version: int, seconds: float) -> bool:
        """Wait until there is a later change than `version`, for at most `seconds`; return whether there is one."""
        news = self._news
        if self.version <= version:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), seconds)
        return self.version > version

    def _be_ready(self) -> None:
        """Tell readers that every run was read once, which is a change too."""
        if not self.has_looked:
            self.has_looked = True
            self.version += 1
            self._announce()

    def _announce(self) -> None:
        """Wake all readers."""
        self._news.set()
        self._news = asyncio.Event()
