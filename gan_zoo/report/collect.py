"""Read run directories, and the studies that they belong to, as plain data.

No damaged file stops the report. A run may be training at this moment, may have been killed in the middle of a line,
or may come from an older version of this package: the report takes what it can read and leaves out the rest.
A run with a file that cannot be read is shown as damaged.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from gan_zoo.errors import Mistake
from gan_zoo.report.scores import Line, by_kind, timed
from gan_zoo.run.config import flat
from gan_zoo.run.directory import STALE_AFTER, Run, age
from gan_zoo.run.files import lines, tail
from gan_zoo.run.layout import LOG
from gan_zoo.run.reading import Damaged, read_json
from gan_zoo.run.schemas import STUDY, whole_cells

LAST_LINES = 12
"""Number of lines that are shown from the end of a failed run's log."""
Content = TypeVar("Content")


@dataclass
class Result:
    """One run, with whatever it has recorded so far."""

    path: Path
    name: str
    """The name of the run, unique within the report."""
    study: str = ""
    """The name of the study; empty if the run belongs to none."""
    method: str = ""
    """The name that the study gives to what was trained; without a study, the name of the model."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The settings from the study's matrix, without the seed."""
    seed: int | None = None
    status: str = "unknown"
    """finished, failed, interrupted, running, stale (no heartbeat), damaged, or the status in study.json."""
    error: str = ""
    """One line that says why the run did not finish."""
    log: list[str] = field(default_factory=list)
    """The last lines that a failed run printed."""
    record: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    """The flat configuration without `init_args`: {"model.width": 64}."""
    metrics: list[Line] = field(default_factory=list)
    """Lines of metrics.jsonl, sorted by step; numbers that are not finite are None."""
    evaluations: list[Line] = field(default_factory=list)
    """Lines of evaluations.jsonl in the order they were written, each with the `seconds` of its step."""
    grids: list[tuple[int, Path]] = field(default_factory=list)
    """Sample grids as pairs of step and file, the earliest first."""
    neighbours: Path | None = None
    """The latest picture that shows samples beside their nearest neighbours among the training images."""

    @cached_property
    def scores(self) -> dict[str, list[Line]]:
        """The evaluations, grouped by score and protocol and sorted by step."""
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
        """The events that the watchdog recorded, each with step, kind and message."""
        return self.record.get("events", [])

    @property
    def last(self) -> Line:
        """The last line of metrics; empty if there is none."""
        return self.metrics[-1] if self.metrics else {}

    @property
    def step(self) -> int:
        """The last step that the run recorded."""
        return max([self.last.get("step", 0), *(line["step"] for line in self.evaluations)])


