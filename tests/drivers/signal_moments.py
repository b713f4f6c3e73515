"""Ends `gan-zoo fit` by signals at random moments: `python -m tests.drivers.signal_moments FOLDER DEVICES TRIES SEED`.

The runs load, score, draw, save and step throughout, with a process that reads data. A try sends SIGINT or SIGTERM to
the first process, to all processes of the command as a terminal does, or to the last one. It then resumes the run,
which may be hit again, until it has finished. Every signal must end the command with the documented exit code within
`LATEST` seconds, with one line and no traceback, and the run must equal one that was never stopped.
"""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gan_zoo.run.directory import Run
from tests.comparing import differences
from tests.processes import children

STEPS = 60
LATEST = 20.0  # seconds from the signal to the end of the command
FIT = [sys.executable, "-m", "gan_zoo", "fit", "--model", "GAN", "--model.architecture", "dcgan", "--model.width", "4"]
FIT += ["--model.latent_dim", "8", "--model.average_half_life", "100", "--grids.count", "4", "--grids.every", "5"]
FIT += ["--data", "tests.drivers.tiny.Read", "--data.size", "28", "--data.workers", "1", "--checkpoints.every", "7"]
FIT += ["--evaluation.extractor", "lenet", "--evaluation.samples", "500", "--evaluation.every", "10"]
FIT += ["--evaluation.share", "1", "--trainer.log_every_n_steps", "5", "--trainer.accelerator", "cpu"]
FIT += ["--trainer.max_steps", str(STEPS), "--tracking.wandb", "false"]


@dataclass(frozen=True)
class End:
    """How a command ended that a signal reached."""

    signal: str
    target: str
    moment: float
    """Seconds from the start of the command to the signal."""
    seconds: float
    """Seconds from the signal to the end."""
    code: int
    step: int
    output: str

    def fault(self) -> str:
        """Return what is wrong with this end, "" if nothing is."""
        if self.seconds > LATEST:
            return f"late by {self.seconds:.1f} s"
        if self.code == 0:
            return "" if self.step == STEPS else "lost"
        if self.code == -getattr(signal, self.signal) and self.moment < 0.5:
            return ""  # Python itself was starting
        if self.code != 130:
            return f"exit code {self.code}"
        lines = [line for line in self.output.splitlines() if line.startswith(("gan-zoo: Stopped.", "Interrupted at "))]
        return "" if len(lines) == 1 and "Traceback" not in self.output else "not one line"


def start(run: Path, devices: int) -> subprocess.Popen[str]:
    """Start a training in a process group of its own."""
    return subprocess.Popen(
        [*FIT, "--trainer.devices", str(devices), "--run", str(run)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "GAN_ZOO_CACHE": str(run.parent / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def hit(run: Path, devices: int, moment: float, draw: random.Random) -> End:
    """Start or resume a run, send it a signal after `moment` seconds, and return how it ended."""
    process = start(run, devices)
    time.sleep(moment)
    number, target = draw.choice([signal.SIGINT, signal.SIGTERM]), draw.choice(["first", "group", "last"])
    sent = time.monotonic()
    if process.poll() is None:
        if target == "group":
            os.killpg(process.pid, number)
        else:
            launched = [child for child in children(process.pid) if is_rank(child)] if target == "last" else []
            os.kill(launched[-1] if launched else process.pid, number)
    try:
        output, _ = process.communicate(timeout=LATEST + 10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    seconds = time.monotonic() - sent
    row = Run(run).row() if run.exists() else {"step": 0}
    return End(number.name, target, moment, seconds, process.returncode, row["step"], output)


def is_rank(process: int) -> bool:
    """Return whether `process` trains, rather than reads data for a process that does."""
    try:
        return b"LOCAL_RANK=1" in Path(f"/proc/{process}/environ").read_bytes()
    except OSError:
        return False


def whole(run: Path, devices: int) -> float:
    """Train without a signal, and return how many seconds that took."""
    begun = time.monotonic()
    process = start(run, devices)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return time.monotonic() - begun


def main(folder: Path, devices: int, tries: int, seed: int) -> list[str]:
    """Hit `tries` commands, print each end, and return all faults."""
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    length = max(whole(folder / "first", devices), whole(folder / "whole", devices))
    faults, number, done = [], 0, 0
    while done < tries:
        run, hits = folder / f"run{number}", draw.randint(1, 3)
        for _ in range(min(hits, tries - done)):
            end = hit(run, devices, draw.uniform(0.3, length), draw)
            fault, done = end.fault(), done + 1
            shown = f"{end.signal} to {end.target} at {end.moment:.2f} s: code {end.code}, step {end.step}"
            print(f"{done}: {shown}, after {end.seconds:.1f} s {fault}", flush=True)
            if fault:
                faults.append(f"{fault}: {end}")
                print(end.output, flush=True)
        whole(run, devices)
        if different := differences(folder / "whole", run):
            faults.append(f"{run} differs: {different}")
            print(faults[-1], flush=True)
        number += 1
    print(f"{len(faults)} faults in {tries} tries, which lasted up to {length:.1f} s")
    return faults


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
