"""The engine `local`: it runs jobs as processes on this machine, each with a fixed share of the cores or GPUs."""

import os
import shutil
import signal
import subprocess
from typing import IO

from gan_zoo.errors import Mistake
from gan_zoo.run.files import extend
from gan_zoo.studies.board import Job
from gan_zoo.studies.reading import Study

Share = dict[str, str]
"""Environment variables that give a run its part of the machine."""


class Local:
    """An engine that starts each job as a process of its own.

    Args:
        jobs: All jobs of the study. If all of them run on the CPU, GPUs are ignored.
        study: The study, whose resources say how much of the machine a run gets.

    Raises:
        Mistake: A run asks for more than the machine has.
    """

    def __init__(self, jobs: list[Job], study: Study) -> None:
        on_cpu = all(job.accelerator == "cpu" for job in jobs)
        self.free = shares(study, cores(), [] if on_cpu else gpus())
        self.capacity = len(self.free)

    def start(self, job: Job) -> "Process":
        """Start `job` as a process that holds one of the free shares."""
        return Process(job, self.free)


class Process:
    """A job's process, which holds one of the `free` shares while it runs. What it prints goes to the job's log."""

    def __init__(self, job: Job, free: list[Share]) -> None:
        self._free, self._share = free, free.pop(0)
        self._log: IO[bytes] = extend(job.log)
        self._process = subprocess.Popen(
            job.command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | self._share,
            start_new_session=True,  # Ctrl-C in the terminal reaches only us, and the run survives our death
        )

    def exit_code(self) -> int | None:
        """Return the exit code of the process, or None while it runs. When it has ended, its share is free again."""
        code = self._process.poll()
        if code is not None and not self._log.closed:
            self._log.close()
            self._free.append(self._share)
        return code

    def stop(self) -> None:
        """Send SIGINT, on which the run saves itself and ends."""
        self._process.send_signal(signal.SIGINT)


def shares(study: Study, cores: int, gpus: list[str]) -> list[Share]:
    """Return one share of the machine for each run that fits on it.

    Raises:
        Mistake: The machine is too small for a single run.
    """
    for name, requested, available in (("cores", study.cores, cores), ("devices", study.devices, len(gpus))):
        if (requested or 0) > available and (name == "cores" or gpus):
            raise Mistake(f"resources.{name} is {requested} and this machine has {available}: ask for fewer.")
    processes = study.devices or 1
    count = cores // (study.cores or processes)
    if gpus:
        count = min(len(gpus) // processes, count if study.cores else len(gpus))
    count = max(count, 1)
    threads = max(1, (study.cores or (cores // count if gpus else processes)) // processes)
    shares_of_runs: list[Share] = [{"OMP_NUM_THREADS": str(threads)} for _ in range(count)]
    for number, share in enumerate(shares_of_runs if gpus else []):
        share["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[number * processes : (number + 1) * processes])
    return shares_of_runs


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [gpu for gpu in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if gpu and gpu != "-1"]
    if not shutil.which("nvidia-smi"):
        return []
    query = subprocess.run(["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True)
    return query.stdout.split() if query.returncode == 0 else []
