"""What the tests of studies share."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from gan_zoo.studies import reading
from gan_zoo.studies.board import Board
from gan_zoo.studies.expand import Cell, expand

TINY: dict[str, Any] = {
    "base": "mnist/gan",
    "settings": {"model.width": [4], "grids.count": 1, "trainer.accelerator": "cpu"},
    "methods": {"gan": {}, "lsgan": {"model": "LSGAN"}},
    "matrix": {"seed": [0, 1]},
    "budget": {"steps": 3},
    "evaluate": {"extractor": None},
}
"""A study of milliseconds a run; what is added to it counts."""

HOLD = """
import sys
from pathlib import Path
from gan_zoo.run.files import lock
file = lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another(folder: Path) -> Iterator[subprocess.Popen]:
    """A process that trains in `folder`, as far as locks go; it ends when its input does."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], **pipes) as other:
        assert other.stdout and other.stdin and other.stdout.readline() == "held\n"
        yield other
        other.stdin.close()


MakeStudy = Callable[..., Path]


@pytest.fixture
def make_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeStudy:
    """`make_study(matrix={"seed": [0]})` writes s.yaml, in the folder that the test runs in."""
    monkeypatch.chdir(tmp_path)

    def make(**changes: Any) -> Path:
        file = tmp_path / "s.yaml"
        file.write_text(yaml.safe_dump(TINY | changes, sort_keys=False))
        return file

    return make


@pytest.fixture
def cells(make_study: MakeStudy) -> Callable[..., list[Cell]]:
    return lambda **changes: expand(reading.read(make_study(**changes)))


@pytest.fixture
def board(make_study: MakeStudy, tmp_path: Path) -> Callable[..., Board]:
    def make(**changes: Any) -> Board:
        study = reading.read(make_study(**changes))
        return Board(study, expand(study), tmp_path / "runs")

    return make
