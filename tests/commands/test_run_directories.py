"""Directories that cannot be written, are in use or hold another run are refused in one line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.commands.conftest import TINY, Command, Refused


def test_a_run_below_a_file_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file/x cannot be written: Not a directory" in refused("fit", *TINY, "--run", "file/x")
    assert "file cannot be written" in refused("fit", *TINY, "--run", "file")


def test_a_read_only_disk_is_refused(refused: Refused, read_only: Path, run: Path) -> None:
    assert "disk/x cannot be written: Read-only file system" in refused("fit", *TINY, "--run", "disk/x")
    assert "disk/x.png cannot be written: Read-only file system" in refused("sample", "x", "--out", "disk/x.png")
    assert "disk/x cannot be written: Read-only file system" in refused("sample", "x", "--out", "disk/x")


def test_a_place_below_a_file_cannot_be_sampled_to(refused: Refused, run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file/x.png cannot be written" in refused("sample", "x", "--out", "file/x.png")
    assert "file cannot be written" in refused("sample", "x", "--out", "file")


def test_a_directory_in_use_is_refused(refused: Refused, tmp_path: Path) -> None:
    hold = "from gan_zoo.run import Run; x = Run('x'); x.create(); print('held', flush=True); input()"
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], cwd=tmp_path, **pipes) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        assert "Another process is training in x" in refused("fit", *TINY, "--trainer.max_steps", 1, "--run", "x")
        other.communicate("\n")


def test_another_configuration_is_refused_with_the_keys_that_differ(refused: Refused, run: Path) -> None:
    before = (run / "config.yaml").read_text()
    same = [*TINY, "--trainer.log_every_n_steps", 2, "--trainer.max_steps", 6, "--run", "x"]
    message = refused("fit", *same, "--model.n_critic", 2, "--seed", 3)
    assert "x holds a run of another configuration" in message
    assert "model.n_critic 1 there, 2 here" in message and "seed 0 there, 3 here" in message
    assert "data.size None there" not in message and "max_steps" not in message
    assert (run / "config.yaml").read_text() == before


def test_a_shorter_run_is_refused(refused: Refused, run: Path) -> None:
    message = refused("fit", *TINY, "--trainer.log_every_n_steps", 2, "--trainer.max_steps", 3, "--run", "x")
    assert "x is at step 4 already: trainer.max_steps 3 would shorten it" in message


def test_a_mistake_at_the_first_try_does_not_bind_the_directory(command: Command, refused: Refused) -> None:
    refused("fit", *TINY, "--evaluation.extractor", "lenett", "--trainer.max_steps", 2, "--run", "x")
    assert not Path("x").exists(), "training did not begin"
    assert command("fit", *TINY, "--trainer.max_steps", 2, "--run", "x").code == 0
