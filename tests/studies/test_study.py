"""`gan-zoo study` with real runs of three steps: killed, called again, edited, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.commands import study_check
from gan_zoo.errors import Mistake
from gan_zoo.studies import local, reading
from gan_zoo.studies.expand import Cell, expand
from tests.studies.conftest import TINY, MakeStudy, held_by_another

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "torchvision", "lightning", "torchmetrics", "jsonargparse", "numpy")
SCRIPT = f"""
import atexit, sys
from gan_zoo.cli import main
atexit.register(lambda: print("loaded", sorted(set(sys.modules) & set({HEAVY}))))
main(["study", *sys.argv[1:]])
"""
"""`gan-zoo study`, and what its process has loaded when it ends."""
KILLER = """
import json, os, signal, sys, time
while not os.path.exists(sys.argv[1]) or json.load(open(sys.argv[1])).get("status") != "finished":
    time.sleep(0.01)
os.kill(int(sys.argv[2]), signal.SIGKILL)
"""
"""Kills a process when a run has finished. This process may be slow to notice, when other tests have left it busy."""
LONG = {"settings": TINY["settings"] | {"checkpoints.every": 20}, "budget": {"steps": 100_000}}
"""Runs that would take minutes."""

Study = Callable[..., subprocess.Popen]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Study]:
    """Starts `gan-zoo study s.yaml ...` in the test's folder."""
    started: list[subprocess.Popen] = []

    def call(*arguments: str) -> subprocess.Popen:
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
        command = [sys.executable, "-c", SCRIPT, "s.yaml", *arguments]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes))
        return started[-1]

    yield call
    for one in started:
        one.kill()
        one.communicate()


def ended(process: subprocess.Popen, code: int = 0) -> str:
    """What it printed, when it has ended."""
    out, err = process.communicate(timeout=200)
    assert process.returncode == code, out + err
    assert out.splitlines()[-1] == "loaded []"
    return out + err


def record(tmp_path: Path, cell: str) -> dict[str, Any]:
    file = tmp_path / "runs/s" / cell / "run.json"
    return json.loads(file.read_text()) if file.exists() else {}


def entries(tmp_path: Path) -> dict[str, Any]:
    return json.loads((tmp_path / "runs/s/study.json").read_text())["cells"]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_was(tmp_path: Path, make_study: MakeStudy, start: Study) -> None:
    make_study(resources={"cores": local.cores()})  # one cell at a time, so that some are left when it is killed
    first = start()
    killer = [sys.executable, "-S", "-c", KILLER, str(tmp_path / "runs/s/gan-s0/run.json"), str(first.pid)]
    subprocess.run(killer, timeout=100, check=True)
    first.wait()
    begun = {cell.name: record(tmp_path, cell.name).get("start") for cell in cells(tmp_path)}
    done = [name for name in begun if record(tmp_path, name).get("status") == "finished"]
    assert 1 <= len(done) < 4
    out = ended(start())
    for name, start_time in begun.items():
        assert record(tmp_path, name)["status"] == entries(tmp_path)[name]["status"] == "finished"
        assert start_time in (None, record(tmp_path, name)["start"])
        assert (tmp_path / "runs/s" / name / "log.txt").read_text().count("step 3/3") == 1, "it ran twice"
    assert not [line for line in out.splitlines() if " running " in line and line.split()[1] in done]

    # an edited method runs anew, alone; then nothing is left to do, and nothing is tried
    starts = {name: record(tmp_path, name)["start"] for name in begun}
    time.sleep(1)  # run.json's times are whole seconds
    make_study(
        methods={"gan": {}, "lsgan": {"model": "LSGAN", "model.targets": [-1, 1, 0]}},
        exclude=[{"method": "lsgan", "seed": 1}],
    )
    ended(start())
    again = {name for name in starts if record(tmp_path, name)["start"] != starts[name]}
    assert again == {"lsgan-s0"}
    assert len(list((tmp_path / "runs/s/.replaced").iterdir())) == 1
    begun_at = time.monotonic()
    out = ended(start())
    assert "Trying" not in out and "running" not in out
    assert time.monotonic() - begun_at < 5


def cells(tmp_path: Path) -> list[Cell]:
    return expand(reading.read(tmp_path / "s.yaml"))


@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path: Path, make_study: MakeStudy, start: Study) -> None:
    make_study(**LONG, methods={"gan": {}})
    study = start()
    checkpoint = tmp_path / "runs/s/gan-s0/checkpoints/last.ckpt"
    until(checkpoint.exists)
    study.send_signal(signal.SIGINT)
    out = ended(study, 130)
    assert "the same command goes on from there" in out
    assert record(tmp_path, "gan-s0")["status"] == "interrupted"
    assert entries(tmp_path)["gan-s0"]["status"] == "waiting"
    assert "gan-s0  to be resumed" in ended(start("--dry-run"))


