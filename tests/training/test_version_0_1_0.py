"""What version 0.1.0 left behind still works: a run made by it, and the paths that its users may have written.

`tests/fixtures/run_0_1_0` was made by that version with
`gan-zoo fit -c mnist/wgan_gp --model.architecture mlp --model.width [8] --model.latent_dim 4 --trainer.max_steps 6`.
"""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gan_zoo
from gan_zoo import images
from gan_zoo.cli import run as command
from gan_zoo.run.files import lines

FIXTURE = Path(__file__).parents[1] / "fixtures" / "run_0_1_0"


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    return shutil.copytree(FIXTURE, tmp_path / "old")


def test_the_generator_still_draws_the_grid_that_the_old_version_drew(old_run: Path) -> None:
    with Image.open(old_run / "images" / "step_00000006.png") as drawn:
        before = np.asarray(drawn)
    sample = gan_zoo.load(old_run).sample(4, seed=0)
    now = np.asarray(images.grid(images.to_uint8(sample)).permute(1, 2, 0)).squeeze()
    assert before.shape == now.shape
    assert np.abs(before.astype(int) - now.astype(int)).max() <= 1  # rounding on another machine


def test_the_run_is_listed_and_reported(old_run: Path) -> None:
    (row,) = gan_zoo.runs(old_run)
    assert (row["status"], row["step"], row["metric"]) == ("finished", 6, "fd_lenet_64")
    assert command(["report", str(old_run), "--out", str(old_run.parent / "report.html")]) == 0


@pytest.mark.slow  # a training and a score
def test_the_run_is_continued_and_scored_again(old_run: Path) -> None:
    """The score of step 6 was measured by the old version, so that the new one must find the same number."""
    (before,) = [line for line in lines(old_run / "evaluations.jsonl") if line["step"] == 6]
    assert command(["evaluate", str(old_run), "--samples", "64"]) == 0
    again = [line for line in lines(old_run / "evaluations.jsonl") if line["step"] == 6][-1]
    assert again["value"] == pytest.approx(before["value"], rel=1e-6)  # sums round differently elsewhere
    assert command(["fit", "-c", str(old_run / "config.yaml"), "--run", str(old_run), "--trainer.max_steps", "8"]) == 0
    (row,) = gan_zoo.runs(old_run)
    assert (row["status"], row["step"]) == ("finished", 8)
    assert all(weight.isfinite().all() for weight in gan_zoo.load(old_run).state_dict().values())


@pytest.mark.parametrize(
    ("path", "name", "successor"),
    [
        ("gan_zoo.strategy", "TurnTakingDDP", "gan_zoo.distributed"),
        ("gan_zoo.training", "Trainer", "gan_zoo.training.trainer"),
        ("gan_zoo.gradients", "adams", "gan_zoo.step.optimizers"),
        ("gan_zoo.run", "Run", "gan_zoo.run.directory"),
        ("gan_zoo.translation", "Route", "gan_zoo.translation.routes"),
    ],
)
def test_an_old_path_names_the_same_object(path: str, name: str, successor: str) -> None:
    assert getattr(importlib.import_module(path), name) is getattr(importlib.import_module(successor), name)


@pytest.mark.slow  # a process that imports torch
def test_the_old_script_of_the_attribute_classifier_runs() -> None:
    script = [sys.executable, "-m", "gan_zoo.rescoring.train_attributes", "--help"]
    assert "--attributes" in subprocess.run(script, capture_output=True, text=True, check=True).stdout


def test_the_fixture_holds_plain_tensors() -> None:
    torch.load(FIXTURE / "checkpoints" / "last.ckpt", weights_only=True)
