"""A run killed and resumed, or lengthened, equals one that was never interrupted, bit for bit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_zoo.run import lines
from tests.drivers.exact import STEPS

pytestmark = pytest.mark.slow  # seven trainings, about 20 s


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    subprocess.run([sys.executable, "-m", "tests.drivers.exact", str(folder)], check=True, timeout=240)
    return folder


def checkpoint(run: Path) -> dict[str, Any]:
    """What a checkpoint holds but for clocks."""
    content = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    for state in content["callbacks"].values():
        for clock in ("seconds", "spent", "cost"):
            state.pop(clock, None)
    return {name: content[name] for name in ("state_dict", "optimizer_states", "gan_zoo", "callbacks", "global_step")}


def records(file: Path) -> list[dict[str, Any]]:
    """The lines but for seconds and rates."""
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines(file)]


def same(a: Any, b: Any) -> bool:
    """Whether two nests of plain values and tensors are equal to the last bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("other", ["drawing", "killed", "longer"])
def test_all_that_a_checkpoint_holds_is_equal(runs: Path, other: str) -> None:
    assert same(checkpoint(runs / other), checkpoint(runs / "whole"))


@pytest.mark.parametrize("other", ["drawing", "killed", "longer"])
@pytest.mark.parametrize("file", ["metrics.jsonl", "evaluations.jsonl"])
def test_no_line_is_lost_or_doubled(runs: Path, other: str, file: str) -> None:
    assert records(runs / other / file) == records(runs / "whole" / file)


@pytest.mark.parametrize("other", ["drawing", "killed", "longer"])
def test_grids_and_kept_generators_are_equal(runs: Path, other: str) -> None:
    for pattern in ("images/*.png", "checkpoints/*.safetensors", "model.safetensors"):
        expected = {file.name: file.read_bytes() for file in (runs / "whole").glob(pattern)}
        assert {file.name: file.read_bytes() for file in (runs / other).glob(pattern)} == expected


def test_the_comparison_can_fail(runs: Path) -> None:
    assert not same(checkpoint(runs / "other_seed"), checkpoint(runs / "whole"))
    assert records(runs / "other_seed" / "metrics.jsonl") != records(runs / "whole" / "metrics.jsonl")


def test_lines_are_where_they_should_be(runs: Path) -> None:
    steps = [line["step"] for line in lines(runs / "whole" / "metrics.jsonl")]
    assert steps == [*range(5, STEPS, 5), STEPS], "every five steps and at the end"
    scored = [line["step"] for line in lines(runs / "whole" / "evaluations.jsonl")]
    assert scored == [*range(0, STEPS, 11), STEPS]
    grids = sorted(int(file.stem[5:]) for file in (runs / "whole" / "images").iterdir())
    assert grids == [*range(0, STEPS, 7), STEPS]


def test_images_are_counted_by_the_feed(runs: Path) -> None:
    last = list(lines(runs / "whole" / "metrics.jsonl"))[-1]
    assert last["images"] == 20 * 4 + 30 * 3 * 4 + 24 * 6
    assert json.loads((runs / "killed" / "run.json").read_text())["status"] == "finished"