@pytest.mark.slow
def test_a_cell_that_fails_is_shown_and_the_others_go_on(tmp_path: Path, make_study: MakeStudy, start: Study) -> None:
    make_study(methods={"gan": {}, "bad": {"model": "tests.drivers.tiny.Crashing"}}, matrix={"seed": [0]}, retries=1)
    out = ended(start(), 1)
    failed = [line for line in out.splitlines() if line.startswith("bad-s0  failed")]
    assert len(failed) == 1 and failed[0].endswith("ValueError: a bug in the loss")
    assert entries(tmp_path)["bad-s0"] | {"status": "failed", "attempts": 2} == entries(tmp_path)["bad-s0"]
    assert entries(tmp_path)["bad-s0"]["last_line"] == "ValueError: a bug in the loss"
    assert record(tmp_path, "gan-s0")["status"] == "finished"


@pytest.mark.slow
def test_a_wrong_configuration_is_said_before_anything_starts(
    tmp_path: Path, make_study: MakeStudy, start: Study
) -> None:
    make_study(matrix={"seed": [0, 1], "model.learning_rate": [1e-3, "quick"]})
    out, err = start().communicate(timeout=100)
    assert "gan-learning_rate=quick-s0: model.learning_rate is quick: it takes a number" in err
    assert err.count("\n") == 1 and "running" not in out
    assert not list((tmp_path / "runs/s").glob("*-s*"))


def test_dry_runs_list_and_touch_nothing(tmp_path: Path, make_study: MakeStudy, start: Study) -> None:
    make_study()
    out = ended(start("--dry-run", "--only", "lsgan-s1", "gan-s0"))
    assert out.splitlines()[:3] == [
        "gan-s0    to be run",
        "lsgan-s1  to be run",
        "2 cells of 3 steps each, in runs/s",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.yaml"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--only", "gan-s7"], "The study has no cell gan-s7 (did you mean gan-s1?)"),
        (["--engine", "locall"], "No engine is called locall (did you mean local?)"),
        (["--dryrun"], "gan-zoo study has no option --dryrun (did you mean --dry-run?)"),
        (["--runs", "s.yaml"], "The study's directory s.yaml/s cannot be written"),
    ],
)
def test_a_wrong_word_is_one_line(make_study: MakeStudy, start: Study, arguments: list[str], part: str) -> None:
    make_study()
    process = start(*arguments)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 2 and part in err and err.count("\n") == 1


def test_two_calls_do_not_run_one_study_at_once(tmp_path: Path, make_study: MakeStudy, start: Study) -> None:
    make_study()
    (tmp_path / "runs/s").mkdir(parents=True)
    with held_by_another(tmp_path / "runs/s"):
        _, err = start().communicate(timeout=100)
    assert "Another process runs the study in runs/s" in err


WRONG = {
    "a value": ({"settings": {"model.width": "wide"}}, "model.width is wide"),
    "an option": ({"settings": {"model.widht": 4}}, "GAN has no model.widht (did you mean width?)"),
    "an option of the data": ({"settings": {"data.batch_sise": 4}}, "MNIST has no data.batch_sise"),
    "a section": ({"settings": {"modle.width": 4}}, "The configuration has no modle (did you mean model?)"),
    "a class": ({"settings": {"model": "GNA"}}, "No model is called GNA (did you mean GAN?)"),
    "a bound": ({"settings": {"model.n_critic": 0}}, "model.n_critic is 0: it must be at least 1"),
    "an extractor": ({"evaluate": {"extractor": "lenett"}}, "No extractor is called lenett (did you mean lenet?)"),
    "a metric": ({"evaluate": {"extractor": "lenet", "metrics": ["fdd"]}}, "No metric is called fdd"),
    "what Lightning refuses": ({"settings": {"trainer.accelerator": "quantum"}}, "quantum"),
    "a bug": ({"base": "bug.yaml", "settings": {}}, "ValueError: a bug in the model"),
}


@pytest.mark.parametrize("name", WRONG)
def test_configurations_are_tried_as_fit_would(tmp_path: Path, make_study: MakeStudy, name: str) -> None:
    changes, part = WRONG[name]
    (tmp_path / "bug.yaml").write_text("model: tests.drivers.tiny.Unfinished\ndata: MNIST\n")
    make_study(methods={"gan": {}}, **changes)
    file = tmp_path / "cell.yaml"
    file.write_text(json.dumps(cells(tmp_path)[0].config))
    said = study_check.refusal(file)
    assert said and part in said["message"] and said["bug"] == (name == "a bug")


def test_a_right_configuration_is_let_through(tmp_path: Path, make_study: MakeStudy) -> None:
    make_study()
    file = tmp_path / "cell.yaml"
    file.write_text(json.dumps(cells(tmp_path)[0].config))
    assert study_check.refusal(file) is None
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("printed", ["", "Killed"])
def test_a_trial_that_dies_is_said(
    make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    make_study()
    (tmp_path / "python").write_text(f"#!/bin/sh\necho '{printed}' >&2\nkill -9 $$\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(Mistake, match="The configurations could not be checked"):
        study_check.check(cells(tmp_path))
