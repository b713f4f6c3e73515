"""A run's mirror at wandb: slow, broken or absent, it never slows the run, changes it or stops it."""

import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback, tell_nobody
from gan_zoo.metrics.names import direction
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run

MOST_WAITING = 1000  # lines, scores and pictures that a tracker may lag behind; each is below 1 kB
PATIENCE = 10.0  # seconds at the end of a run for what still waits; wandb itself takes 1 to 3 to start and end
FAREWELL = 1.0  # seconds for an abandoned tracker to tidy up


class Tracker(Protocol):
    """Where a run is mirrored. The methods may block and raise: they have a thread of their own, but for `abandon`."""

    def log(self, kind: str, values: dict[str, Any]) -> None:
        """What `Session.tell` was told."""

    def finish(self) -> None:
        """Nothing more comes: keep what was logged."""

    def abandon(self) -> None:
        """Stop at once: the run will not wait any longer."""


class Wandb:
    """wandb, in a process of its own (`wandb_mirror.py`), with all its files under the run's directory.

    Args:
        run: what is mirrored.
        identity: wandb's id of it.
        project: wandb's project.
    """

    def __init__(self, run: Run, identity: str, project: str) -> None:
        path = run.path.resolve()
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by `_end`)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("wandb_mirror.py"))],
            stdin=subprocess.PIPE,
            stdout=self._said,
            stderr=subprocess.DEVNULL,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"},
        )
        names = {"id": identity, "name": run.name, "group": path.parent.name, "project": project}
        self._send({"run": {**names, "dir": str(path), "config": run.config()}})

    def log(self, kind: str, values: dict[str, Any]) -> None:
        scores = values.keys() - {"step", "images"} if kind == "scores" else ()
        best = {"lower": "min", "higher": "max"}
        self._send([kind, values, {name: best[direction(name)] for name in scores}])

    def finish(self) -> None:
        if said := self._end():
            raise RuntimeError(said)

    def abandon(self) -> None:
        self._process.kill()  # what waits for it goes on then

    def _send(self, message: Any) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise RuntimeError(self._end() or "its process has ended") from error

    def _end(self) -> str:
        """Let the process end, and give back what it had to say."""
        assert self._process.stdin
        with self._said:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            code = self._process.wait()
            self._said.seek(0)
            said = " ".join(self._said.read().split())
        return said or (f"its process ended with code {code}" if code else "")


class Mirror:
    """Hands what it is told to a tracker on a thread of its own. Says once if something is lost, and never raises.

    Args:
        make: opens the tracker; called on the thread.
    """

    def __init__(self, make: Callable[[], Tracker]) -> None:
        self._make = make
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._tracker: Tracker | None = None
        self._given_up = self._has_said = False

    def start(self) -> None:
        """Open the tracker, unless that was done before."""
        if not self._thread.ident:
            self._thread.start()

    def put(self, kind: str, values: dict[str, Any]) -> None:
        """Hand something over; returns at once, whatever the tracker does."""
        if self._given_up:
            return
        try:
            self._waiting.put_nowait((kind, values))
        except queue.Full:
            self._say(f"it lags {MOST_WAITING} lines behind, and some are left out")

    def close(self, patience: float) -> None:
        """Wait until everything is handed over, for at most `patience` seconds."""
        if not self._thread.ident:
            return
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(patience)
        if self._thread.is_alive():
            self._say(f"it was not done {patience:g} s after the end")
            self._given_up = True
            if self._tracker:
                self._tracker.abandon()
            self._thread.join(FAREWELL)

    def _work(self) -> None:
        try:
            self._tracker = self._make()
            while (message := self._waiting.get()) and not self._given_up:
                self._tracker.log(*message)
            self._tracker.finish()
        except Exception as error:  # whatever it is, the run goes on
            if not self._given_up:
                self._given_up = True
                self._say(str(error) or type(error).__name__)

    def _say(self, what: str) -> None:
        if not self._has_said:
            self._has_said = True
            print(f"The tracker is not complete: {what}. The run is not touched by it: its own files hold everything.")


class Tracking(SessionCallback):
    """Mirrors every line of metrics, every score and every grid to wandb.

    wandb runs offline, in the run's own directory, unless it finds a key (WANDB_API_KEY or netrc) or WANDB_MODE says
    otherwise. A resumed run goes on under the same id; what it does again, wandb shows twice.

    Args:
        wandb: whether the run is mirrored at all.
        project: wandb's name for the runs that are compared.
    """

    tracker: Callable[[Run, str, str], Tracker] = Wandb

    def __init__(self, wandb: bool = True, project: str = "gan-zoo") -> None:
        self.wandb, self.project = wandb, project
        self._id = ""
        self._mirror: Mirror | None = None

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        run = self.files(trainer)
        if run is None or not self.wandb or os.environ.get("WANDB_MODE") == "disabled":
            return
        self._id = identity = self._id or run.record().get("wandb_id") or secrets.token_hex(4)
        run.update_record(wandb_id=identity)
        self._mirror = Mirror(lambda: type(self).tracker(run, identity, self.project))
        self.session.tell = self._mirror.put

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        if self._mirror:
            self._mirror.start()  # not before the loader has forked its workers: they would inherit half a thread

    def teardown(self, trainer: L.Trainer, module: GenerativeModule, stage: str) -> None:
        self._close()

    def on_exception(self, trainer: L.Trainer, module: GenerativeModule, exception: BaseException) -> None:
        self._close()

    def state_dict(self) -> dict[str, str]:
        return {"wandb_id": self._id}

    def load_state_dict(self, state: dict[str, str]) -> None:
        self._id = state["wandb_id"]

    def _close(self) -> None:
        self.session.tell = tell_nobody
        if self._mirror:
            self._mirror.close(PATIENCE)
            self._mirror = None
