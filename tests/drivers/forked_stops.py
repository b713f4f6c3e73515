"""Stops trainings at many moments: `python -m tests.drivers.forked_stops FOLDER SIGNAL DEVICES TRIES SEED`.

SIGNAL is `stop` (SIGINT or SIGTERM, by chance) or `kill` (SIGKILL). This process imports everything once and forks a
child for each command `gan-zoo fit`, so that a try takes a second rather than ten. Lightning's second process is
forked as well, instead of started. Each run is stopped up to three times, then finished, and compared with one that
was never stopped: final weights, images, lines of metrics and of scores are equal to the last bit.

A moment is a number of seconds since the command began, or a call that the command makes to one of `PLACES`.
"""

import atexit
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import torch
from lightning.pytorch.strategies.launchers import subprocess_script

from gan_zoo import cli
from gan_zoo.commands import fit as fit_command
from gan_zoo.commands.evaluate import command as evaluate_command
from gan_zoo.run.directory import Run
from tests.comparing import differences
from tests.drivers import tiny
from tests.drivers.signal_moments import FIT, LATEST

LOADED = (fit_command, evaluate_command, tiny)  # imported before a child is forked
ROOT = str(Path(__file__).parents[2]) + "/"
PLACES = {
    "start": "gan_zoo/commands/",
    "loading": "datamodules/",
    "step": "gan_zoo/module.py",
    "score": "gan_zoo/metrics/",
    "grid": "gan_zoo/callbacks/grids.py",
    "checkpoint": "gan_zoo/callbacks/checkpoints.py",
    "writing": "gan_zoo/run/",
}
"""Code in which a command is stopped."""
LAST = "FORKED_STOPS_LAST"
"""Environment variable: the file to which the first process writes the number of the second."""
MOST = 300.0  # seconds that a command may take


class Calls:
    """Counts the calls that the main thread of this process makes in each of `PLACES`, and acts on each."""

    def __init__(self, act: Callable[["Calls", str], None]) -> None:
        self.counts, self.act, self.process = Counter[str](), act, os.getpid()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(ROOT) and os.getpid() == self.process:
            for place, prefix in PLACES.items():
                if file.startswith(ROOT + prefix):
                    self.counts[place] += 1
                    self.act(self, place)


class Forked:
    """What Lightning's launcher needs of `subprocess.Popen`: another process that runs the same command."""

    def __init__(self, command: list[str], env: dict[str, str], **_: Any) -> None:
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid:
            Path(os.environ[LAST]).write_text(str(self.pid))
        else:
            sys.setprofile(None)
            os.environ.clear()
            os.environ.update(env)
            run_command()

    def poll(self) -> int | None:
        if self.returncode is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if done else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


def run_command() -> None:
    """Run the command in `sys.argv` as a process of its own would, and end this process."""
    code: Any = 1
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    os._exit(code or 0)


