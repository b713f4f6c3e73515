"""Mirror a run to wandb and TensorBoard. A slow, broken or missing tracker never slows, changes or stops the run."""

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
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as L

from datamodules.names import real
from gan_zoo.callbacks.session import SessionCallback, tell_nobody
from gan_zoo.callbacks.tensorboard import TensorBoard
from gan_zoo.errors import Mistake
from gan_zoo.metrics.names import direction
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run

MOST_WAITING = 1000  # messages (lines, scores, grids) that may wait for the tracker; each is below 1 kB
PATIENCE = 10.0  # seconds for waiting messages at the end of a run; wandb itself needs 1 to 3
FAREWELL = 1.0  # seconds for an abandoned tracker to clean up


class Tracker(Protocol):
    """A service that mirrors a run. All methods but `abandon` run on a separate thread, and may block and raise."""

    def log(self, kind: str, values: dict[str, Any]) -> None:
        """Log a message of `Session.tell`."""

    def finish(self) -> None:
        """Store everything that was logged: nothing more comes."""

    def abandon(self) -> None:
        """Stop at once: the run does not wait any longer."""


class Wandb:
    """wandb in a separate process (`wandb_mirror.py`), with all its files in the run's directory.

    Args:
        run: Run to mirror.
        identity: The id of the run at wandb.
        project: The project at wandb.
    """

    def __init__(self, run: Run, identity: str, project: str) -> None:
        path = real(run.path)
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by `_end`)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("wandb_mirror.py"))],
            stdin=subprocess.PIPE,
            stdout=self._output,
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
        if message := self._end():
            raise RuntimeError(message)

    def abandon(self) -> None:
        self._process.kill()  # threads that wait for the process continue

    def _send(self, message: Any) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise RuntimeError(self._end() or "its process has ended") from error

    def _end(self) -> str:
        """Wait for the process to end, and return its message, "" if it ended without an error."""
        assert self._process.stdin
        with self._output:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            code = self._process.wait()
            self._output.seek(0)
            message = " ".join(self._output.read().split())
        return message or (f"its process ended with code {code}" if code else "")


class Mirror:
    """Pass messages to a tracker on a separate thread. Print once if a message is lost, and never raise.

    Args:
        make: Function that opens the tracker; called on that thread.
    """

    def __init__(self, make: Callable[[], Tracker]) -> None:
        self._make = make
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._tracker: Tracker | None = None
        self._given_up = self._has_said = False

    def start(self) -> None:
        """Open the tracker, unless it is open already."""
        if not self._thread.ident:
            self._thread.start()

    def put(self, kind: str, values: dict[str, Any]) -> None:
        """Add a message to the queue, and return at once whatever the tracker does."""
        if self._given_up:
            return
        try:
            self._waiting.put_nowait((kind, values))
        except queue.Full:
            self._say(f"it lags {MOST_WAITING} lines behind, and some are left out")

    def close(self, patience: float) -> None:
        """Wait until the tracker has all messages, for at most `patience` seconds."""
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
    """Mirror every line of metrics, every score and every grid to wandb, and to TensorBoard if you wish.

    wandb runs offline, in the run's own directory, unless it finds a key (WANDB_API_KEY or netrc) or WANDB_MODE says
    otherwise. A resumed run keeps its id; the steps that it repeats appear twice at wandb.

    Args:
        wandb: Whether to mirror the run to wandb.
        project: Project at wandb, which groups the runs to compare.
        tensorboard: Whether to write TensorBoard's files too, in the folder tensorboard/ of the run.

    Raises:
        Mistake: `tensorboard` is true, and the package is not installed.
    """

    tracker: Callable[[Run, str, str], Tracker] = Wandb

    def __init__(self, wandb: bool = True, project: str = "gan-zoo", tensorboard: bool = False) -> None:
        if tensorboard and find_spec("tensorboard") is None:
            raise Mistake(
                "tracking.tensorboard is true, and the package tensorboard is not installed: "
                "pip install 'gan-zoo[tensorboard]', or leave it out."
            )
        self.wandb, self.project, self.tensorboard = wandb, project, tensorboard
        self._id = ""
        self._mirrors: list[Mirror] = []

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        run = self.files(trainer)
        if run is None:
            return
        if self.wandb and os.environ.get("WANDB_MODE") != "disabled":
            self._id = identity = self._id or run.record().get("wandb_id") or secrets.token_hex(4)
            run.update_record(wandb_id=identity)
            self._mirrors.append(Mirror(lambda: type(self).tracker(run, identity, self.project)))
        if self.tensorboard:
            step = trainer.global_step
            self._mirrors.append(Mirror(lambda: TensorBoard(run, step)))
        if self._mirrors:
            self.session.tell = self._put

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        for mirror in self._mirrors:
            mirror.start()  # not before the loader has forked its workers: they would inherit half a thread

    def teardown(self, trainer: L.Trainer, module: GenerativeModule, stage: str) -> None:
        self._close()

    def on_exception(self, trainer: L.Trainer, module: GenerativeModule, exception: BaseException) -> None:
        self._close()

    def state_dict(self) -> dict[str, str]:
        return {"wandb_id": self._id}

    def load_state_dict(self, state: dict[str, str]) -> None:
        self._id = state["wandb_id"]

    def _put(self, kind: str, values: dict[str, Any]) -> None:
        for mirror in self._mirrors:
            mirror.put(kind, values)

    def _close(self) -> None:
        self.session.tell = tell_nobody
        for mirror in self._mirrors:
            mirror.close(PATIENCE)
        self._mirrors = []
