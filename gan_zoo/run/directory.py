"""The directory of a run: the places of its files, its record, and its row in a table of runs.

    config.yaml             the whole resolved configuration, without the run's name
    run.json                status, model, data, seed, devices, versions, times, speed, error
    metrics.jsonl           one object a line: step, images, seconds, then values
    evaluations.jsonl       one object a line: step, images, metric, value, interval, protocol
    images/                 step_00001000.png
    checkpoints/            last.ckpt, previous.ckpt, best.ckpt, best_00001000.ckpt, step_00001000.safetensors
    model.safetensors       the generator to be sampled, with its configuration

`layout.py` holds the names of all files that a run writes.

The files may come from anywhere, so they are read by `reading.py` and checked by `schemas.py`. Loads no torch.
"""

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from datamodules.names import expanded
from gan_zoo.errors import Mistake
from gan_zoo.run import layout
from gan_zoo.run.files import extend, finite, held, last, last_score, lines, lock, write
from gan_zoo.run.reading import Damaged, read_json, read_yaml
from gan_zoo.run.schemas import CONFIG, RECORD

STALE_AFTER = 300.0  # seconds without a heartbeat after which a run that says "running" counts as dead


class Run:
    """The directory of one run. Making the object touches nothing on disk."""

    def __init__(self, path: str | Path) -> None:
        self.path = expanded(path)
        self.config_file = self.path / "config.yaml"
        self.record_file = self.path / "run.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.evaluations_file = self.path / "evaluations.jsonl"
        self.images = self.path / "images"
        self.checkpoints = self.path / "checkpoints"
        self.last = self.checkpoints / "last.ckpt"
        self.previous = self.checkpoints / "previous.ckpt"
        self.best = self.checkpoints / "best.ckpt"
        self.model_file = self.path / "model.safetensors"
        self.has_started = False
        """Whether training has begun in this process, so that it writes to the directory."""
        self._lock: BinaryIO | None = None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_held(self) -> bool:
        """Return whether this process has locked the directory."""
        return self._lock is not None

    def exists(self) -> bool:
        """Return whether the directory is that of a run: its record has a heartbeat, or there is something to lose."""
        return self.record_file.is_file() and ("heartbeat" in self.record() or self.has_begun())

    def hold(self) -> None:
        """Lock the directory for this process if it is that of a run. Nothing else is written.

        Raises:
            Mistake: It cannot be written, holds something else, or another process trains in it.
        """
        refuse_unusable(self)
        if self.exists():
            self._take()

    def create(self) -> None:
        """Make the directory and lock it for this process.

        Raises:
            Mistake: It cannot be written, holds something else, or another process trains in it.
        """
        refuse_unusable(self)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take()
            for folder in (self.images, self.checkpoints):
                folder.mkdir(exist_ok=True)
            for place, file in layout.own_files(self.path):
                if layout.is_temporary(place):  # left by a run that was killed as it wrote
                    file.unlink()
        except OSError as error:
            raise Mistake(f"The run directory {self.path} cannot be written: {error.strerror}.") from error

    def _take(self) -> None:
        if self._lock is None:
            try:
                self._lock = lock(self.path)
            except OSError as error:
                raise Mistake(f"The run directory {self.path} cannot be written: {error.strerror}.") from error
        if self._lock is None:
            raise Mistake(f"Another process is training in {self.path}: wait for it, or choose another --run.")

    def release(self) -> None:
        """Unlock the directory, so that another process can train in it."""
        if self._lock:
            self._lock.close()
            self._lock = None
        self.has_started = False

    def has_begun(self) -> bool:
        """Return whether there is anything to lose: a line of metrics, or a checkpoint.

        Raises:
            Damaged: metrics.jsonl is no plain file.
        """
        return self.has_checkpoint() or any(lines(self.metrics_file))

    def has_checkpoint(self) -> bool:
        """Return whether there is a checkpoint that training can go on from."""
        return self.last.exists() or self.previous.exists()

    def config(self) -> dict[str, Any]:
        """Return the configuration that the run was started with; {} if it was never started.

        Raises:
            Damaged: config.yaml cannot be read, or is no configuration.
        """
        try:
            return CONFIG.check(read_yaml(self.config_file), str(self.config_file))
        except FileNotFoundError:
            return {}

    def write_config(self, config: dict[str, Any]) -> None:
        """Write config.yaml."""
        write(self.config_file, yaml.safe_dump(config, sort_keys=False).encode())

    def record(self) -> dict[str, Any]:
        """Return run.json; {} if there is none, or if it is damaged, which `damage` tells."""
        try:
            return self.checked_record()
        except Damaged:
            return {}

    def checked_record(self) -> dict[str, Any]:
        """Return run.json; {} if there is none.

        Raises:
            Damaged: It cannot be read, or is no record.
        """
        try:
            return RECORD.check(read_json(self.record_file), str(self.record_file))
        except FileNotFoundError:
            return {}

    def damage(self) -> str:
        """Return what is wrong with run.json or the ends of the two .jsonl files; "" if nothing is."""
        try:
            self.checked_record()
            for file in (self.metrics_file, self.evaluations_file):
                last(file)
        except Damaged as damaged:
            return str(damaged)
        return ""

    def update_record(self, **values: Any) -> None:
        """Change some entries of run.json, and set its heartbeat to now."""
        write(self.record_file, json.dumps(self.record() | values | {"heartbeat": now()}, indent=1).encode())

    def note_end(self, error: str | None) -> None:
        """Record why the run ends, unless it has not begun or a process has done so. None: somebody stopped it."""
        with contextlib.suppress(OSError):  # on a full disk the record says "running", until its heartbeat is old
            if self.has_started and self.record().get("status") == "running":
                self.update_record(status="interrupted" if error is None else "failed", end=now(), error=error)

    def add_event(self, step: int, kind: str, message: str) -> None:
        """Record in run.json what went wrong at `step`. An event that a resumed run finds again is recorded once."""
        event, events = {"step": step, "kind": kind, "message": message}, self.record().get("events", [])
        if event not in events:
            self.update_record(events=[*events, event])

    def append(self, file: Path, line: dict[str, Any]) -> None:
        """Add a line to one of the two .jsonl files. A half-written line before it stays on a line of its own.

        Infinite numbers and NaN become null.
        """
        with extend(file) as stream:
            stream.seek(max(stream.tell() - 1, 0))
            start = "" if stream.read() in (b"", b"\n") else "\n"
            stream.write(f"{start}{json.dumps(finite(line))}\n".encode())

    def sync(self) -> None:
        """Wait until all lines are on the disk, as a checkpoint relies on them."""
        for file in (self.metrics_file, self.evaluations_file):
            if file.exists():
                with open(file) as stream:
                    os.fsync(stream.fileno())

    def drop_after(self, file: Path, step: int) -> None:
        """Remove the lines of a .jsonl file after `step`, and damaged ones. Lines that `evaluate` has added stay."""
        if file.exists():
            kept = [line for line in lines(file) if line["step"] <= step or "origin" in line]
            write(file, "".join(json.dumps(line) + "\n" for line in kept).encode())

    def drop_files_after(self, folder: Path, step: int) -> None:
        """Remove the `step_*` files of a folder after `step`."""
        for number, file in layout.numbered(folder, "step"):
            if number > step:
                file.unlink()

    def row(self) -> dict[str, Any]:
        """Return the run as one flat row: its record, its last line of metrics and the last score of its first metric.

        A damaged run has the status "damaged", and its `error` says what is wrong.
        """
        path = {"run": str(self.path)}
        if damage := self.damage():
            empty = {"step": 0, "images": 0, "seconds": 0.0, "metric": None, "value": None}
            return path | {"status": "damaged", "error": damage} | empty
        record, line, score = self.record(), last(self.metrics_file), last_score(self.evaluations_file)
        status = record.get("status", "unknown")
        if status == "running" and abs(age(record)) > STALE_AFTER:  # from the future: the clock was set back
            status = "running" if self._lock or held(self.path) else "stale"
        progress = {
            "status": status,
            "step": line.get("step", 0),
            "images": line.get("images") or 0,
            "seconds": line.get("seconds") or 0.0,
            "metric": score.get("metric"),
            "value": score.get("value"),
        }
        return path | record | path | progress  # `path` first as the first column, and again as a record may lie


