"""Full or read-only disks, damaged files and clocks that go back lose nothing, and are reported in one line."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.commands.conftest import TINY, Command, Refused, remount
from tests.comparing import contents, differences

FIT = ["fit", *TINY, "--trainer.log_every_n_steps", 2, "--checkpoints.every", 2, "--grids.count", 4]
FIT += ["--model.latent_dim", 4]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 9 steps without any fault."""
    from gan_zoo.cli import main

    path = tmp_path_factory.mktemp("whole") / "whole"
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in (*FIT, "--trainer.max_steps", 9, "--run", path)])
    assert end.value.code == 0
    return path


@pytest.fixture
def stopped(command: Command) -> Path:
    """The run `x` after 6 of 9 steps, with checkpoints of steps 6 and 4."""
    assert command(*FIT, "--trainer.max_steps", 6, "--run", "x").code == 0
    return Path("x")


def go_on(command: Command, run: object = "x") -> str:
    """Resume a run up to step 9. Return its output without the lines of progress."""
    result = command(*FIT, "--trainer.max_steps", 9, "--run", run)
    assert result.code == 0, result
    return "".join(line for line in result.out.splitlines(keepends=True) if not line.startswith("step "))


class Bomb:
    """An object whose pickle makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("executed",)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip(file: Path) -> None:
    """Flip one bit of a weight, as a faulty memory or disk does."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def bomb(file: Path) -> None:
    file.write_bytes(pickle.dumps({"state_dict": {}, "bomb": Bomb()}))


DAMAGES = [cut, empty, flip, bomb]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    damage: Callable[[Path], None], command: Command, stopped: Path, whole: Path
) -> None:
    last = Run(stopped).last
    damage(last)
    content = last.read_bytes()
    result = go_on(command)
    assert result.count("\n") == 1 and "x/checkpoints/last.ckpt" in result
    assert result.endswith("The run goes on from previous.ckpt, the one before.\n")
    assert not differences(whole, stopped)
    assert not Path("executed").exists()
    assert (stopped / "checkpoints/damaged.ckpt").read_bytes() == content, "the damaged file is kept"


@pytest.mark.parametrize("damage", DAMAGES)
def test_if_both_checkpoints_are_damaged_nothing_changes(
    damage: Callable[[Path], None], refused: Refused, stopped: Path
) -> None:
    run = Run(stopped)
    for file in (run.last, run.previous):
        damage(file)
    run.update_record(status="running")  # as after a kill; the record must not change
    before = contents(stopped)
    assert "choose another --run" in refused(*FIT, "--trainer.max_steps", 6, "--run", "x")
    assert contents(stopped) == before
    assert not Path("executed").exists()


def test_a_run_killed_between_two_names_goes_on_from_the_one_before(
    command: Command, stopped: Path, whole: Path
) -> None:
    run = Run(stopped)
    shutil.copy(run.last, run.checkpoints / ".last.ckpt.77.new")
    run.last.replace(run.previous)
    assert go_on(command) == ""
    assert not differences(whole, stopped)
    assert not list(stopped.rglob("*.new"))


@pytest.mark.parametrize("file", ["metrics.jsonl", "run.json"])
@pytest.mark.parametrize("rest", [b'{"step": 6, "ima', b"\0\0\0\xff\xfe"])
def test_a_half_written_end_is_dropped(file: str, rest: bytes, command: Command, stopped: Path, whole: Path) -> None:
    with open(stopped / file, "ab") as stream:
        stream.write(rest)
    status = command("status", ".")
    assert status.code == 0 and ("damaged" in status.out) == (file == "run.json")
    assert go_on(command).count("\n") == (file == "run.json")
    assert not differences(whole, stopped)
    assert Run(stopped).record()["status"] == "finished"


def test_a_line_after_a_half_written_one_is_whole(tmp_path: Path) -> None:
    run, file = Run(tmp_path), tmp_path / "metrics.jsonl"
    run.append(file, {"step": 1})
    file.write_bytes(file.read_bytes() + b'{"st')
    run.append(file, {"step": 3})
    run.append(file, {"step": 4})
    assert list(lines(file)) == [{"step": 1}, {"step": 3}, {"step": 4}]


def test_a_score_added_from_outside_stays_when_the_run_goes_on(command: Command, stopped: Path) -> None:
    run = Run(stopped)
    for line in ({"step": 6, "value": 1.0}, {"step": 6, "value": 2.0, "origin": "evaluate"}):
        run.append(run.evaluations_file, line)
    go_on(command)
    assert list(lines(run.evaluations_file)) == [{"step": 6, "value": 2.0, "origin": "evaluate"}]


def fill(disk: Path, but: int) -> Path:
    """Write a file that leaves `but` bytes of a disk free, and return it."""
    filler = disk / "filler"
    filler.write_bytes(b"0" * (shutil.disk_usage(disk).free - but))
    return filler


@pytest.mark.parametrize("free", [0, 1 << 12, 1 << 13, 1 << 14], ids=lambda free: f"{free}B")
def test_a_full_disk_ends_the_run_in_one_line(
    free: int, command: Command, stopped: Path, disk: Path, whole: Path
) -> None:
    """There is room for nothing, for lines but no checkpoint, or for a part of a checkpoint."""
    shutil.copytree(stopped, disk / "x")
    checkpoint = (disk / "x/checkpoints/last.ckpt").read_bytes()
    assert len(checkpoint) > 1 << 14
    filler = fill(disk, but=free)
    result = command(*FIT, "--trainer.max_steps", 9, "--run", "disk/x")
    assert result.code == 1, result
    assert result.err.count("\n") == 1 and "disk/x cannot be written: No space left on device" in result.err
    kept = [file.read_bytes() for file in (disk / "x/checkpoints").glob("*.ckpt")]
    assert checkpoint in kept, "the last complete checkpoint is still there"
    assert not list(disk.rglob("*.new")), "incomplete files are removed"
    filler.unlink()
    assert go_on(command, run="disk/x") == ""
    assert not differences(whole, disk / "x")


def test_a_disk_that_turns_read_only_loses_nothing(
    command: Command, refused: Refused, stopped: Path, disk: Path, whole: Path
) -> None:
    shutil.copytree(stopped, disk / "x")
    remount(disk, "ro")
    again = [*FIT, "--trainer.max_steps", 9, "--run", "disk/x"]
    assert "disk/x cannot be written: Read-only file system" in refused(*again)
    remount(disk, "rw")
    go_on(command, run="disk/x")
    assert not differences(whole, disk / "x")


def test_a_clock_that_was_set_back_changes_nothing(command: Command, stopped: Path, whole: Path) -> None:
    """All files of the run have tomorrow's date."""
    run = Run(stopped)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    stamps = {"start": tomorrow.isoformat(timespec="seconds"), "heartbeat": tomorrow.isoformat(timespec="seconds")}
    run.record_file.write_text(json.dumps(run.record() | stamps | {"status": "running"}))
    for file in stopped.rglob("*"):
        os.utime(file, (tomorrow.timestamp(), tomorrow.timestamp()))
    assert run.row()["status"] == "stale", "a heartbeat in the future does not count"
    assert go_on(command) == ""
    assert not differences(whole, stopped)
    seconds = [line["seconds"] for line in lines(run.metrics_file)]
    assert seconds == sorted(seconds) and run.row()["status"] == "finished"
