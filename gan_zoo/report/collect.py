"""What lies on the disk, as plain data: run directories, and the studies that they belong to.

Nothing here stops at a damaged file. A run may be training at this moment, have been killed in the middle of a line,
or come from an older version of this package: what can be read is taken, the rest is missing.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from gan_zoo.errors import Mistake
from gan_zoo.report.scores import Line, by_kind, timed
from gan_zoo.run.config import flat
from gan_zoo.run.directory import STALE_AFTER, Run, age
from gan_zoo.run.files import tail
from gan_zoo.run.layout import LOG

LAST_LINES = 12
"""Of the log of a run that failed, shown with it."""


@dataclass
class Result:
    """One run, as far as it got."""

    path: Path
    name: str
    """Unlike every other run's in the report."""
    study: str = ""
    """Empty: none."""
    method: str = ""
    """The study's name for what was trained, or without a study the model's."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What the study's matrix sets, beside the seed."""
    seed: int | None = None
    status: str = "unknown"
    """finished, failed, interrupted, running, stale (running, without a heartbeat), or the study's word."""
    error: str = ""
    """Why a run did not finish, in a line."""
    log: list[str] = field(default_factory=list)
    """What a run that failed printed last."""
    record: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    """Flat, without `init_args`: {"model.width": 64}."""
    metrics: list[Line] = field(default_factory=list)
    """Lines by step; numbers that are not finite are None."""
    evaluations: list[Line] = field(default_factory=list)
    """Lines in the order they were written, with the `seconds` of their step."""
    grids: list[tuple[int, Path]] = field(default_factory=list)
    """Steps and pictures, the earliest first."""
    neighbours: Path | None = None
    """The latest picture of samples beside their nearest neighbours among the training images."""

    @cached_property
    def scores(self) -> dict[str, list[Line]]:
        """The evaluations by score and protocol, each by step."""
        return by_kind(self.evaluations)

    @property
    def model(self) -> str:
        """The name of the model's class."""
        return str(self.record.get("model") or class_name(self.config.get("model.class_path")))

    @property
    def is_foreign(self) -> bool:
        """Whether it holds scores of images that others generated, at no step that is known."""
        return "images_fingerprint" in self.record

    @property
    def data(self) -> str:
        """The name of the data module's class."""
        return str(self.record.get("data") or class_name(self.config.get("data.class_path")))

    @property
    def events(self) -> list[Line]:
        """What the watchdog saw: step, kind, message."""
        said = self.record.get("events")
        return [one for one in said if is_event(one)] if isinstance(said, list) else []

    @property
    def last(self) -> Line:
        """The last line of metrics."""
        return self.metrics[-1] if self.metrics else {}

    @property
    def step(self) -> int:
        """How far the run came."""
        return max([self.last.get("step", 0), *(line["step"] for line in self.evaluations)])


def collect(paths: list[Path]) -> list[Result]:
    """Every run at or below `paths`, once, and the cells of studies there that have no run yet.

    Raises:
        Mistake: no such folder, or no run in it.
    """
    folders: dict[Path, Path] = {}
    for path in paths:
        if not path.is_dir():
            raise Mistake(f"There is no folder {path}: name a run's directory, or a folder of them such as a study's.")
        runs = [*below(path, "run.json"), *(cell for study in below(path, "study.json") for cell in unstarted(study))]
        if not runs:
            raise Mistake(f"There is no run in {path}: `gan-zoo fit` makes them.")
        folders |= {folder.resolve(): folder for folder in runs}
    studies = {parent: read_study(parent) for parent in {folder.parent for folder in folders}}
    names = labels(list(folders))
    return [read(folders[folder], names[folder], studies[folder.parent]) for folder in sorted(folders)]


def below(root: Path, name: str) -> Iterator[Path]:
    """The folders at or below `root` that hold a file `name`, but for hidden ones."""
    for file in root.rglob(name):
        if not any(part.startswith(".") for part in file.relative_to(root).parts):
            yield file.parent


def unstarted(folder: Path) -> list[Path]:
    """Return where the runs of a study's cells would lie, for those that did not come as far as a run.json."""
    runs = [folder / cell for cell in read_study(folder).get("cells", {}) if Path(cell).name == cell]
    return [run for run in runs if not (run / "run.json").exists() and not run.is_symlink()]


def is_own(file: Path, run: Path) -> bool:
    """Whether `file` is one of `run` itself: a link may lead to anything, which the page would then show to others."""
    return file.is_file() and not file.is_symlink() and file.resolve().is_relative_to(run.resolve())


def labels(folders: list[Path]) -> dict[Path, str]:
    """A name for each run: its path below what all have in common."""
    shared = Path(os.path.commonpath([folder.parent for folder in folders]))
    return {folder: folder.relative_to(shared).as_posix() for folder in folders}


