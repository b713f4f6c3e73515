"""What is read from run directories, whole or damaged."""

import base64
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import ANY

import pytest

from gan_zoo.errors import Mistake
from gan_zoo.report import build
from gan_zoo.report.collect import collect
from tests.report.made import PROTOCOL, add_score, make_run, make_study, two_methods


def test_a_study_gives_methods_seeds_and_settings(tmp_path: Path) -> None:
    runs = collect([two_methods(tmp_path / "objectives")])
    assert [(run.name, run.study, run.method, run.seed, run.status) for run in runs] == [
        ("a-s0", "objectives", "a", 0, "finished"),
        ("a-s1", "objectives", "a", 1, "finished"),
        ("b-s0", "objectives", "b", 0, "finished"),
        ("b-s1", "objectives", "b", 1, "failed"),
    ]
    assert runs[2].config["model.n_critic"] == 5 and runs[2].settings == {}
    assert [step for step, _ in runs[0].grids] == [0, 50, 100]
    assert runs[3].error == "Loss was nan & <odd>."


def test_without_a_study_the_method_is_the_model(tmp_path: Path) -> None:
    make_run(tmp_path / "x", {10: 1.0}, model="WGANGP")
    (run,) = collect([tmp_path / "x"])
    assert (run.name, run.study, run.method) == ("x", "", "WGANGP")


def test_seconds_of_a_score_lie_between_the_lines_of_metrics_around_it(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "x", {0: 9.0, 100: 1.0})  # lines of metrics: 10 s at step 100
    for step in (25, 140):
        add_score(folder, step, 2.0, PROTOCOL)
    (run,) = collect([folder])
    assert {line["step"]: line["seconds"] for line in run.evaluations} == {0: 0.0, 25: 2.5, 100: 10.0, 140: 10.0}


def test_half_written_lines_and_numbers_that_are_none(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "x", {10: 1.0})
    with open(folder / "metrics.jsonl", "a") as stream:
        stream.write('{"step": 20, "images": 200, "seconds": 2.0, "generator/x": NaN}\n17\n[]\n{"no": "step"}\n')
        stream.write('{"step": 30, "images": 300, "seconds": Infinity}\n{"step": 40, "ima')
    with open(folder / "evaluations.jsonl", "ab") as stream:
        stream.write(b'{"step": 20, "metric": "fd_lenet", "value": -Infinity}\n{"step": 30, "metric": "\xff')
    (run,) = collect([folder])
    assert [line["step"] for line in run.metrics] == [10, 20, 30]
    assert run.metrics[1]["generator/x"] is None and run.metrics[2]["seconds"] is None
    assert [(line["step"], line["value"]) for line in run.evaluations] == [(10, 1.0), (20, None)]


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    for name in ("empty", "cut", "list"):
        (tmp_path / name).mkdir()
    (tmp_path / "empty" / "run.json").write_text("{}")
    (tmp_path / "cut" / "run.json").write_text('{"status": "fini')
    (tmp_path / "cut" / "config.yaml").write_text("model: [")
    (tmp_path / "list" / "run.json").write_text("[1]")
    (tmp_path / "list" / "config.yaml").write_text("just a word")
    runs = collect([tmp_path])
    assert [(run.name, run.method, run.status, run.seed, run.step) for run in runs] == [
        ("cut", "cut", "damaged", None, 0),
        ("empty", "empty", "unknown", None, 0),
        ("list", "list", "damaged", None, 0),
    ]
    assert runs[0].error == f"{tmp_path}/cut/run.json is not JSON: line 1, column 12: Unterminated string starting at."
    assert runs[2].error == f"{tmp_path}/list/run.json holds [1], and should hold values by name."


def test_a_run_without_heartbeat_is_stale_and_the_study_knows_what_died(tmp_path: Path) -> None:
    def beat(ago: float) -> str:
        return datetime.fromtimestamp(time.time() - ago, UTC).isoformat()

    make_run(tmp_path / "s" / "alive", {10: 1.0}, status="running", heartbeat=beat(5))
    make_run(tmp_path / "s" / "silent", {10: 1.0}, status="running", heartbeat=beat(4000))
    make_run(tmp_path / "s" / "killed", {10: 1.0}, status="running", heartbeat=beat(5))
    make_run(tmp_path / "s" / "odd", {10: 1.0}, status="running", heartbeat="yesterday")
    make_study(tmp_path / "s", {"killed": {"method": "m", "status": "failed", "last_line": "Killed"}})
    told = {run.path.name: (run.status, run.error) for run in collect([tmp_path])}
    expected = {
        "alive": ("running", ""),
        "killed": ("failed", "Killed"),
        "odd": ("damaged", ANY),
        "silent": ("stale", ""),
    }
    assert told == expected


