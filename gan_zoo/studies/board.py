"""Where the cells of a study stand: in runs/<study>/study.json, in their own directories, and in a table.

    study.json      name, the study's content, and of each cell: method, settings, hash, status (waiting, running,
                    finished, failed), attempts, last_line of its log if it failed
    .cells/         each cell's configuration, as `gan-zoo fit -c` takes it
    .replaced/      directories of cells that were edited since, under their old hash

A run's own files say whether it is finished and how far it is; study.json says whose run it is.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.run import yaml_text
from gan_zoo.run.directory import Run, refuse_unusable
from gan_zoo.run.files import held, tail, write
from gan_zoo.run.layout import LOG
from gan_zoo.studies.expand import Cell, hashed
from gan_zoo.studies.reading import Study


class Job(NamedTuple):
    """A cell to be run: what an engine is given."""

    cell: str
    command: list[str]
    """Begins the run, or goes on with it."""
    run: Run
    log: Path
    accelerator: str
    """Lightning's word: cpu, gpu, auto."""


class Board:
    """The cells of a study and their directories. Making the object touches nothing on disk.

    Args:
        study: as its file states it.
        cells: of the study.
        runs: the folder of all runs.
    """

    def __init__(self, study: Study, cells: list[Cell], runs: Path) -> None:
        self.study, self.cells, self.folder = study, cells, runs / study.name
        self.before = recorded(self.folder)
        self.entries = {cell.name: self._entry(cell) for cell in cells}

    def run(self, cell: str) -> Run:
        return Run(self.folder / cell)

    def config_file(self, cell: str) -> Path:
        return self.folder / ".cells" / f"{cell}.yaml"

    def log(self, cell: str) -> Path:
        return self.folder / cell / LOG

    def is_finished(self, cell: str) -> bool:
        """Whether its run says so; of a cell that was edited since, the run that is there is not its own."""
        return self.run(cell).record().get("status") == "finished"

    def is_edited(self, cell: Cell) -> bool:
        """Whether the directory holds a run of another configuration."""
        return self.run(cell.name).path.exists() and self.before.get(cell.name, cell._asdict())["hash"] != cell.hash

    def plan(self, chosen: Iterable[str]) -> dict[str, str]:
        """What a call is to do with each of the chosen cells: nothing ("finished"), "run", "resume" or "replace"."""
        plan = {}
        for cell in (one for one in self.cells if one.name in chosen):
            if self.is_edited(cell):
                plan[cell.name] = "replace"
            elif cell.name in self.before and self.is_finished(cell.name):
                plan[cell.name] = "finished"
            else:
                plan[cell.name] = "resume" if self.run(cell.name).has_begun() else "run"
        return plan

    def prepare(self, plan: dict[str, str]) -> None:
        """Put replaced runs aside, write the configurations of what is to run, and study.json.

        Raises:
            Mistake: a run that is to be replaced is being trained still, or a directory is not a run's.
        """
        for name, action in plan.items():
            if action == "replace" and held(self.run(name).path):
                raise Mistake(f"{self.run(name).path} still trains as it was before the cell was edited: wait for it.")
            if action in ("run", "resume"):
                refuse_unusable(self.run(name))
        for cell in (one for one in self.cells if one.name in plan):
            action, entry = plan[cell.name], self.entries[cell.name]
            if action == "replace":
                self._put_aside(cell.name)
            attempts = 0 if action == "replace" else entry["attempts"]
            status = "finished" if action == "finished" else "waiting"
            entry.update(hash=cell.hash, status=status, attempts=attempts, last_line=None)
            if action != "finished":
                self.config_file(cell.name).parent.mkdir(parents=True, exist_ok=True)
                write(self.config_file(cell.name), yaml.safe_dump(cell.config, sort_keys=False).encode())
        self.save()

    def change(self, cell: str, **values: Any) -> None:
        """Change some of status, attempts and last_line of a cell."""
        self.entries[cell] |= values
        self.save()

    def save(self) -> None:
        content = {"name": self.study.name, "study": self.study.content, "cells": self.entries}
        write(self.folder / "study.json", json.dumps(content, indent=1, default=str).encode())

    def last_line(self, cell: str) -> str:
        """What its log ends with."""
        return shorten(next((line for line in reversed(tail(self.log(cell))) if line.strip()), "it printed nothing"))

    def table(self, names: Iterable[str]) -> list[str]:
        """A line for each cell, below a heading: status, step, seconds, last score, last event, how a run failed."""
        names = list(names)
        wide = max(map(len, [*names, "cell"]))
        lines = [f"{'cell':<{wide}}  {'status':<8} {'step':>8} {'seconds':>8}  score"]
        for name in names:
            row, entry = self.run(name).row(), self.entries[name]
            score = "-" if row["value"] is None else f"{row['metric']} {row['value']:.4g}"
            line = f"{name:<{wide}}  {entry['status']:<8} {row['step']:>8} {row['seconds']:>8.0f}  {score}"
            if events := row.get("events"):
                line = f"{line}  {events[-1]['kind']} at step {events[-1]['step']}"
            lines.append(f"{line}  {entry['last_line']}" if entry["status"] == "failed" else line)
        return lines

    def _entry(self, cell: Cell) -> dict[str, Any]:
        entry = self.before.get(cell.name, {})
        return {
            "method": cell.method,
            "settings": cell.settings,
            "hash": entry.get("hash", cell.hash),  # of the run that is there
            "status": entry.get("status", "waiting"),
            "attempts": entry.get("attempts", 0),
            "last_line": entry.get("last_line"),
        }

    def _put_aside(self, cell: str) -> None:
        aside = self.folder / ".replaced"
        aside.mkdir(exist_ok=True)
        name = f"{cell}-{self.before[cell]['hash']}"
        names = [name, *(f"{name}-{number}" for number in range(2, 1000))]  # edited to and fro
        os.replace(self.run(cell).path, aside / next(name for name in names if not (aside / name).exists()))


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """The cells in study.json; where that is lost, their names and hashes by .cells/."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, json.JSONDecodeError, KeyError):
        return json.loads((folder / "study.json").read_text())["cells"]
    files = (folder / ".cells").glob("*.yaml")
    return {file.stem: {"hash": hashed(yaml_text.read(file, yaml_text.Plain))} for file in files}
