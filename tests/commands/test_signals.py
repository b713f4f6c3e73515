"""Signals outside of training end a command at once, and an output that fails ends no training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_zoo.run.directory import Run
from tests.commands.conftest import TINY

pytestmark = pytest.mark.slow  # each test starts processes of 5 to 10 s

FIT = [str(word) for word in (sys.executable, "-m", "gan_zoo", "fit", *TINY, "--trainer.max_steps", 3, "--run", "x")]
FIT += ["--tracking.wandb", "false"]
SLOW = ["--data", "tests.drivers.slow.Slow", "--evaluation.extractor", "tests.drivers.scripted:Pixels"]
SLOW += ["--evaluation.samples", "48"]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | more


def stopped(words: list[str], folder: Path, number: int, group: bool) -> tuple[int, str, float]:
    """Send a signal once the file `waiting` exists. Return the exit code, the output and the seconds to the end.

    No process of the command may be left a moment later, not even one that reads an image.
    """
    with open(folder / "output", "w") as output:
        process = subprocess.Popen(
            [*FIT, *words],
            cwd=folder,
            env=environment(WAITING=str(folder / "waiting")),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    begun = time.monotonic()
    while not (folder / "waiting").exists():
        assert process.poll() is None and time.monotonic() - begun < 100, (folder / "output").read_text()
        time.sleep(0.02)
    time.sleep(0.3)
    sent = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    code, seconds = process.wait(timeout=60), time.monotonic() - sent
    while is_alive(process.pid):
        assert time.monotonic() - sent < seconds + 10, "a process of the command is left"
        time.sleep(0.1)
    return code, (folder / "output").read_text(), seconds


def is_alive(group: int) -> bool:
    """Return whether a process of the group runs."""
    fields = [
        stat.read_text().rpartition(")")[2].split() for stat in Path("/proc").glob("[0-9]*/stat") if stat.exists()
    ]
    return any(int(their) == group and state != "Z" for state, _, their, *_ in fields)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("group", [False, True], ids=["first process", "all processes"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_signal_while_real_images_are_read_ends_at_once(
    tmp_path: Path, number: int, group: bool, workers: int
) -> None:
    """The first score reads images, each of which takes a minute, in this process or in others."""
    code, output, seconds = stopped([*SLOW, "--data.workers", str(workers)], tmp_path, number, group)
    assert (code, output) == (130, "gan-zoo: Stopped.\n")
    assert seconds < 20


@pytest.mark.timeout(200)
@pytest.mark.parametrize("group", [False, True], ids=["first process", "all processes"])
def test_a_signal_before_the_first_step_ends_two_devices(tmp_path: Path, group: bool) -> None:
    words = [*SLOW, "--trainer.devices", "2"]
    code, output, seconds = stopped(words, tmp_path, signal.SIGTERM, group)
    lines = [line for line in output.splitlines() if not line.startswith("Initializing distributed")]  # Lightning's
    assert (code, lines) == (130, ["gan-zoo: Stopped."])
    assert seconds < 20


@pytest.mark.timeout(100)
def test_a_training_goes_on_if_its_output_fails(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(FIT, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert Run(tmp_path / "x").record()["status"] == "finished"


@pytest.mark.timeout(100)
def test_a_training_goes_on_in_an_encoding_without_dots(tmp_path: Path) -> None:
    ascii_only = environment(PYTHONIOENCODING="ascii", LC_ALL="C")
    done = subprocess.run(FIT, cwd=tmp_path, env=ascii_only, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "step 3/3 ? " in done.stdout


@pytest.mark.timeout(100)
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["data", "list"]])
def test_another_command_says_that_its_output_fails(words: list[str], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*FIT[:3], *words], cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "gan-zoo: The output cannot be written: No space left on device.\n"
