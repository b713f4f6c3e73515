"""One run as a row of the list: its state, how far it is, how fast, and a small curve.

A row is read from the ends of the files and from a few places between, so its cost does not depend on how long a run
has trained. Nothing is kept but the row.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gan_zoo.lookup import shorten
from gan_zoo.report.collect import class_name, status_of
from gan_zoo.report.scores import is_number
from gan_zoo.run.directory import Run
from gan_zoo.run.files import end_of, parsed
from gan_zoo.run.layout import numbered
from gan_zoo.run.reading import MAX_LINES, Damaged, open_plain

Row = dict[str, Any]
SPARK = 32
"""Number of places in a file of which a row's small curve is made."""
ROOM = 4096
"""Bytes that are read at each of these places, to find a whole line."""
TEXTS = ("id", "name", "study", "method", "model", "data")
LENGTHS = {"step": "trainer.max_steps", "images": "max_images", "seconds": "max_seconds"}
"""The settings that end a run, by what they count."""


def identify(place: str) -> str:
    """Return the id of the run at `place`, its path below the folder of all runs. It is no part of any path."""
    return hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:12]


class Watched:
    """A run in the list. `row` is made again when one of its files has changed.

    Args:
        folder: The run's directory.
        root: The folder of all runs.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.run = Run(folder)
        self.name = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
        self.id = identify(folder.relative_to(root).as_posix())
        self.row: Row = {}
        self.record: dict[str, Any] = {}
        self._seen: dict[str, tuple[int, int, int] | None] = {}
        self._config: dict[str, Any] = {}
        self._grid: int | None = None

    def look(self, study: dict[str, Any]) -> bool:
        """Bring the row up to date, and return whether it has changed.

        Args:
            study: The content of study.json in the folder that the run lies in.
        """
        run = self.run
        files = (run.record_file, run.metrics_file, run.evaluations_file, run.config_file, run.images)
        seen = {file.name: signature(file) for file in files}
        cell = study.get("cells", {}).get(run.name, {})
        if seen != self._seen:
            changed = {name for name in seen if seen[name] != self._seen.get(name)}
            self._seen = seen
            row = self._read(changed)
        else:
            row = dict(self.row)
        if row.get("state") != "damaged":
            row["state"] = status_of(self.record, cell)
            row["study"] = short(study.get("name") or run.path.parent.name) if cell else ""
            row["method"] = short(cell.get("method") or row["model"] or run.name)
            row["left"] = row["left"] if row["state"] == "running" else None
            row["error"] = "" if row["state"] in ("running", "finished") else reason(self.record, cell)
        has_changed, self.row = row != self.row, row
        return has_changed

    def _read(self, changed: set[str]) -> Row:
        """Return the row as the files are now, without what the study says about it."""
        run, empty = self.run, dict.fromkeys(TEXTS, "") | {"id": self.id, "name": short(self.name)}
        try:
            self.record = run.checked_record()
            if "config.yaml" in changed:
                self._config = run.config()
            if "images" in changed:
                self._grid = max((step for step, _ in numbered(run.images, "step")), default=None)
            lines = sampled(run.metrics_file)
            scores = last_scores(run.evaluations_file)
        except Damaged as damaged:
            return empty | {"state": "damaged", "error": shorten(str(damaged), 300), "step": 0}
        last, record = lines[-1] if lines else {}, self.record
        total, left = remaining(self._config, lines)
        values = self._config.get("model") or {}, self._config.get("data") or {}
        return empty | {
            "model": short(record.get("model") or class_name(values[0].get("class_path"))),
            "data": short(record.get("data") or class_name(values[1].get("class_path"))),
            "seed": record.get("seed"),
            "step": max(last.get("step", 0), *(line["step"] for line in scores), 0),
            "total": total,
            "left": left,
            "images": last.get("images"),
            "seconds": last.get("seconds"),
            "speed": last.get("images_per_second") or record.get("images_per_second"),
            "heartbeat": record.get("heartbeat"),
            "memory": record.get("peak_memory_mb"),
            "metric": scores[-1].get("metric") if scores else None,
            "value": scores[-1].get("value") if scores else None,
            "spark": spark(lines, scores),
            "events": len(record.get("events", [])),
            "grid": self._grid,
            "lines": mark(self._seen["metrics.jsonl"]),
            "scored": mark(self._seen["evaluations.jsonl"]),
        }


def signature(file: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file or folder does; None if it is not there."""
    try:
        state = os.stat(file, follow_symlinks=False)
    except OSError:
        return None
    size = 0 if stat.S_ISDIR(state.st_mode) else state.st_size
    return state.st_ino, size, state.st_mtime_ns


