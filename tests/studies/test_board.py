"""Where the cells stand, on the disk."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gan_zoo.errors import Mistake
from gan_zoo.run.directory import runs
from gan_zoo.studies.board import Board
from tests.studies.conftest import held_by_another

MakeBoard = Callable[..., Board]
EDITED = {"gan": {}, "lsgan": {"model": "LSGAN", "model.n_critic": 2}}
ALL = ["gan-s0", "gan-s1", "lsgan-s0", "lsgan-s1"]


def pretend(board: Board, *finished: str) -> None:
    """Prepare all cells, and let those of `finished` have run."""
    board.prepare(board.plan(ALL))
    for name in finished:
        board.run(name).path.mkdir(exist_ok=True)
        board.run(name).update_record(status="finished")
        board.change(name, status="finished", attempts=1)


def test_study_json_holds_what_the_report_reads(board: MakeBoard) -> None:
    made = board()
    pretend(made, "gan-s1")
    held = json.loads((made.folder / "study.json").read_text())
    assert held["name"] == "s" and held["study"] == made.study.content
    assert held["cells"]["gan-s1"] == {
        "method": "gan",
        "settings": {"seed": 1},
        "hash": made.cells[1].hash,
        "status": "finished",
        "attempts": 1,
        "last_line": None,
    }
    assert held["cells"]["gan-s0"]["status"] == "waiting"
    assert yaml.safe_load((made.folder / ".cells/gan-s1.yaml").read_text()) == made.cells[1].config


def test_looking_and_planning_touch_nothing(board: MakeBoard, tmp_path: Path) -> None:
    assert set(board().plan(ALL).values()) == {"run"}
    assert not (tmp_path / "runs").exists()


def test_what_is_finished_is_not_run_again_and_what_has_begun_is_resumed(board: MakeBoard) -> None:
    first = board()
    pretend(first, "gan-s0", "lsgan-s1")
    first.run("gan-s1").path.mkdir()
    first.run("gan-s1").append(first.run("gan-s1").metrics_file, {"step": 1})
    assert board().plan(ALL) == {"gan-s0": "finished", "gan-s1": "resume", "lsgan-s0": "run", "lsgan-s1": "finished"}


def test_an_edited_cell_is_put_aside_and_runs_anew_alone(board: MakeBoard) -> None:
    pretend(first := board(), *ALL)
    edited = board(methods=EDITED)
    plan = edited.plan(ALL)
    assert plan == {"gan-s0": "finished", "gan-s1": "finished", "lsgan-s0": "replace", "lsgan-s1": "replace"}
    edited.prepare(plan)
    aside = edited.folder / ".replaced" / f"lsgan-s0-{first.cells[2].hash}"
    assert (aside / "run.json").exists() and not (edited.folder / "lsgan-s0").exists()
    assert [Path(row["run"]).name for row in runs(edited.folder)] == ["gan-s0", "gan-s1"]
    assert edited.entries["lsgan-s0"]["attempts"] == 0
    assert board(methods=EDITED).plan(ALL)["lsgan-s0"] == "run"


def test_a_cell_edited_to_and_fro_is_put_aside_each_time(board: MakeBoard) -> None:
    for methods in ({}, EDITED, {}, EDITED):
        pretend(board(**({"methods": methods} if methods else {})), *ALL)
    assert len(list((board().folder / ".replaced").glob("lsgan-s0-*"))) == 3


def test_an_edited_cell_that_is_not_chosen_keeps_its_run(board: MakeBoard) -> None:
    pretend(first := board(), *ALL)
    chosen = board(methods=EDITED)
    chosen.prepare(chosen.plan(["lsgan-s0"]))
    assert chosen.entries["lsgan-s1"]["hash"] == first.cells[3].hash
    assert board(methods=EDITED).plan(ALL)["lsgan-s1"] == "replace"


def test_a_lost_study_json_is_made_good(board: MakeBoard) -> None:
    pretend(first := board(), *ALL)
    for content in ("", None):
        (first.folder / "study.json").write_text("") if content == "" else (first.folder / "study.json").unlink()
        assert set(board().plan(ALL).values()) == {"finished"}
        assert board(methods=EDITED).plan(ALL)["lsgan-s1"] == "replace"


def test_a_run_that_still_trains_as_it_was_is_not_put_aside(board: MakeBoard) -> None:
    pretend(first := board(), *ALL)
    edited = board(methods=EDITED)
    with (
        held_by_another(first.run("lsgan-s0").path),
        pytest.raises(Mistake, match="lsgan-s0 still trains as it was before the cell was edited"),
    ):
        edited.prepare(edited.plan(ALL))
    assert not (edited.folder / ".replaced").exists()


def test_the_table_says_how_a_failed_cell_ended(board: MakeBoard) -> None:
    made = board()
    pretend(made, "gan-s0")
    made.log("gan-s1").parent.mkdir(parents=True)
    made.log("gan-s1").write_text("Traceback\nValueError: a bug\n\n")
    made.change("gan-s1", status="failed", last_line=made.last_line("gan-s1"))
    heading, first, second = made.table(["gan-s0", "gan-s1"])
    assert heading.split() == ["cell", "status", "step", "seconds", "score"]
    assert first.split() == ["gan-s0", "finished", "0", "0", "-"]
    assert second.endswith("-  ValueError: a bug") and second.split()[1] == "failed"
