"""`gan-zoo fit` destroys neither a user's files, nor another run, nor the target of a link."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lock
from gan_zoo.studies.board import Board
from gan_zoo.studies.expand import Cell
from gan_zoo.training import resume
from tests.commands.conftest import TINY, Command, Refused
from tests.comparing import contents

FIT = ["fit", *TINY, "--trainer.log_every_n_steps", 2]
LONGER = [*FIT, "--trainer.max_steps", 6, "--run", "x"]
NO_EXTRACTOR = [*FIT, "--evaluation.extractor", "lenett", "--trainer.max_steps", 1]
NO_DATA = ["fit", "--model", "GAN", "--data", "ImageFolder", "--data.root", "gone", "--trainer.max_steps", 1]
UNFIT = [*FIT, "--evaluation.extractor", "lenet", "--trainer.max_steps", 1]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's own folder, whose files have names that a run might use."""
    for name in ("config.yaml", "images/step_final.png", "images/step_00000000.png", ".draft.new", "metrics.jsonl"):
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text('{"step": 1}')
    return tmp_path / "mine"


@pytest.mark.parametrize(
    "words", [NO_EXTRACTOR, NO_DATA, UNFIT, [*FIT, "--trainer.max_steps", 1, "--init", "gone.ckpt"]]
)
def test_a_mistake_writes_nothing(refused: Refused, tmp_path: Path, words: list[object]) -> None:
    refused(*words, "--run", "new/x")
    assert not (tmp_path / "new").exists()
    refused(*words, "--run", ".")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("words", [NO_EXTRACTOR, [*FIT, "--trainer.max_steps", 1]])
@pytest.mark.parametrize("leftover", [False, True])
def test_a_folder_of_runs_is_no_run(
    command: Command, refused: Refused, run: Path, words: list[object], leftover: bool
) -> None:
    """With `leftover`, the folder has the record of a failed run, which an older version wrote there."""
    runs = run.parent / "runs"
    shutil.copytree(run, runs / "s/good")
    if leftover:
        (runs / "run.json").write_text(json.dumps(Run(run).record() | {"status": "failed"}))
    before = contents(runs)
    assert "runs is a folder of runs, such as runs/s/good" in refused(*words, "--run", "runs")
    assert contents(runs) == before
    assert command("runs", "rm", "--failed", "--yes").code == (0 if leftover else 2)
    assert contents(runs / "s/good") == contents(run)


def test_a_folder_that_is_not_empty_and_no_run_is_refused(refused: Refused, mine: Path) -> None:
    before = contents(mine)
    for words in (NO_EXTRACTOR, [*FIT, "--trainer.max_steps", 1]):
        assert "mine is not empty, and no run is in it" in refused(*words, "--run", "mine")
    assert contents(mine) == before


def begun(run: Run) -> None:
    run.update_record(status="running")


HALF_MADE: dict[str, Callable[[Run], object]] = {
    "empty": lambda run: None,
    "locked": lambda run: (run.path / ".lock").touch(),
    "folders": lambda run: (run.images.mkdir(), run.checkpoints.mkdir(), (run.path / "log.txt").touch()),
    "writing": lambda run: (run.path / ".run.json.77.new").touch(),
    "recorded": begun,
    "trained": lambda run: (begun(run), run.append(run.metrics_file, {"step": 2})),
}


@pytest.mark.parametrize("moment", HALF_MADE)
def test_a_run_killed_as_it_began_begins_again(command: Command, run: Path, tmp_path: Path, moment: str) -> None:
    half = Run(tmp_path / "half")
    half.path.mkdir()
    HALF_MADE[moment](half)
    if moment == "trained":
        shutil.copy(run / "config.yaml", half.config_file)
    assert command(*FIT, "--trainer.max_steps", 4, "--run", "half").code == 0
    assert half.record()["status"] == "finished" and not list(half.path.glob(".*.new"))


LINKED = [".lock", "config.yaml", "run.json", "metrics.jsonl", "evaluations.jsonl", "model.safetensors", "log.txt"]
LINKED += ["images", "checkpoints", "wandb", "images/step_00000000.png", "checkpoints/last.ckpt"]