def mark(seen: tuple[int, int, int] | None) -> str:
    """Return what tells a page that a file has grown, or was replaced: its number and its size."""
    return f"{seen[0]}-{seen[1]}" if seen else ""


def short(name: Any) -> str:
    """Return a name that a row has room for: files of others may hold anything."""
    return shorten(str(name), 200)


def reason(record: dict[str, Any], cell: dict[str, Any]) -> str:
    """Return why a run is not finished, in one short text."""
    return shorten(str(record.get("error") or cell.get("last_line") or ""), 300)


def sampled(file: Path, count: int = SPARK) -> list[dict[str, Any]]:
    """Return about `count` lines of a .jsonl file, from evenly spaced places, and its last line.

    Raises:
        Damaged: It is no plain file, or larger than any that a run writes.
    """
    try:
        with open_plain(file, most=MAX_LINES) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size <= count * ROOM:
                content = os.pread(stream.fileno(), size, 0).splitlines()
                places = [round(i * (len(content) - 1) / max(count - 1, 1)) for i in range(count)] if content else []
                whole = [content[place] for place in dict.fromkeys(places)]
            else:
                whole = list(lines_at(stream.fileno(), [i * (size - ROOM) // (count - 1) for i in range(count)]))
    except FileNotFoundError:
        return []
    found = [one for line in whole for one in parsed(line, file)]
    tail = [one for line in end_of(file).splitlines()[-2:] for one in parsed(line, file)]
    return [one for one in found if not tail or one["step"] < tail[-1]["step"]] + tail[-1:]


def lines_at(handle: int, places: list[int]) -> Iterator[bytes]:
    """Yield the first whole line after each of `places`; nothing where none begins within `ROOM` bytes."""
    for place in places:
        parts = os.pread(handle, ROOM, place).split(b"\n")
        if len(parts) > 2:
            yield parts[1]


def last_scores(file: Path) -> list[dict[str, Any]]:
    """Return the scores at the end of a file that are of the metric which decides which step is best.

    Raises:
        Damaged: It is no plain file, or larger than any that a run writes.
    """
    content = end_of(file, most=MAX_LINES).splitlines()[-200:]
    lines = [found for line in content for found in parsed(line, file)]
    at_step = [line for line in lines if line["step"] == lines[-1]["step"]]
    return [line for line in lines if line.get("metric") == at_step[0].get("metric")]


def remaining(config: dict[str, Any], lines: list[dict[str, Any]]) -> tuple[int | None, float | None]:
    """Return the step at which a run ends, as far as its settings say so, and the seconds until its end.

    Args:
        config: The run's configuration.
        lines: Some lines of its metrics. The speed is that of the last quarter of them.
    """
    last, before = (lines[-1], lines[-1 - max(1, len(lines) // 4)]) if len(lines) > 1 else ({}, {})
    values = {**(config.get("trainer") or {}), **config}
    totals = {unit: values.get(name.rpartition(".")[2]) for unit, name in LENGTHS.items()}
    seconds = []
    for unit, total in totals.items():
        if is_number(total) and total > 0 and all(is_number(line.get(unit)) for line in (last, before)):
            gained, passed = last[unit] - before[unit], (last.get("seconds") or 0) - (before.get("seconds") or 0)
            if gained > 0 and passed > 0:
                seconds.append(max(0.0, (total - last[unit]) * passed / gained))
    steps = totals["step"]
    return (steps if type(steps) is int and steps > 0 else None), (round(min(seconds), 1) if seconds else None)


def spark(lines: list[dict[str, Any]], scores: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return a small curve: the score over training, or a loss while there are few scores. Heights are 0 to 99."""
    names = [name for name in (lines[-1] if lines else {}) if "/" in name]
    loss = next((name for name in names if name.startswith("generator/")), names[0] if names else "")
    name, source = (str(scores[-1].get("metric")), "value") if len(scores) > 2 else (loss, loss)
    points = [line.get(source) for line in (scores[-SPARK:] if source == "value" else lines)]
    values = [value for value in points if is_number(value)]
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    scale = 99 / (high - low) if high > low else 0
    return {"name": short(name), "points": [round((value - low) * scale) for value in values]}