def runs(root: str | Path = "runs") -> list[dict[str, Any]]:
    """Return a row for every run at or below `root`, as for `pandas.DataFrame(gan_zoo.runs("runs/"))`.

    Raises:
        Mistake: There is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise Mistake(f"There is no folder {root}: name a run's directory or a folder of them.")
    files = sorted(root.rglob("run.json"))
    hidden = [file for file in files if any(part.startswith(".") for part in file.relative_to(root).parts)]
    return [Run(file.parent).row() for file in files if file not in hidden]


def refuse_unusable(run: Run) -> None:
    """Raise a `Mistake` unless a run may write into the directory: it is new, empty, or a run's already.

    Raises:
        Mistake: Says what is there instead.
    """
    folder = run.path
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if reason := unwritable(there):
        raise Mistake(f"The run directory {folder} cannot be written: {reason}.")
    if there != folder:
        return
    if special := layout.special(folder):
        raise Mistake(
            f"{special[0]} is a {layout.kind(special[0])}, and a run writes something else there: move it away."
        )
    if not run.has_begun() and (inside := first_run_in(folder)):
        raise Mistake(
            f"{folder} is a folder of runs, such as {inside}: name a directory for one run, as --run {folder}/x."
        )
    if not run.exists() and not layout.is_unused(folder):
        raise Mistake(
            f"{folder} is not empty, and no run is in it: name a new directory, as --run {folder}/x, so that nothing "
            "there is overwritten."
        )
    if links := layout.links(folder):
        raise Mistake(f"{links[0]} is a link, and a run never writes through one: put what it names in its place.")


def unwritable(place: Path) -> str:
    """Return why no directory can be made in `place`; "" if one can."""
    if not place.is_dir():
        return "Not a directory"
    if os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return ""
    return "Read-only file system" if os.statvfs(place).f_flag & os.ST_RDONLY else "Permission denied"


def first_run_in(folder: Path) -> Path | None:
    """Return the directory of a run below `folder`; None if there is none."""
    found = (file.parent for file in folder.rglob("run.json") if file.parent != folder)
    return next((path for path in found if Run(path).exists()), None)


def now() -> str:
    """Return the time as run.json holds it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def age(record: dict[str, Any]) -> float:
    """Return the number of seconds since the last heartbeat."""
    return time.time() - datetime.fromisoformat(record.get("heartbeat", now())).timestamp()
