"""Keep the state of a study's cells: in runs/<study>/study.json, in the cells' directories, and in a table.

    study.json      name and content of the study, and for each cell: method, settings, hash, status (waiting, running,
                    finished, failed, stopped), attempts, and last_line of its log if it failed, or why it was stopped
    .cells/         the configuration of each cell, as `gan-zoo fit -c` takes it
    .replaced/      directories of runs whose cells were edited afterwards, named by their old hash

The files of a run say how far it is and whether it is finished; study.json says which cell the run belongs to.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.run.directory import Run, refuse_unusable
from gan_zoo.run.files import held, tail, write
from gan_zoo.run.layout import LOG
from gan_zoo.run.reading import Damaged, read_json, read_yaml
from gan_zoo.run.schemas import STUDY, whole_cells
from gan_zoo.studies.expand import Cell, hashed
from gan_zoo.studies.reading import Study

DONE = ("finished", "stopped")
"""Cells with one of these states are not run again. A cell is stopped if its trial was hopeless."""


class Job(NamedTuple):
    """A cell to run, in the form that an engine takes."""

    cell: str
    command: list[str]
    """The command that starts the run or resumes it."""
    run: Run
    log: Path
    accelerator: str
    """Lightning's name of the accelerator: cpu, gpu, auto."""


class Board:
    """The cells of a study and their directories. Creating the object writes nothing to the disk.

    Args:
        study: The study.
        cells: The cells of the study.
        runs: The folder of all runs.
    """

    def __init__(self, study: Study, cells: list[Cell], runs: Path) -> None:
        self.study, self.cells, self.folder = study, cells, runs / study.name
        self.before = recorded(self.folder)
        self.entries = {cell.name: self._entry(cell) for cell in cells}

    def run(self, cell: str) -> Run:
        """Return the run of `cell`."""
        return Run(self.folder / cell)

    def config_file(self, cell: str) -> Path:
        """Return the file with the configuration of `cell`."""
        return self.folder / ".cells" / f"{cell}.yaml"

    def log(self, cell: str) -> Path:
        """Return the file that gets the output of `cell`."""
        return self.folder / cell / LOG

    def is_finished(self, cell: str) -> bool:
        """Return whether the run in the directory of `cell` is finished, even if the cell was edited afterwards."""
        return self.run(cell).record().get("status") == "finished"

    def is_edited(self, cell: Cell) -> bool:
        """Return whether the directory of `cell` contains a run with another configuration."""
        return self.run(cell.name).path.exists() and self.before.get(cell.name, cell._asdict())["hash"] != cell.hash

    def plan(self, chosen: Iterable[str]) -> dict[str, str]:
        """Return what to do with each of the chosen cells.

        This is nothing ("finished", or "stopped" early), "run", "resume" or "replace".
        """
        plan = {}
        for cell in (candidate for candidate in self.cells if candidate.name in chosen):
            if self.is_edited(cell):
                plan[cell.name] = "replace"
            elif cell.name in self.before and self.is_finished(cell.name):
                plan[cell.name] = "finished"
            elif self.entries[cell.name]["status"] == "stopped" and self.run(cell.name).record():
                plan[cell.name] = "stopped"
            else:
                plan[cell.name] = "resume" if self.run(cell.name).has_begun() else "run"
        return plan

    def prepare(self, plan: dict[str, str]) -> None:
        """Move replaced runs aside, and write study.json and the configurations of the cells to run.

        Raises:
            Mistake: A run to be replaced is still being trained, or a directory is not the directory of a run.
        """
        for name, action in plan.items():
            if action == "replace" and held(self.run(name).path):
                raise Mistake(f"{self.run(name).path} still trains as it was before the cell was edited: wait for it.")
            if action in ("run", "resume"):
                refuse_unusable(self.run(name))
        for cell in (candidate for candidate in self.cells if candidate.name in plan):
            action, entry = plan[cell.name], self.entries[cell.name]
            if action == "replace":
                self._put_aside(cell.name)
            attempts = 0 if action == "replace" else entry["attempts"]
            status = action if action in DONE else "waiting"
            last_line = entry["last_line"] if action == "stopped" else None
            entry.update(hash=cell.hash, status=status, attempts=attempts, last_line=last_line)
            if action not in DONE:
                self.config_file(cell.name).parent.mkdir(parents=True, exist_ok=True)
                write(self.config_file(cell.name), yaml.safe_dump(cell.config, sort_keys=False).encode())
        self.save()

    def change(self, cell: str, **values: Any) -> None:
        """Change status, attempts or last_line of a cell, and save study.json."""
        self.entries[cell] |= values
        self.save()

    def save(self) -> None:
        """Write study.json."""
        content = {"name": self.study.name, "study": self.study.content, "cells": self.entries}
        write(self.folder / "study.json", json.dumps(content, indent=1, default=str).encode())

    def last_line(self, cell: str) -> str:
        """Return the last line in the log of `cell` that is not empty."""
        return shorten(next((line for line in reversed(tail(self.log(cell))) if line.strip()), "it printed nothing"))

    def table(self, names: Iterable[str]) -> list[str]:
        """Return a heading and a line for each cell: status, step, seconds, last score, last event and last line."""
        names = list(names)
        width = max(map(len, [*names, "cell"]))
        lines = [f"{'cell':<{width}}  {'status':<8} {'step':>8} {'seconds':>8}  score"]
        for name in names:
            row, entry = self.run(name).row(), self.entries[name]
            score = "-" if row["value"] is None else f"{row['metric']} {row['value']:.4g}"
            line = f"{name:<{width}}  {entry['status']:<8} {row['step']:>8} {row['seconds']:>8.0f}  {score}"
            if events := row.get("events"):
                line = f"{line}  {events[-1]['kind']} at step {events[-1]['step']}"
            lines.append(f"{line}  {entry['last_line']}" if entry["status"] in ("failed", "stopped") else line)
        return lines

    def _entry(self, cell: Cell) -> dict[str, Any]:
        """Return what study.json holds about a cell."""
        entry = self.before.get(cell.name, {})
        return {
            "method": cell.method,
            "settings": cell.settings,
            "hash": entry.get("hash", cell.hash),  # the hash of the run in the directory
            "status": entry.get("status", "waiting"),
            "attempts": entry.get("attempts", 0),
            "last_line": entry.get("last_line"),
        }

    def _put_aside(self, cell: str) -> None:
        """Move the run of a cell to .replaced/, under its hash."""
        aside = self.folder / ".replaced"
        aside.mkdir(exist_ok=True)
        name = f"{cell}-{self.before[cell]['hash']}"
        # The same configuration may have been replaced before.
        names = [name, *(f"{name}-{number}" for number in range(2, 1000))]
        os.replace(self.run(cell).path, aside / next(name for name in names if not (aside / name).exists()))


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the cells in study.json. Those that are missing or damaged there are rebuilt from the files in .cells/."""
    file, cells = folder / "study.json", {}
    try:
        content = STUDY.check(read_json(file), str(file))["cells"]
        if (cells := whole_cells(content)) == content:
            return cells
        print(f"{file} holds cells that are damaged: they are read from {folder / '.cells'} instead.")
    except FileNotFoundError:
        pass
    except Damaged as damaged:
        print(f"{damaged} The cells are read from {folder / '.cells'} instead.")
    rebuilt = {file.stem: {"hash": hashed(read_yaml(file))} for file in (folder / ".cells").glob("*.yaml")}
    return rebuilt | cells
