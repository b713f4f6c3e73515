"""The median rule on scores written by hand, and what the study makes of its verdicts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_zoo.commands import study
from gan_zoo.metrics.names import direction
from gan_zoo.report.collect import collect
from gan_zoo.studies.board import Board, Job
from gan_zoo.studies.median import MedianRule
from gan_zoo.studies.reading import Study

Boards = Callable[..., Board]
SEARCH = {"trials": 5, "median_stopping": 10, "model.learning_rate": {"log_uniform": [1e-5, 1e-3]}}


def score(board: Board, cell: str, values: dict[int, float | None]) -> None:
    folder = board.run(cell).path
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"step": step, "metric": "fd_lenet_10k", "value": value} for step, value in values.items()]
    (folder / "evaluations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def job(board: Board, cell: str) -> Job:
    return Job(cell, [], board.run(cell), board.log(cell), "cpu")


@pytest.fixture
def rivals(board: Boards) -> Board:
    """Four trials of `gan` with the best scores 10, 20, 30 and 40 by step 20, and later ones that are better."""
    made = board(search=SEARCH, matrix={"seed": [0]})
    for trial in range(4):
        score(made, f"gan-trial={trial}-s0", {10: 90, 20: 10 * (trial + 1), 30: 1})
    return made


@pytest.mark.parametrize(
    ("values", "stopped"),
    [
        ({10: 90, 20: 26}, True),  # the median by step 20 is 25
        ({10: 90, 20: 24}, False),
        ({10: 20, 20: 99}, False),  # its best counts
        ({5: 500}, False),  # too early
        ({20: None}, False),  # no number yet
        ({40: 500}, False),  # nobody else has come so far
        ({}, False),
    ],
)
def test_a_trial_worse_than_the_median_is_stopped(
    rivals: Board, values: dict[int, float | None], stopped: bool
) -> None:
    score(rivals, "gan-trial=4-s0", values)
    assert bool(MedianRule(rivals, direction).hopeless(job(rivals, "gan-trial=4-s0"))) is stopped


def test_another_method_s_trials_do_not_count(rivals: Board) -> None:
    score(rivals, "lsgan-trial=4-s0", {20: 500})
    assert not MedianRule(rivals, direction).hopeless(job(rivals, "lsgan-trial=4-s0"))


def test_without_the_option_no_trial_is_stopped(board: Boards, rivals: Board) -> None:
    score(rivals, "gan-trial=4-s0", {20: 500})
    patient = board(
        search={name: value for name, value in SEARCH.items() if name != "median_stopping"}, matrix={"seed": [0]}
    )
    assert not MedianRule(patient, direction).hopeless(job(patient, "gan-trial=4-s0"))


class Patient:
    """A job that runs until it is asked to stop, or ends at once with the score of its trial."""

    def __init__(self, job: Job, board: Board) -> None:
        trial = int(job.cell.split("=")[1][0])
        score(board, job.cell, {20: 10.0 * trial})
        self.job, self.waits, self.stops = job, trial == 4, 0
        if not self.waits:
            (job.run.path / "run.json").write_text('{"status": "finished"}')

    def exit_code(self) -> int | None:
        return None if self.waits and not self.stops else 130 if self.waits else 0

    def stop(self) -> None:
        self.stops += 1
        (self.job.run.path / "run.json").write_text('{"status": "interrupted"}')


def test_a_hopeless_trial_is_stopped_once_recorded_and_not_run_again(board: Boards, tmp_path: Path) -> None:
    made = board(search=SEARCH, matrix={"seed": [0]}, methods={"gan": {}}, retries=3)
    started: list[Patient] = []

    class Engine:
        capacity = 5

        def __init__(self, jobs: list[Job], study: Study) -> None: ...

        def start(self, job: Job) -> Patient:
            started.append(Patient(job, made))
            return started[-1]

    study.run(made, list(made.entries), Engine, lambda config, run: ["never run"])
    assert [entry["status"] for entry in made.entries.values()] == ["finished"] * 4 + ["stopped"]
    assert started[-1].stops == 1 and len(started) == 5
    assert made.entries["gan-trial=4-s0"]["last_line"].startswith("stopped at step 20: its best fd_lenet_10k, 40, is")
    assert collect([made.folder])[-1].status == "stopped"
    again = board(search=SEARCH, matrix={"seed": [0]}, methods={"gan": {}})
    assert list(again.plan(again.entries).values()) == ["finished"] * 4 + ["stopped"]
    study.run(again, list(again.entries), Engine, lambda config, run: ["never run"])
    assert len(started) == 5 and again.entries["gan-trial=4-s0"]["status"] == "stopped"
    shutil.rmtree(again.run("gan-trial=4-s0").path)  # whoever removes a stopped run wants it anew
    assert again.plan(["gan-trial=4-s0"]) == {"gan-trial=4-s0": "run"}
