"""What the tests of the command line share: the command in this process, its refusals, a finished run."""

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
"""A run of milliseconds; what is added after it counts."""
LONGEST = 300  # characters of a line, but for the path of the folders that pytest makes, which is as long as it likes


class Said(NamedTuple):
    """What a command left behind."""

    code: Any
    out: str
    err: str


Command = Callable[..., Said]
Refused = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`gan-zoo` in this process and an empty folder: `command("status", "runs").code`."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(end.value.code, said.out, said.err)

    return call


@pytest.fixture
def refused(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Refused:
    """The one line that `gan-zoo` says to these arguments, without `gan-zoo: `."""

    def call(*arguments: object) -> str:
        said = command(*arguments)
        assert said.code == 2, said
        assert said.err.startswith("gan-zoo: ") and said.err.count("\n") == 1, said.err
        assert len(said.err.replace(str(tmp_path_factory.getbasetemp()), "")) < LONGEST
        assert not re.search(r"Traceback|Union subtypes|<class|typing\.|NestedArg|\bNoneType", said.err)
        return said.err.removeprefix("gan-zoo: ").rstrip("\n")

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 4 steps with its folder, to be copied before it is changed."""
    path = tmp_path_factory.mktemp("trained") / "x"
    with pytest.raises(SystemExit) as end:
        main(["fit", *TINY, "--trainer.max_steps", "4", "--trainer.log_every_n_steps", "2", "--run", str(path)])
    assert end.value.code == 0
    return path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the finished run: `x`, in the folder that the commands run in."""
    return shutil.copytree(trained, tmp_path / "x")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB of its own, `disk` in the folder that the commands run in."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def read_only(disk: Path) -> Path:
    """A folder in which nobody, root included, can write."""
    remount(disk, "ro")
    return disk


def remount(disk: Path, how: str) -> None:
    """Make a disk read-only (`ro`) or not (`rw`)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)
