"""Runs the cells of a study through an engine: retries, stop signals, and runs that another process trains.

An engine only starts jobs and tells when each has ended, so a new engine is one small file: `local.py` is the pattern.
"""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol, runtime_checkable

from gan_zoo.run.files import held
from gan_zoo.studies.board import Job
from gan_zoo.studies.reading import Study
from gan_zoo.studies.screen import Screen

POLL = 0.05  # seconds between looks at the jobs
FOREIGN_POLL = 1.0  # seconds between looks at runs that another process trains, and at scores of running jobs


@runtime_checkable
class Started(Protocol):
    """A job that an engine has started."""

    def exit_code(self) -> int | None:
        """Return the exit code of the job, or None while it runs."""
        ...

    def stop(self) -> None:
        """Ask the job to save its run and end. A second call asks it to end at once."""
        ...


@runtime_checkable
class Engine(Protocol):
    """What starts jobs: processes of this machine, or a cluster."""

    capacity: int
    """Number of jobs that run at once."""

    def start(self, job: Job) -> Started:
        """Start `job`. It is called while fewer than `capacity` jobs run."""
        ...


MakeEngine = Callable[[list[Job], Study], Engine]
"""What a user names as `--engine package.module:callable`: from all jobs and the study to an engine."""


class Running(NamedTuple):
    """A job, and the process that runs it."""

    job: Job
    started: Started


class Scheduler:
    """Jobs that wait, jobs that run, and jobs whose run another process trains: an earlier call, or `fit` by hand.

    Args:
        jobs: What is to be run.
        engine: Where it runs.
        retries: Number of further attempts for a job that fails.
        screen: Shows and records each change.
        hopeless: Returns why a running job is not worth its time; "": it is. Such a job is stopped and not tried again.
    """

    def __init__(
        self,
        jobs: list[Job],
        engine: Engine,
        retries: int,
        screen: Screen,
        hopeless: Callable[[Job], str] = lambda job: "",
    ) -> None:
        self.waiting, self.running, self.foreign = deque(jobs), list[Running](), list[Job]()
        self.engine, self.screen = engine, screen
        self.hopeless, self.given_up = hopeless, dict[str, str]()
        self.retries = {job.cell: retries for job in jobs}
        self._looked = time.monotonic()

    def run(self) -> None:
        """Run all jobs, as many at once as the engine has room for.

        Raises:
            KeyboardInterrupt: Ctrl-C or SIGTERM came; the runs were asked to stop too, and have ended.
        """
        with collected_signals() as signals:
            self._run(signals)

    def _run(self, signals: list[int]) -> None:
        for job in [job for job in self.waiting if held(job.run.path)]:
            self._leave_to_other(job)
            self.waiting.remove(job)
        passed_on = 0
        while self.running or ((self.waiting or self.foreign) and not signals):
            while self.waiting and not signals and len(self.running) + len(self.foreign) < self.engine.capacity:
                self._start(self.waiting.popleft())
            time.sleep(POLL)
            if len(signals) > passed_on:
                passed_on = len(signals)
                for running in self.running:
                    running.started.stop()
            self._collect(stopping=bool(signals))
            if time.monotonic() - self._looked >= FOREIGN_POLL:
                self._looked = time.monotonic()
                self._look_at_foreign()
                self._give_up()
            self.screen.tick()
        if signals:
            raise KeyboardInterrupt

    def _start(self, job: Job) -> None:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        self.running.append(Running(job, self.engine.start(job)))
        attempts = self.screen.board.entries[job.cell]["attempts"] + 1
        self.screen.change(job.cell, status="running", attempts=attempts, last_line=None)

    def _collect(self, stopping: bool) -> None:
        for running in list(self.running):
            code = running.started.exit_code()
            if code is not None:
                self.running.remove(running)
                self._finish_or_retry(running.job, code, stopping)

    def _finish_or_retry(self, job: Job, code: int, stopping: bool) -> None:
        """Record the state of a job that has ended, and put it back into the queue if it is to be tried again."""
        board = self.screen.board
        if code == 0 or board.is_finished(job.cell):
            self.screen.change(job.cell, status="finished")
        elif job.cell in self.given_up:
            self.screen.change(job.cell, status="stopped", last_line=self.given_up[job.cell])
        elif stopping:
            self.screen.change(job.cell, status="waiting")
        elif held(job.run.path):  # another process began to train this run after we looked
            self._leave_to_other(job)
        elif self.retries[job.cell]:
            self.retries[job.cell] -= 1
            self.screen.change(job.cell, status="waiting", last_line=board.last_line(job.cell))
            self.waiting.append(job)
        else:
            self.screen.change(job.cell, status="failed", last_line=board.last_line(job.cell))

    def _give_up(self) -> None:
        """Stop the running jobs that are hopeless."""
        for running in self.running:
            if running.job.cell not in self.given_up and (reason := self.hopeless(running.job)):
                self.given_up[running.job.cell] = reason
                running.started.stop()

    def _leave_to_other(self, job: Job) -> None:
        self.foreign.append(job)
        self.screen.change(job.cell, status="running")

    def _look_at_foreign(self) -> None:
        for job in [job for job in self.foreign if not held(job.run.path)]:
            self.foreign.remove(job)
            finished = self.screen.board.is_finished(job.cell)
            self.screen.change(job.cell, status="finished" if finished else "waiting")
            if not finished:
                self.waiting.appendleft(job)


@contextmanager
def collected_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in the list that is yielded.

    An exception, which Python raises by default, could come between the start of a job and its record.
    """
    signals: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _: signals.append(number)) for number in numbers}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
