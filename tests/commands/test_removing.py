"""`gan-zoo runs rm` removes failed runs and keeps those that train. `gan-zoo status` shows sizes and stale runs."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.run.directory import Run, runs
from gan_zoo.run.files import disk, size
from tests.commands.conftest import Command, Refused
from tests.comparing import contents

HOLD = "from gan_zoo.run import Run; x = Run('runs/held'); x.create(); print('held', flush=True); input()"


@pytest.fixture
def three(run: Path, tmp_path: Path) -> Path:
    """runs/good, runs/bad and runs/study/bad; the bad runs failed before their first checkpoint."""
    for name, status in (("good", "finished"), ("bad", "failed"), ("study/bad", "failed")):
        copy = Run(shutil.copytree(run, tmp_path / "runs" / name))
        change(copy.path, status=status)
        if status == "failed":
            for file in (copy.last, copy.previous):
                file.unlink(missing_ok=True)
    return tmp_path / "runs"


def change(run: Path, **values: Any) -> None:
    """Change values in the record of a run."""
    file = run / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture
def held(three: Path, tmp_path: Path) -> Iterator[Path]:
    """runs/held, whose record says that it failed, although another process trains in it."""
    shutil.copytree(three / "bad", three / "held")
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLD], cwd=tmp_path, **pipes) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        yield three / "held"
        other.communicate("\n")


def left(folder: Path) -> list[str]:
    """Return the paths of the runs that are still in `folder`."""
    return [str(Path(row["run"]).relative_to(folder)) for row in runs(folder)]


def test_failed_runs_are_removed(command: Command, three: Path) -> None:
    result = command("runs", "rm", "--failed", "--yes")
    assert result.code == 0 and "runs/bad" in result.out and "runs/good" not in result.out
    assert left(three) == ["good"]
    assert not (three / "bad").exists() and not (three / "study/bad").exists()


@pytest.mark.parametrize(("answer", "remaining"), [("y\n", ["good"]), ("n\n", 3), ("\n", 3), ("yes\n", ["good"])])
def test_it_asks(command: Command, three: Path, monkeypatch: pytest.MonkeyPatch, answer: str, remaining: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    result = command("runs", "rm", "--failed", "runs")
    assert result.out.count("MB") + result.out.count("kB") == 2 and "Remove 2 failed runs?" in result.out
    assert left(three) == remaining if isinstance(remaining, list) else len(left(three)) == remaining
    assert result.code == (0 if isinstance(remaining, list) else 1)


def test_a_run_that_trains_stays_whatever_its_record_says(command: Command, held: Path) -> None:
    result = command("runs", "rm", "--failed", "--yes")
    assert "runs/held trains again: left as it is." in result.out
    assert left(held.parent) == ["good", "held"]


def test_mistakes_remove_nothing(refused: Refused, three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert "add --yes" in refused("runs", "rm", "--failed")
    assert "required: --failed" in refused("runs", "rm")
    assert "invalid choice: 'mv'" in refused("runs", "mv", "--failed")
    assert "no failed run in runs/good" in refused("runs", "rm", "--failed", "runs/good")
    assert "There is no folder nowhere" in refused("runs", "rm", "--failed", "nowhere")
    assert len(left(three)) == 3


def test_a_failed_run_that_can_be_resumed_goes_only_where_it_is_named(
    command: Command, refused: Refused, three: Path, run: Path
) -> None:
    """As after a full disk: the record says that the run failed, but its checkpoint is complete."""
    full = shutil.copytree(run, three / "full")
    change(full, status="failed", error="No space left on device")
    result = command("runs", "rm", "--failed", "--yes")
    assert "runs/full is left: it failed at step 4 and can be resumed" in result.out
    assert left(three) == ["full", "good"]
    assert "no failed run in runs that cannot be resumed" in refused("runs", "rm", "--failed", "--yes")
    assert command("runs", "rm", "runs/full", "--yes").code == 0
    assert command("runs", "rm", "runs/good", "--yes").code == 0, "a named run is removed in any state"
    assert not (three / "full").exists() and left(three) == []
    assert "runs is not the directory of a run" in refused("runs", "rm", "runs", "--yes")
    assert "not both" in refused("runs", "rm", "x", "--failed")


def test_only_a_runs_own_files_are_removed(command: Command, three: Path, tmp_path: Path) -> None:
    """A folder of runs that also holds notes, a linked folder, and the record of a failed run of an older version."""
    bad, diary = three / "bad", tmp_path / "diary"
    diary.mkdir()
    (diary / "step_00000001.png").write_text("mine")
    for name in ("run.json", "config.yaml"):
        shutil.copy(bad / name, three / name)
    (three / "images").symlink_to(diary)
    (three / "notes.md").write_text("mine")
    (bad / "checkpoints/best_mine.ckpt").write_text("mine")
    (bad / "metrics.jsonl").unlink()
    (bad / "metrics.jsonl").symlink_to(three / "notes.md")
    (bad / "wandb/offline-run-20260101_000000-abcd/files").mkdir(parents=True)
    (bad / "wandb/offline-run-20260101_000000-abcd/files/output.log").write_text("its own")
    (bad / "wandb/latest-run").symlink_to("offline-run-20260101_000000-abcd")
    good = contents(three / "good")
    result = command("runs", "rm", "--failed", "--yes")
    assert "runs is kept: it holds bad/, good/, images/, 2 more, which no run has written" in result.out
    assert "runs/bad is kept: it holds checkpoints/" in result.out
    assert contents(three / "good") == good and (diary / "step_00000001.png").read_text() == "mine"
    assert sorted(contents(three).keys() - {f"good/{place}" for place in good}) == [
        *("bad/checkpoints/best_mine.ckpt", "images", "notes.md")
    ]
    assert (three / "notes.md").read_text() == "mine"


def test_a_foreign_record_is_no_run(refused: Refused, tmp_path: Path) -> None:
    """Other programs write files called run.json too; ours always have a heartbeat."""
    (tmp_path / "runs/theirs").mkdir(parents=True)
    (tmp_path / "runs/theirs/run.json").write_text('{"status": "failed"}')
    assert "no failed run" in refused("runs", "rm", "--failed", "--yes")
    assert "not the directory of a run" in refused("runs", "rm", "runs/theirs", "--yes")


def test_status_says_how_much_disk_a_run_takes(command: Command, three: Path) -> None:
    (three / "good/images/big.png").write_bytes(bytes(5_000_000))
    rows = {line.split()[0]: line for line in command("status").out.splitlines()}
    assert size(disk(three / "good")) in rows["runs/good"] and " 5." in rows["runs/good"]
    assert " 5." not in rows["runs/bad"]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_600, "1 MB"), (3_456_789, "3.46 MB"), (2 * 10**12, "2 TB")],
)
def test_sizes_are_read_easily(count: int, text: str) -> None:
    assert size(count) == text


def test_an_old_heartbeat_is_stale_unless_somebody_trains_there(held: Path) -> None:
    for name in ("bad", "held"):
        change(held.parent / name, status="running", heartbeat="2026-01-01T00:00:00+00:00")
    status = {path.name: Run(path).row()["status"] for path in held.parent.iterdir() if path.name != "study"}
    assert status == {"good": "finished", "bad": "stale", "held": "running"}