def read(folder: Path, name: str, study: dict[str, Any]) -> Result:
    """One run. Its study's word is taken for what its own record cannot say."""
    run = Run(folder)
    record, config = read_json(run.record_file), read_config(run)
    metrics = sorted(objects(run.metrics_file), key=lambda line: line["step"])
    cells = study.get("cells", {})
    cell = cells.get(folder.name, {})
    settings = cell["settings"] if isinstance(cell.get("settings"), dict) else {}
    # Folders of one name are seeds of one method only if somebody said which seeds.
    apart = {"images": record["images_fingerprint"]} if record.get("images_fingerprint") else {}
    seeds = [place["seed"] for place in (record, config, settings) if isinstance(place.get("seed"), int)]
    status = status_of(record, cell)
    return Result(
        path=folder,
        name=name,
        study=str(study.get("name") or folder.parent.name) if folder.name in cells else "",
        method=str(
            cell.get("method") or record.get("model") or class_name(config.get("model.class_path")) or folder.name
        ),
        settings={key: value for key, value in settings.items() if key != "seed"} | ({} if seeds else apart),
        seed=seeds[0] if seeds else None,
        status=status,
        error="" if status in ("finished", "running") else str(record.get("error") or cell.get("last_line") or ""),
        log=last_lines(folder) if status == "failed" else [],
        record=record,
        config=config,
        metrics=metrics,
        evaluations=timed(objects(run.evaluations_file), metrics),
        grids=grids(run),
        neighbours=max((file for file in run.images.glob("neighbours*.png") if is_own(file, folder)), default=None),
    )


def last_lines(folder: Path) -> list[str]:
    """Return what a run printed last, as far as it was kept."""
    log = folder / LOG
    return [line for line in tail(log) if line.strip()][-LAST_LINES:] if is_own(log, folder) else []


def is_event(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("step"), int)


def status_of(record: dict[str, Any], cell: dict[str, Any]) -> str:
    """A run that says it is running may be dead: its study knows, or its heartbeat shows."""
    told = str(cell.get("status") or "")
    own = str(record.get("status") or told or "unknown")
    if own != "running":
        return own
    if told == "failed":
        return told
    with contextlib.suppress(TypeError, ValueError):
        return "stale" if age(record) > STALE_AFTER else own
    return own


def read_study(folder: Path) -> dict[str, Any]:
    """study.json of a folder; empty without one."""
    study = read_json(folder / "study.json")
    cells = study.get("cells")
    kept = {name: cell for name, cell in cells.items() if isinstance(cell, dict)} if isinstance(cells, dict) else {}
    return study | {"cells": kept} if study else {}


def read_json(file: Path) -> dict[str, Any]:
    """Return the object in a file; empty if there is none, it is damaged, or it is a link."""
    if not is_own(file, file.parent):
        return {}
    with contextlib.suppress(OSError, ValueError):
        found = DECODER.decode(file.read_text(errors="replace").strip())
        return found if isinstance(found, dict) else {}
    return {}


def read_config(run: Run) -> dict[str, Any]:
    """Return the flat configuration; empty if there is none, it is damaged, or it is a link."""
    if not is_own(run.config_file, run.path):
        return {}
    with contextlib.suppress(OSError, ValueError, yaml.YAMLError):
        found = yaml.safe_load(run.config_file.read_text(errors="replace"))
        if isinstance(found, dict):
            return {key.replace(".init_args", ""): value for key, value in flat(found).items()}
    return {}


def class_name(path: Any) -> str:
    """`WGAN` of `gan_zoo.models.wgan.WGAN`."""
    return str(path or "").rpartition(".")[2]


def number(text: str) -> float | None:
    """A number of a JSON file; None for one that is too large."""
    value = float(text)
    return value if math.isfinite(value) else None


DECODER = json.JSONDecoder(parse_float=number, parse_constant=lambda _: None)
"""Reads NaN and Infinity, which are no JSON, as None."""


def objects(file: Path) -> Iterator[Line]:
    """Yield the whole lines of a .jsonl file that have a step, none if it is a link; infinite numbers become None."""
    if not is_own(file, file.parent):
        return
    with contextlib.suppress(OSError), open(file, errors="replace") as stream:
        for line in stream:
            with contextlib.suppress(ValueError):
                found = DECODER.decode(line.strip())
                if isinstance(found, dict) and isinstance(found.get("step"), int):
                    yield found


def grids(run: Run) -> list[tuple[int, Path]]:
    """Return the sample grids of `run` by step."""
    files = (file for file in run.images.glob("step_*.png") if is_own(file, run.path))
    numbered = ((file.stem.removeprefix("step_"), file) for file in files)
    return sorted((int(number), file) for number, file in numbered if number.isdigit())
