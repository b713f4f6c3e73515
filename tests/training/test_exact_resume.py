"""A run killed and resumed, or lengthened, equals one that was never interrupted, bit for bit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gan_zoo.run import layout
from gan_zoo.run.files import lines
from tests.comparing import checkpoint, differences, records, same
from tests.drivers.exact import KILLS, PLACES, STEPS

pytestmark = pytest.mark.slow  # eight trainings and some killed thirty times, about a minute


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    subprocess.run([sys.executable, "-m", "tests.drivers.exact", str(folder)], check=True, timeout=280)
    return folder


@pytest.mark.parametrize("other", ["again", "drawing", "killed", "ending", "longer"])
def test_all_that_is_written_is_equal(runs: Path, other: str) -> None:
    """Weights, optimizers, callbacks' states, lines, grids, kept generators: whatever draws beside."""
    assert not differences(runs / "whole", runs / other)


def test_killed_at_thirty_moments_and_resumed_each_time(runs: Path) -> None:
    """At seeded random calls anywhere in our code, within scores, and within what is written."""
    deaths = [json.loads(line) for line in (runs / "deaths.jsonl").read_text().splitlines()]
    assert len(deaths) == KILLS
    assert {death["place"] for death in deaths} == set(PLACES)
    often = sorted(folder for folder in runs.glob("often_*"))
    assert {death["run"] for death in deaths} == {folder.name for folder in often}
    for folder in often:
        assert not differences(runs / "whole", folder), [d for d in deaths if d["run"] == folder.name]


def test_the_comparison_can_fail(runs: Path) -> None:
    whole, other = runs / "whole", runs / "other_seed"
    assert not same(checkpoint(whole / "checkpoints/last.ckpt"), checkpoint(other / "checkpoints/last.ckpt"))
    assert records(whole / "metrics.jsonl") != records(other / "metrics.jsonl")
    unequal = differences(whole, other)
    assert {"metrics.jsonl", "evaluations.jsonl", "last.ckpt", "best.ckpt", "model.safetensors"} <= set(unequal)
    assert {"step_00000000.png", "step_00000026.safetensors"} <= set(unequal)


def test_lines_are_where_they_should_be(runs: Path) -> None:
    steps = [line["step"] for line in lines(runs / "whole" / "metrics.jsonl")]
    assert steps == [*range(5, STEPS, 5), STEPS], "every five steps and at the end"
    scored = [line["step"] for line in lines(runs / "whole" / "evaluations.jsonl")]
    assert scored == [*range(0, STEPS, 11), STEPS]
    grids = sorted(int(file.stem[5:]) for file in (runs / "whole" / "images").iterdir())
    assert grids == [*range(0, STEPS, 7), STEPS]


def test_images_are_counted_by_the_feed(runs: Path) -> None:
    last = list(lines(runs / "whole" / "metrics.jsonl"))[-1]
    assert last["images"] == 20 * 4 + 30 * 3 * 4 + 28 * 6
    assert json.loads((runs / "killed" / "run.json").read_text())["status"] == "finished"


def test_nothing_half_written_is_left(runs: Path) -> None:
    assert not [file for file in runs.rglob(".*") if file.name != ".lock"]


def test_a_run_writes_the_files_that_its_layout_names_and_no_others(runs: Path) -> None:
    """What is not named there is never removed."""
    for run in ("whole", "often_00"):
        places = {place for place, _ in layout.files(runs / run)}
        assert places == {place for place, _ in layout.own_files(runs / run)}
        assert {".lock", "checkpoints/best.ckpt", "checkpoints/previous.ckpt", "images/step_00000000.png"} <= places
