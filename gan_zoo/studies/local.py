"""The engine `local`: a pool of processes on this machine, each run with a fixed share of its cores or GPUs."""

import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from gan_zoo.errors import Mistake
from gan_zoo.files import extend, held
from gan_zoo.studies.board import Job
from gan_zoo.studies.reading import Study
from gan_zoo.studies.screen import Screen

POLL = 0.05  # seconds between looks at the processes
FOREIGN_POLL = 1.0  # seconds between looks at runs that another process trains

Share = dict[str, str]
"""What a run's environment says of its part of the machine."""


class Running(NamedTuple):
    job: Job
    process: subprocess.Popen
    share: Share
    log: BinaryIO


def run(jobs: list[Job], study: Study, screen: Screen) -> None:
    """Run all jobs, as many at once as the machine has room for.

    Raises:
        KeyboardInterrupt: it was asked to stop by Ctrl-C or SIGTERM; the runs were too, and have ended.
        Mistake: a run is to have more than the machine has.
    """
    on_cpu = all(job.accelerator == "cpu" for job in jobs)
    pool = Pool(jobs, shares(study, cores(), [] if on_cpu else gpus()), study.retries, screen)
    with asked_to_stop() as signals:
        pool.work(signals)


class Pool:
    """Jobs that wait, that run, and that another process runs: one left over from an earlier call, or by hand."""

    def __init__(self, jobs: list[Job], free: list[Share], retries: int, screen: Screen) -> None:
        self.waiting, self.running, self.foreign = deque(jobs), list[Running](), list[Job]()
        self.free, self.room, self.screen = free, len(free), screen
        self.retries = {job.cell: retries for job in jobs}
        self._looked = time.monotonic()

    def work(self, signals: list[int]) -> None:
        """Until nothing is left; or until the processes have ended that were sent a signal which has come in."""
        for job in [job for job in self.waiting if held(job.run.path)]:
            self._leave_to_other(job)
            self.waiting.remove(job)
        passed_on = 0
        while self.running or ((self.waiting or self.foreign) and not signals):
            while self.waiting and self.free and len(self.running) + len(self.foreign) < self.room and not signals:
                self._start(self.waiting.popleft(), self.free.pop(0))
            time.sleep(POLL)
            if len(signals) > passed_on:
                passed_on = len(signals)
                for one in self.running:
                    one.process.send_signal(signal.SIGINT)
            self._collect(stopping=bool(signals))
            self._look_at_foreign()
            self.screen.tick()
        if signals:
            raise KeyboardInterrupt

    def _start(self, job: Job, share: Share) -> None:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        log = extend(job.log)
        process = subprocess.Popen(
            job.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | share,
            start_new_session=True,  # a Ctrl-C in the terminal reaches us alone, and our death does not reach it
        )
        self.running.append(Running(job, process, share, log))
        attempts = self.screen.board.entries[job.cell]["attempts"] + 1
        self.screen.change(job.cell, status="running", attempts=attempts, last_line=None)

    def _collect(self, stopping: bool) -> None:
        for one in [one for one in self.running if one.process.poll() is not None]:
            self.running.remove(one)
            self.free.append(one.share)
            one.log.close()
            self._judge(one.job, one.process.returncode, stopping)

    def _judge(self, job: Job, code: int, stopping: bool) -> None:
        """What is to become of a job whose process has ended."""
        board = self.screen.board
        if code == 0 or board.is_finished(job.cell):
            self.screen.change(job.cell, status="finished")
        elif stopping:
            self.screen.change(job.cell, status="waiting")
        elif held(job.run.path):  # that other process was starting when we looked
            self._leave_to_other(job)
        elif self.retries[job.cell]:
            self.retries[job.cell] -= 1
            self.screen.change(job.cell, status="waiting", last_line=board.last_line(job.cell))
            self.waiting.append(job)
        else:
            self.screen.change(job.cell, status="failed", last_line=board.last_line(job.cell))

    def _leave_to_other(self, job: Job) -> None:
        self.foreign.append(job)
        self.screen.change(job.cell, status="running")

    def _look_at_foreign(self) -> None:
        if time.monotonic() - self._looked < FOREIGN_POLL:
            return
        self._looked = time.monotonic()
        for job in [job for job in self.foreign if not held(job.run.path)]:
            self.foreign.remove(job)
            finished = self.screen.board.is_finished(job.cell)
            self.screen.change(job.cell, status="finished" if finished else "waiting")
            if not finished:
                self.waiting.appendleft(job)


@contextmanager
def asked_to_stop() -> Iterator[list[int]]:
    """A list that grows with each Ctrl-C and SIGTERM: no exception, which could come between a start and its record."""
    signals: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda number, _: signals.append(number)) for one in numbers}
    try:
        yield signals
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def shares(study: Study, cores: int, gpus: list[str]) -> list[Share]:
    """The environments of as many runs as fit the machine.

    Raises:
        Mistake: not one fits.
    """
    for name, asked, there in (("cores", study.cores, cores), ("devices", study.devices, len(gpus))):
        if (asked or 0) > there and (name == "cores" or gpus):
            raise Mistake(f"resources.{name} is {asked} and this machine has {there}: ask for fewer.")
    processes = study.devices or 1
    count = cores // (study.cores or processes)
    if gpus:
        count = min(len(gpus) // processes, count if study.cores else len(gpus))
    count = max(count, 1)
    threads = max(1, (study.cores or (cores // count if gpus else processes)) // processes)
    found: list[Share] = [{"OMP_NUM_THREADS": str(threads)} for _ in range(count)]
    for number, share in enumerate(found if gpus else []):
        share["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[number * processes : (number + 1) * processes])
    return found


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[str]:
    """Those that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [one for one in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if one and one != "-1"]
    if not shutil.which("nvidia-smi"):
        return []
    asked = subprocess.run(["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True)
    return asked.stdout.split() if asked.returncode == 0 else []