def collect(paths: list[Path]) -> list[Result]:
    """Return every run at or below `paths`, once, and the cells of studies there that have no run yet.

    Raises:
        Mistake: There is no such folder, or no run in it.
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
    """Yield the folders at or below `root` that contain a file `name`, without hidden folders."""
    for file in root.rglob(name):
        if not any(part.startswith(".") for part in file.relative_to(root).parts):
            yield file.parent


def unstarted(folder: Path) -> list[Path]:
    """Return the directories of those cells of a study that have no run.json yet."""
    runs = [folder / cell for cell in read_study(folder).get("cells", {}) if Path(cell).name == cell]
    return [run for run in runs if not (run / "run.json").exists() and not run.is_symlink()]


def is_own(file: Path, run: Path) -> bool:
    """Return whether `file` really is inside the folder `run`."""
    # A link may lead to any file of this machine, which the page would then show to others.
    return file.is_file() and not file.is_symlink() and file.resolve().is_relative_to(run.resolve())


def labels(folders: list[Path]) -> dict[Path, str]:
    """Return a name for each run: its path below the folder that all runs have in common."""
    shared = Path(os.path.commonpath([folder.parent for folder in folders]))
    return {folder: folder.relative_to(shared).as_posix() for folder in folders}


def read(folder: Path, name: str, study: dict[str, Any]) -> Result:
    """Return one run.

    Args:
        folder: The run's directory.
        name: The run's name in the report.
        study: The content of the study's study.json, which is used for whatever the run's own record does not say.
    """
    run = Run(folder)
    damages: list[str] = []
    metrics = attempt(lambda: list(lines(run.metrics_file)), [], damages)
    evaluations = attempt(lambda: list(lines(run.evaluations_file)), [], damages)
    return assemble(run, name, study, metrics, evaluations, damages)


def assemble(
    run: Run, name: str, study: dict[str, Any], metrics: list[Line], evaluations: list[Line], damages: list[str]
) -> Result:
    """Return one run, of whose two .jsonl files the lines are given. Its other files are read now.

    Args:
        run: The run's directory.
        name: The run's name in the report.
        study: The content of the study's study.json.
        metrics: Lines of metrics.jsonl.
        evaluations: Lines of evaluations.jsonl.
        damages: What is wrong with these two files.
    """
    folder, damages = run.path, [*damages]
    record, config = attempt(run.checked_record, {}, damages), attempt(lambda: read_config(run), {}, damages)
    metrics = sorted(metrics, key=lambda line: line["step"])
    cells = study.get("cells", {})
    cell = cells.get(folder.name, {})
    settings = cell.get("settings", {})
    # Folders of one name are seeds of one method only if somebody said which seeds.
    apart = {"images": record["images_fingerprint"]} if record.get("images_fingerprint") else {}
    seeds = [place["seed"] for place in (record, config, settings) if isinstance(place.get("seed"), int)]
    status = "damaged" if damages else status_of(record, cell)
    error = damages[0] if damages else record.get("error") or cell.get("last_line") or ""
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
        error="" if status in ("finished", "running") else error,
        log=last_lines(folder) if status == "failed" else [],
        record=record,
        config=config,
        metrics=metrics,
        evaluations=timed(evaluations, metrics),
        grids=grids(run),
        neighbours=latest_neighbours(run),
    )


def last_lines(folder: Path) -> list[str]:
    """Return the last lines in the log of a run, without empty ones."""
    log = folder / LOG
    return [line for line in tail(log) if line.strip()][-LAST_LINES:] if is_own(log, folder) else []


def attempt(reader: Callable[[], Content], empty: Content, damages: list[str]) -> Content:
    """Return what `reader` reads. If the file is damaged, add the message to `damages` and return `empty`."""
    try:
        return reader()
    except Damaged as damaged:
        damages.append(str(damaged))
        return empty


def status_of(record: dict[str, Any], cell: dict[str, Any]) -> str:
    """Return the status of a run from its record and from its cell in study.json.

    A run that is recorded as running may be dead: then the study says so, or its heartbeat is old.
    """
    in_study = cell.get("status") or ""
    recorded = record.get("status") or in_study or "unknown"
    if recorded != "running":
        return recorded
    return "failed" if in_study == "failed" else "stale" if age(record) > STALE_AFTER else recorded


def read_study(folder: Path) -> dict[str, Any]:
    """Return the content of study.json in `folder`; empty if there is none or it is damaged."""
    file = folder / "study.json"
    with contextlib.suppress(FileNotFoundError, Damaged):
        study = STUDY.check(read_json(file), str(file))
        return study | {"cells": whole_cells(study["cells"])}
    return {}


def read_config(run: Run) -> dict[str, Any]:
    """Return the flat configuration of `run`; empty if there is none.

    Raises:
        Damaged: It cannot be read.
    """
    return {str(key).replace(".init_args", ""): value for key, value in flat(run.config()).items()}


def class_name(path: Any) -> str:
    """Return `WGAN` for `gan_zoo.models.wgan.WGAN`."""
    return str(path or "").rpartition(".")[2]


def grids(run: Run) -> list[tuple[int, Path]]:
    """Return the sample grids of `run` as pairs of step and file, sorted by step."""
    files = (file for file in run.images.glob("step_*.png") if is_own(file, run.path))
    numbered = ((file.stem.removeprefix("step_"), file) for file in files)
    return sorted((int(number), file) for number, file in numbered if number.isdigit())


def latest_neighbours(run: Run) -> Path | None:
    """Return the latest picture of samples beside their nearest training images; None if there is none."""
    return max((file for file in run.images.glob("neighbours*.png") if is_own(file, run.path)), default=None)