def begin(run: Path, devices: int, profile: Callable[[], Any] | None = None) -> int:
    """Fork a child that starts or resumes a training, and return its number."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    output = os.open(run.parent / f"{run.name}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ[LAST] = str(run.with_suffix(".last"))
    sys.argv = ["gan-zoo", *FIT[3:], "--trainer.devices", str(devices), "--run", str(run)]
    if profile:
        sys.setprofile(profile())
    run_command()
    return 0


def second(file: Path) -> int:
    """Return the number of the second process of a command, 0 if it has none yet."""
    return int(file.read_text() or 0) if file.exists() else 0


def end(child: int) -> int:
    """Wait for a child, and return its exit code, minus its signal, or 999 if it does not end."""
    last = time.monotonic() + MOST
    while time.monotonic() < last:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 999


def counted(run: Path, devices: int) -> Counter[str]:
    """Train without a stop. Return the number of calls in each place, and of milliseconds in place "time"."""
    notes = run.with_suffix(".json")

    def write_down(calls: Calls, place: str) -> None:
        if place == "writing" or calls.counts[place] % 50 == 0:
            notes.write_text(json.dumps(calls.counts))

    begun = time.monotonic()
    assert end(begin(run, devices, partial(Calls, write_down))) == 0, run.with_suffix(".txt").read_text()
    return Counter(json.loads(notes.read_text())) + Counter(time=int(1000 * (time.monotonic() - begun)))


def stopped(run: Path, devices: int, place: str, moment: int, number: int, draw: random.Random) -> str:
    """Start or resume a run, and stop it. Return what is wrong with how it ended, "" if nothing is."""
    sent = run.with_suffix(".sent")
    for file in (sent, run.with_suffix(".last")):
        file.unlink(missing_ok=True)
    before = len(run.with_suffix(".txt").read_text()) if run.with_suffix(".txt").exists() else 0

    def stop(calls: Calls, at: str) -> None:
        if at == place and calls.counts[place] == moment:
            sent.write_text(str(time.monotonic()))
            os.kill(os.getpid(), number)

    child = begin(run, devices, None if place == "time" else partial(Calls, stop))
    if place == "time":
        time.sleep(moment / 1000)
        sent.write_text(str(time.monotonic()))
        last = run.with_suffix(".last")
        target, send = draw.choice([(child, os.kill), (child, os.killpg), (second(last) or child, os.kill)])
        with suppress(ProcessLookupError):
            send(target, number)
    code = end(child)
    if not sent.exists():
        return "" if code == 0 else f"code {code} without a signal"
    late = time.monotonic() - float(sent.read_text())
    if number == signal.SIGKILL:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        return "" if code in (0, -number) else f"code {code}"
    output = run.with_suffix(".txt").read_text()[before:]
    lines = [line for line in output.splitlines() if line.startswith(("gan-zoo: Stopped.", "Interrupted at "))]
    if late > LATEST:
        return f"late by {late:.1f} s"
    if code == 0:
        return "" if Run(run).row()["status"] == "finished" else "lost"
    if code != 130 and not (code == -number and place == "time" and moment < 500):  # Python itself was starting
        return f"code {code}"
    return "" if (len(lines) == 1 or code < 0) and "Traceback" not in output else f"{lines}"


def main(folder: Path, kind: str, devices: int, tries: int, seed: int) -> int:
    """Stop `tries` commands, print each, and return the number of faults."""
    torch.set_num_threads(1)
    os.environ["GAN_ZOO_CACHE"] = str(folder / "cache")
    subprocess_script.subprocess = SimpleNamespace(Popen=Forked)  # pyright: ignore
    folder.mkdir(parents=True)  # a new folder, so that no run is found there
    draw, faults, done, number = random.Random(seed), 0, 0, 0
    assert end(begin(folder / "first", devices)) == 0  # computes what all runs share
    calls = counted(folder / "whole", devices)
    print(dict(calls), flush=True)
    while done < tries:
        run = folder / f"run{number}"
        number += 1
        for _ in range(min(draw.randint(1, 3), tries - done)):
            place = draw.choice([*PLACES, "time", "time"])
            moment = draw.randint(1, max(1, calls[place]))
            signals = [signal.SIGKILL] if kind == "kill" else [signal.SIGINT, signal.SIGTERM]
            fault, done = stopped(run, devices, place, moment, draw.choice(signals), draw), done + 1
            step = Run(run).row()["step"] if run.exists() else 0
            print(f"{done}: {place} {moment} of {calls[place]}, step {step} {fault}", flush=True)
            faults += bool(fault)
        code = end(begin(run, devices))
        different = f"code {code}" if code else differences(folder / "whole", run)
        if different:
            faults += 1
            print(f"{run} differs: {different}", flush=True)
        else:
            shutil.rmtree(run)
            for file in folder.glob(f"{run.name}.*"):
                file.unlink()
    print(f"{faults} faults in {tries} tries", flush=True)
    return faults


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]).absolute(), sys.argv[2], *map(int, sys.argv[3:]))))
