"""Runs every command and every line of Python in the README, shortened but otherwise unchanged."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gan_zoo.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = re.findall(r"^    gan-zoo (.+)$", README, re.MULTILINE)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TRIED = re.findall(r"\| `gan-zoo (fit [^`]+)` \|", README)

pytestmark = pytest.mark.slow  # a dozen commands, one of which starts a second process: half a minute


def shortened(command: str) -> list[str]:
    """Return the arguments, followed by options that make the command quick; a later value overrides an earlier."""
    arguments = shlex.split(command)
    match arguments[0]:
        case "fit":
            return [*arguments, "--trainer.max_steps", "4", "--evaluation.samples", "50"]
        case "evaluate":
            return [*arguments, "--samples", "50"]
        case "study":
            return [*arguments, "--dry-run"]
    return arguments


def exit_code(arguments: list[str]) -> object:
    """Run `gan-zoo` and return its exit code.

    It runs in this process, because a new one would have to import torch, unless the command starts processes itself.
    """
    if "--trainer.devices" in arguments:
        return subprocess.run([sys.executable, "-m", "gan_zoo", *arguments], timeout=120).returncode
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


def test_the_commands_work_in_the_order_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert {shlex.split(command)[0] for command in COMMANDS} == {
        "fit",
        "data",
        "sample",
        "evaluate",
        "status",
        "study",
        "report",
    }
    for command in COMMANDS:
        if command.startswith("report"):  # its study was only listed here, so give it a run
            shutil.copytree(tmp_path / "runs/x", tmp_path / shlex.split(command)[1] / "x")
        assert exit_code(shortened(command)) == 0, (command, capsys.readouterr().err)
    assert (tmp_path / "runs/x/samples.png").exists() and (tmp_path / "runs/digits.png").exists()


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_works(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code.replace("max_steps=2000", "max_steps=4"), names)
    assert names["images"].shape == (16, 1, 28, 28)
    assert [row["step"] for row in names["rows"]] == [4]


def test_the_table_of_systems_has_commands() -> None:
    """tests/test_experiments.py runs each of them; this test only makes sure that the table is found."""
    assert len(TRIED) >= 5
