"""Every command and every line of Python in the README is run, shortened but otherwise as it stands."""

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
    """The arguments, with those after them that make it quick; a later value wins over an earlier one."""
    arguments = shlex.split(command)
    match arguments[0]:
        case "fit":
            return [*arguments, "--trainer.max_steps", "4", "--evaluation.samples", "50"]
        case "evaluate":
            return [*arguments, "--samples", "50"]
        case "study":
            return [*arguments, "--dry-run"]
    return arguments


def ended(arguments: list[str]) -> object:
    """The exit code of `gan-zoo`, in this process, for each would import torch anew, unless it starts others itself."""
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
        if command.startswith("report"):  # of a study that was only listed here: give it a run
            shutil.copytree(tmp_path / "runs/x", tmp_path / shlex.split(command)[1] / "x")
        assert ended(shortened(command)) == 0, (command, capsys.readouterr().err)
    assert (tmp_path / "runs/x/samples.png").exists() and (tmp_path / "runs/digits.png").exists()


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_works(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code.replace("max_steps=2000", "max_steps=4"), names)
    assert names["images"].shape == (16, 1, 28, 28)
    assert [row["step"] for row in names["rows"]] == [4]


def test_the_table_names_what_can_be_tried() -> None:
    """`test_experiments` runs each; here only that the table is not empty and names no other command."""
    assert len(TRIED) >= 5
