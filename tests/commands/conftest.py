"""Fixtures of the tests of the command line: the command in this process, its refusals, a finished run, a disk."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gan_zoo.cli import main

SMALL = ["--model.architecture", "mlp", "--model.width", "[8]", "--data", "tests.drivers.tiny.Tiny"]
SMALL += ["--trainer.accelerator", "cpu"]
TINY = ["--model", "GAN", *SMALL, "--evaluation.extractor", "null"]
"""Options of a run of milliseconds. Options that follow override them."""
LONGEST = 300  # characters of a message, without the path of pytest's folder, which may be long


class Result(NamedTuple):
    """The exit code of a command, and what it printed."""

    code: Any
    out: str
    err: str


Command = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `gan-zoo` in this process and in an empty folder: `command("status", "runs").code`."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return Result(end.value.code, output.out, output.err)

    return call


@pytest.fixture
def refused(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Refused:
    """Runs `gan-zoo` with wrong arguments and returns the one line that it prints, without `gan-zoo: `."""

    def call(*arguments: object) -> str:
        result = command(*arguments)
        assert result.code == 2, result
        assert result.err.startswith("gan-zoo: ") and result.err.count("\n") == 1, result.err
        assert len(result.err.replace(str(tmp_path_factory.getbasetemp()), "")) < LONGEST
        assert not re.search(r"Traceback|Union subtypes|<class|typing\.|NestedArg|\bNoneType", result.err)
        return result.err.removeprefix("gan-zoo: ").rstrip("\n")

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished run of 4 steps. Tests that change it copy it first."""
    path = tmp_path_factory.mktemp("trained") / "x"
    with pytest.raises(SystemExit) as end:
        main(["fit", *TINY, "--trainer.max_steps", "4", "--trainer.log_every_n_steps", "2", "--run", str(path)])
    assert end.value.code == 0
    return path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the finished run: `x`, in the working directory of the commands."""
    return shutil.copytree(trained, tmp_path / "x")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A separate disk of 1 MB: `disk`, in the working directory of the commands."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def read_only(disk: Path) -> Path:
    """A folder in which nobody can write, not even root."""
    remount(disk, "ro")
    return disk


def remount(disk: Path, how: str) -> None:
    """Make a disk read-only (`ro`) or writable (`rw`)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)
