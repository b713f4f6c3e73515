"""Pictures of a run while somebody looks: asks a process that loads torch, which this one never does.

    playground = Playground()
    playground.controls(Run("runs/x"))
    playground.picture(Run("runs/x"), "sample", {"seed": "3"}).content

The process is started with the first request, ends after some minutes without one, and is started again if it was
killed. It does one thing at a time. Of the requests of one client that wait, only the latest is met.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from gan_zoo import __version__
from gan_zoo.dashboard.controls import UPLOAD
from gan_zoo.dashboard.messages import receive, send
from gan_zoo.dashboard.stamps import Stamp, stamp
from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run

PATIENCE = 120.0
"""Seconds for one request, after which the process is ended."""
IDLE = 600.0
"""Seconds without a request after which the process ends and gives its memory back."""
MOST_WAITING = 16
"""Number of clients whose requests may wait."""
SENT = 32
"""Number of images of users that are kept; each takes less than 1 MB."""
LARGEST = 20 << 20
"""Bytes of the largest image file that a user may send."""


class Superseded(Exception):
    """A newer request of the same client has taken the place of this one."""


class Unavailable(Exception):
    """The request cannot be met now, for a reason that is not in it. The same request may be met later."""


@dataclass(frozen=True)
class Picture:
    """A picture as the bytes of a PNG file, and a tag that is the same for the same picture."""

    content: bytes
    tag: str


@dataclass
class _Waiting:
    """A request that has not been answered."""

    message: dict[str, Any]
    files: list[bytes]
    answer: "Future[tuple[dict[str, Any], list[bytes]]]"


class Playground:
    """Answers requests of many clients, each in a thread of its own, by one process that makes pictures.

    Args:
        allow_modules: Modules beside ours that a run may name.
        patience: Seconds for one request.
        idle: Seconds without a request after which the process ends.
    """

    def __init__(self, allow_modules: tuple[str, ...] = (), patience: float = PATIENCE, idle: float = IDLE) -> None:
        self.allow_modules, self.patience, self.idle = allow_modules, patience, idle
        self.process: subprocess.Popen[bytes] | None = None
        """The process that makes pictures; None if none is needed now."""
        self._waiting: OrderedDict[object, _Waiting] = OrderedDict()
        self._sent: OrderedDict[str, bytes] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def controls(self, run: Run) -> list[dict[str, Any]]:
        """Return what the run can show: its modes, each with its controls, as plain values.

        Raises:
            Mistake: The run has nothing to show.
            Unavailable: The process has ended, or is too busy.
        """
        message, _ = self._ask({"kind": "controls", "run": str(run.path.resolve())})
        return message["modes"]

    def picture(self, run: Run, mode: str, values: Mapping[str, str], client: str = "") -> Picture:
        """Return a picture.

        Args:
            run: The run.
            mode: Name of one of its modes.
            values: Values of its controls, as text; the others have their defaults.
            client: Name of whoever asks. Only the latest of its waiting requests is met; "": all are.

        Raises:
            Mistake: The run has no such mode, or a value is out of its limits.
            Superseded: A newer request of this client has come.
            Unavailable: The process has ended, or is too busy.
        """
        names = [value for value in dict.fromkeys(values.values()) if UPLOAD.fullmatch(value)]
        with self._changed:
            there = {name: self._sent[name] for name in names if name in self._sent}
        message = {"kind": "picture", "run": str(run.path.resolve()), "mode": mode, "values": dict(values)}
        answer, files = self._ask(message | {"sent": list(there)}, [*there.values()], client)
        return Picture(files[0], tag(run, mode, values, answer["stamp"]))

    def tag(self, run: Run, mode: str, values: Mapping[str, str]) -> str:
        """Return the tag of a picture without making it."""
        return tag(run, mode, values, stamp(run.path.resolve()))

    def keep(self, content: bytes) -> str:
        """Keep an image that a user has sent, cut to a square and reduced, and return its name.

        Raises:
            Mistake: It is too large, damaged, or no image.
            Unavailable: The process has ended, or is too busy.
        """
        if len(content) > LARGEST:
            raise Mistake(f"Your file has {len(content):,} bytes: it may have {LARGEST:,}.")
        name = hashlib.sha256(content).hexdigest()[:24]
        with self._changed:
            is_known = name in self._sent
        reduced = self._sent[name] if is_known else self._ask({"kind": "reduce"}, [content])[1][0]
        with self._changed:
            self._sent[name] = reduced
            self._sent.move_to_end(name)
            while len(self._sent) > SENT:
                self._sent.popitem(last=False)
        return name

    def close(self) -> None:
        """End the process and refuse what waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if process := self.process:
            process.kill()
        if self._thread:
            self._thread.join()

    def _ask(
        self, message: dict[str, Any], files: list[bytes] | None = None, client: str = ""
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Return the answer to a message, and its files."""
        waiting = _Waiting(message, files or [], Future())
        key: object = client or waiting.answer
        with self._changed:
            if self._is_closed:
                raise Unavailable("The playground is closed.")
            if older := self._waiting.get(key):
                older.answer.set_exception(Superseded())
            elif len(self._waiting) >= MOST_WAITING:
                raise Unavailable("Too many pictures are waited for: try again.")
            self._waiting[key] = waiting
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="playground", daemon=True)
                self._thread.start()
            self._changed.notify()
        answer, results = waiting.answer.result()
        if "mistake" in answer:
            raise Mistake(answer["mistake"])
        if "error" in answer:
            raise Unavailable(f"The picture could not be made: {answer['error']}")
        return answer, results

    def _work(self) -> None:
        """Answer requests one by one, the oldest first, until the playground is closed."""
        while waiting := self._next():
            try:
                waiting.answer.set_result(self._exchange(waiting))
            except Exception as error:  # whatever it is, whoever asked must not wait for ever
                waiting.answer.set_exception(error)
        self._end()

    def _next(self) -> _Waiting | None:
        """Wait for a request and return it; None if the playground is closed. End the process if none comes."""
        with self._changed:
            while not self._waiting and not self._is_closed:
                if not self._changed.wait(self.idle if self.process else None):
                    self._end()
            if self._is_closed:
                for waiting in self._waiting.values():
                    waiting.answer.set_exception(Unavailable("The playground is closed."))
                return None
            return self._waiting.popitem(last=False)[1]

    def _exchange(self, waiting: _Waiting) -> tuple[dict[str, Any], list[bytes]]:
        """Send a request to the process, and return the answer.

        Raises:
            Unavailable: The process ended, or was ended for being too slow.
        """
        if self.process is None or self.process.poll() is not None:
            self._end()
            self.process = started(self.allow_modules)
            if self._is_closed:
                raise Unavailable("The playground is closed.")
        process = self.process
        assert process.stdin and process.stdout
        clock = threading.Timer(self.patience, process.kill)
        clock.start()
        try:
            send(process.stdin, waiting.message, *waiting.files)
            received = receive(process.stdout)
        except BrokenPipeError:
            received = None
        finally:
            is_slow = not clock.is_alive()
            clock.cancel()
        if received:
            return received
        self._end()
        reason = f"took more than {self.patience:g} s" if is_slow else f"has ended, with code {process.returncode}"
        raise Unavailable(f"The process that makes pictures {reason}. The next picture starts it again.")

    def _end(self) -> None:
        """End the process, if there is one, and wait for it."""
        if process := self.process:
            self.process = None
            process.kill()
            process.communicate()


def started(allow_modules: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    """Return a new process that makes pictures. It sees no GPU, whose memory a training needs."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "gan_zoo.dashboard.player", *allow_modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": path},
    )


def tag(run: Run, mode: str, values: Mapping[str, str], state: Stamp) -> str:
    """Return a hash of the run, the state of its files and the values that a picture is made from."""
    facts = [__version__, str(run.path.resolve()), state, mode, sorted(values.items())]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]