@pytest.mark.parametrize("name", LINKED)
def test_a_link_out_of_a_run_is_never_followed(refused: Refused, run: Path, tmp_path: Path, name: str) -> None:
    diary = tmp_path / "diary"
    if (run / name).exists():
        (run / name).rename(diary)  # so that only the link is wrong
    else:
        diary.write_text("mine")
    (run / name).symlink_to(diary)
    before = contents(diary) if diary.is_dir() else diary.read_bytes()
    inside = contents(run)
    assert f"x/{name} is a link" in refused(*LONGER)
    assert (contents(diary) if diary.is_dir() else diary.read_bytes()) == before
    assert contents(run) == inside


def test_a_link_is_not_followed_by_what_opens_one_file(tmp_path: Path, run: Path, command: Command) -> None:
    """The lock, a line that `evaluate` adds, and `status`, which looks at the lock, do not follow links."""
    diary = tmp_path / "diary"
    diary.write_text("mine")
    (run / ".lock").unlink()
    for name in (".lock", "evaluations.jsonl"):
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(diary)
    with pytest.raises(OSError, match="it is a link"):
        lock(run)
    with pytest.raises(OSError, match="it is a link"):
        Run(run).append(run / "evaluations.jsonl", {"step": 4})
    record = Run(run).record()
    (run / "run.json").write_text(json.dumps(record | {"status": "running", "heartbeat": "2026-01-01T00:00:00+00:00"}))
    assert "x/evaluations.jsonl is a link, which is never followed" in command("status", "x").out
    (run / "evaluations.jsonl").unlink()
    assert "stale" in command("status", "x").out
    assert diary.read_text() == "mine"


def test_a_lock_is_not_cut_short(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("mine")
    held = lock(tmp_path)
    assert held
    held.close()
    assert (tmp_path / ".lock").read_text() == "mine"


def test_a_run_may_lie_behind_a_link(command: Command, run: Path, tmp_path: Path) -> None:
    """The folder of runs may be a link, as in runs -> /data/runs, and so may the run itself."""
    (tmp_path / "linked").symlink_to(tmp_path)
    assert command(*LONGER[:-1], "linked/x").code == 0
    (tmp_path / "y").symlink_to(run)
    assert command(*FIT, "--trainer.max_steps", 8, "--run", "y").code == 0
    assert Run(run).row()["step"] == 8


@pytest.mark.parametrize("kept", ["finished", "failed"])
def test_a_run_without_its_checkpoints_is_not_overwritten(refused: Refused, run: Path, kept: str) -> None:
    copy = Run(run)
    copy.update_record(status=kept)
    shutil.rmtree(copy.checkpoints)
    before = contents(run)
    assert "overwrite them: choose another --run, or remove it first by `gan-zoo runs rm x`" in refused(*LONGER)
    assert contents(run) == before


def test_a_run_that_another_process_trained_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """Data and reference statistics are loaded between the check of a new directory and the first step."""
    ours, other = Run(tmp_path / "x"), Run(tmp_path / "x")
    ours.hold()
    other.create()
    other.update_record(status="finished")
    other.append(other.metrics_file, {"step": 4})
    other.release()
    before = contents(tmp_path)
    with pytest.raises(Mistake, match="Another process has trained in"):
        resume.begin(ours, {}, {})
    ours.release()
    assert contents(tmp_path) == before


def test_a_study_touches_no_folder_that_is_no_run(tmp_path: Path, mine: Path) -> None:
    from gan_zoo.studies.reading import Study

    study = Study.__new__(Study)  # only with a name and content
    object.__setattr__(study, "name", "study")
    object.__setattr__(study, "content", {})
    (tmp_path / "study").mkdir()
    mine.rename(tmp_path / "study/cell")
    before = contents(tmp_path / "study")
    board = Board(study, [Cell("cell", "gan", {}, {}, "0")], tmp_path)
    with pytest.raises(Mistake, match="is not empty, and no run is in it"):
        board.prepare({"cell": "run"})
    assert contents(tmp_path / "study") == before


def test_a_users_files_in_a_run_stay(command: Command, run: Path) -> None:
    """Their names begin like those of a run's files, but a run does not write them."""
    for name in ("images/step_final.png", "checkpoints/best_mine.ckpt", "images/step_9.png", ".notes.1.new"):
        (run / name).write_text("mine")
    before = contents(run)
    assert command(*LONGER).code == 0
    after = contents(run)
    assert {name: after.get(name) for name, content in before.items() if content == b"mine"} == {
        name: b"mine" for name in before if before[name] == b"mine"
    }
