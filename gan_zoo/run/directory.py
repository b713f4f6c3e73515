"""A run's directory: what lies where, and what is said of it.

    config.yaml             the whole resolved configuration, without the run's name
    run.json                status, model, data, seed, devices, versions, times, speed, error
    metrics.jsonl           one object a line: step, images, seconds, then values
    evaluations.jsonl       one object a line: step, images, metric, value, interval, protocol
    images/                 step_00001000.png
    checkpoints/            last.ckpt, previous.ckpt, best.ckpt, best_00001000.ckpt, step_00001000.safetensors
    model.safetensors       the generator to be sampled, with its configuration

`layout.py` holds the names of all files that a run writes.

Loads no torch: `status` and `report` answer at once.
"""

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from gan_zoo.errors import Mistake
from gan_zoo.run import layout, yaml_text
from gan_zoo.run.files import extend, finite, held, last, lines, lock, write

STALE_AFTER = 300.0  # seconds without a heartbeat after which a "running" run is taken for dead


class Run:
    """The directory of one run. Making the object touches nothing on disk."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
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
        """Whether this process writes to the directory: training has truly begun."""
        self._lock: BinaryIO | None = None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_held(self) -> bool:
        """Whether this process has the directory to itself."""
        return self._lock is not None

    def exists(self) -> bool:
        """Return whether the directory is that of a run: every record of ours has a heartbeat."""
        return self.record_file.is_file() and ("heartbeat" in self.record() or self.has_begun())

    def hold(self) -> None:
        """Take the directory for this process if a run is there. Nothing is written, and no directory made.

        Raises:
            Mistake: it cannot be written, holds something that is no run, or another process trains in it.
        """
        refuse_unusable(self)
        if self.exists():
            self._take()

    def create(self) -> None:
        """Make the directory and take it for this process.

        Raises:
            Mistake: it cannot be written, holds something that is no run, or another process trains in it.
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
        """Let another process train here."""
        if self._lock:
            self._lock.close()
            self._lock = None
        self.has_started = False

    def has_begun(self) -> bool:
        """Whether there is anything to lose: a line of metrics, or a checkpoint."""
        return self.has_checkpoint() or any(lines(self.metrics_file))

    def has_checkpoint(self) -> bool:
        """Return whether there is a checkpoint that training can go on from."""
        return self.last.exists() or self.previous.exists()

    def config(self) -> dict[str, Any]:
        """The configuration that the run was started with; empty if it was never started.

        Raises:
            Mistake: the file is not YAML.
        """
        if not self.config_file.exists():
            return {}
        try:
            return yaml_text.read(self.config_file, yaml_text.Plain) or {}
        except yaml.YAMLError as error:
            raise Mistake(f"{self.config_file} is not YAML: {str(error).splitlines()[0]}.") from error

    def write_config(self, config: dict[str, Any]) -> None:
        write(self.config_file, yaml.safe_dump(config, sort_keys=False).encode())

    def record(self) -> dict[str, Any]:
        """run.json; empty if there is none, or if it is damaged."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            record = json.loads(self.record_file.read_text())
            return record if isinstance(record, dict) else {}
        return {}

    def update_record(self, **values: Any) -> None:
        """Change some entries of run.json and stamp the heartbeat."""
        write(self.record_file, json.dumps(self.record() | values | {"heartbeat": now()}, indent=1).encode())

    def note_end(self, error: str | None) -> None:
        """Write down why the run ends, if training has begun and no process did yet; None: it was asked to."""
        with contextlib.suppress(OSError):  # on a full disk the record says "running", until its heartbeat is old
            if self.has_started and self.record().get("status") == "running":
                self.update_record(status="interrupted" if error is None else "failed", end=now(), error=error)

    def add_event(self, step: int, kind: str, message: str) -> None:
        """Note in run.json what went wrong at `step`; what a resumed run finds again stands there once."""
        event, events = {"step": step, "kind": kind, "message": message}, self.record().get("events", [])
        if event not in events:
            self.update_record(events=[*events, event])

    def append(self, file: Path, line: dict[str, Any]) -> None:
        """Add a line to one of the two .jsonl files, after a half-written one on a line of its own.

        Numbers that JSON has no name for become null.
        """
        with extend(file) as stream:
            stream.seek(max(stream.tell() - 1, 0))
            start = "" if stream.read() in (b"", b"\n") else "\n"
            stream.write(f"{start}{json.dumps(finite(line))}\n".encode())

    def sync(self) -> None:
        """Wait until all lines are on the disk: before a checkpoint counts on them."""
        for file in (self.metrics_file, self.evaluations_file):
            if file.exists():
                with open(file) as stream:
                    os.fsync(stream.fileno())

    def drop_after(self, file: Path, step: int) -> None:
        """Remove the lines of a .jsonl file past `step`, and a half-written last one; not those added from outside."""
        if file.exists():
            kept = [line for line in lines(file) if line["step"] <= step or "origin" in line]
            write(file, "".join(json.dumps(line) + "\n" for line in kept).encode())

    def drop_files_after(self, folder: Path, step: int) -> None:
        """Remove the `step_*` files of a folder past `step`."""
        for number, file in layout.numbered(folder, "step"):
            if number > step:
                file.unlink()

    def row(self) -> dict[str, Any]:
        """The run in one flat row: its record, its last line of metrics and its last score."""
        record = self.record()
        status = record.get("status", "unknown")
        if status == "running" and abs(age(record)) > STALE_AFTER:  # from the future: the clock was set back
            status = "running" if self._lock or held(self.path) else "stale"
        line, score = last(self.metrics_file), last(self.evaluations_file)
        return {
            "run": str(self.path),
            **record,
            "status": status,
            "step": line.get("step", 0),
            "images": line.get("images", 0),
            "seconds": line.get("seconds", 0.0),
            "metric": score.get("metric"),
            "value": score.get("value"),
        }


def runs(root: str | Path = "runs") -> list[dict[str, Any]]:
    """A row for every run below `root`, or for `root` itself: `pandas.DataFrame(gan_zoo.runs("runs/"))`.

    Raises:
        Mistake: there is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise Mistake(f"There is no folder {root}: name a run's directory or a folder of them.")
    files = sorted(root.rglob("run.json"))
    hidden = [file for file in files if any(part.startswith(".") for part in file.relative_to(root).parts)]
    return [Run(file.parent).row() for file in files if file not in hidden]


def refuse_unusable(run: Run) -> None:
    """Stop unless a run may write its files into the directory: one that is new, empty, or a run's already.

    Raises:
        Mistake: says what is there instead.
    """
    folder = run.path
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if reason := unwritable(there):
        raise Mistake(f"The run directory {folder} cannot be written: {reason}.")
    if there != folder:
        return
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
    """Return why no directory can be made in `place`, "" if one can."""
    if not place.is_dir():
        return "Not a directory"
    if os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return ""
    return "Read-only file system" if os.statvfs(place).f_flag & os.ST_RDONLY else "Permission denied"


def first_run_in(folder: Path) -> Path | None:
    """Return the directory of a run below `folder`, None if there is none."""
    found = (file.parent for file in folder.rglob("run.json") if file.parent != folder)
    return next((path for path in found if Run(path).exists()), None)


def now() -> str:
    """The time as run.json holds it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def age(record: dict[str, Any]) -> float:
    """Seconds since the last heartbeat."""
    return time.time() - datetime.fromisoformat(record.get("heartbeat", now())).timestamp()