def test_cells_without_a_run_are_there_and_hidden_folders_are_not(tmp_path: Path) -> None:
    make_run(tmp_path / "s" / "a-s0", {10: 1.0})
    make_run(tmp_path / "s" / ".replaced" / "a-s0-1234", {10: 1.0})
    cells = {
        "a-s0": {"method": "a"},
        "a-s1": {"method": "a", "settings": {"seed": 1}, "status": "failed", "last_line": "No such file"},
        "a-s2": {"method": "a", "settings": {"seed": 2}, "status": "waiting"},
    }
    make_study(tmp_path / "s", cells)
    runs = collect([tmp_path / "s", tmp_path / "s" / "a-s0"])  # once, though named twice
    assert [(run.name, run.seed, run.status, run.error) for run in runs] == [
        ("a-s0", 0, "finished", ""),
        ("a-s1", 1, "failed", "No such file"),
        ("a-s2", 2, "waiting", ""),
    ]
    assert [run.name for run in collect([tmp_path / "s" / "a-s0"])] == ["a-s0"]


def test_names_tell_runs_of_several_studies_apart(tmp_path: Path) -> None:
    for study in ("one", "two"):
        make_run(tmp_path / study / "a-s0", {10: 1.0})
    assert [run.name for run in collect([tmp_path / "one", tmp_path / "two"])] == ["one/a-s0", "two/a-s0"]


@pytest.mark.parametrize("content", ['{"cells": [1]}', '{"cells": {"x": 3}}', "{", "[]", json.dumps({"name": None})])
def test_a_damaged_study_is_no_study(tmp_path: Path, content: str) -> None:
    make_run(tmp_path / "x", {10: 1.0})
    (tmp_path / "study.json").write_text(content)
    assert [(run.name, run.method, run.study) for run in collect([tmp_path])] == [("x", "GAN", "")]


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="There is no run in"):
        collect([tmp_path])
    with pytest.raises(Mistake, match="There is no folder"):
        collect([tmp_path / "nowhere"])


def test_links_are_no_part_of_a_run(tmp_path: Path) -> None:
    """What they lead to may be anything on the machine of whoever makes the report, and the page is for others."""
    secret = tmp_path / "secret"
    secret.write_text('password: hunter2\n{"password": "hunter2", "step": 1}\n')
    run = make_run(tmp_path / "runs" / "a", {0: 9.0, 10: 5.0}, status="failed", error="no")
    (run / "images" / "step_00000020.png").symlink_to(secret)
    (run / "images" / "neighbours_00000020.png").symlink_to(secret)
    (run / "images" / "step_00000030.png").mkdir()
    (run / "images" / "step_00000040.png").symlink_to("step_00000010.png")
    for name in ("log.txt", "config.yaml", "metrics.jsonl", "evaluations.jsonl"):
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(secret)
    elsewhere = make_run(tmp_path / "private" / "b", {0: 1.0})
    outside = make_run(tmp_path / "runs" / "c", {0: 9.0})
    shutil.rmtree(outside / "images")
    (outside / "images").symlink_to(elsewhere / "images")

    found, others = collect([tmp_path / "runs"])
    assert [step for step, _ in found.grids] == [0, 10] and found.neighbours is None
    assert not (found.log or found.config or found.metrics or found.evaluations)
    assert found.status == "damaged" and "is a link" in found.error and not others.grids
    build([tmp_path / "runs"], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_bytes()
    assert b"hunter2" not in page and base64.b64encode(secret.read_bytes()) not in page


def test_a_run_that_is_reached_by_a_link_is_read(tmp_path: Path) -> None:
    run = make_run(tmp_path / "disk" / "a", {0: 9.0, 10: 5.0})
    (tmp_path / "a").symlink_to(run)
    (found,) = collect([tmp_path / "a"])
    assert [step for step, _ in found.grids] == [0, 10] and found.config and found.metrics


@pytest.mark.parametrize("cell", ["../private", "{root}/private", "link"])
def test_a_study_has_no_cells_outside_its_folder(tmp_path: Path, cell: str) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "log.txt").write_text("told")
    study = make_study(tmp_path / "s", {cell.format(root=tmp_path): {"status": "failed"}, "a": {"status": "waiting"}})
    (study / "link").symlink_to(tmp_path / "private")
    assert [(run.name, run.log) for run in collect([study])] == [("a", [])]
