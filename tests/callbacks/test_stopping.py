"""A run ends by time, and by signals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from datamodules.mnist import MNIST
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.drivers import signal_moments
from tests.drivers.signalled import AT, EVERY, MOMENTS, STEPS


def train(run: Run, max_seconds: float) -> list[float]:
    """The seconds on its lines, of which there is one for each step."""
    trainer = Trainer(run=run.path, max_seconds=max_seconds, log_every_n_steps=1, accelerator="cpu")
    trainer.fit(GAN(image_shape=(1, 28, 28), width=(8,)), MNIST(batch_size=4))
    assert run.record()["status"] == "finished"
    return [line["seconds"] for line in lines(run.metrics_file)]


def seconds(run: Run) -> float:
    """Of training, by its checkpoint."""
    return torch.load(run.last, weights_only=True)["callbacks"]["Records"]["seconds"]


@pytest.mark.slow
def test_a_run_stops_at_the_first_step_past_its_time_over_all_resumptions(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    first = train(run, 2.0)
    assert len(first) > 1 and max(first[:-1]) <= 2 <= seconds(run)  # lines are rounded
    assert train(run, 2.0) == first  # its time is over
    spent = seconds(run)
    longer = train(run, spent + 2)
    assert longer[: len(first)] == first and len(longer) > len(first)
    assert spent <= longer[len(first)] and max(longer[:-1]) <= round(spent + 2, 3) and spent + 2 <= seconds(run)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_rank_zero_decides_for_all(tmp_path: Path) -> None:
    """Else one process would wait for ever for the other's gradients."""
    command = [sys.executable, "-m", "gan_zoo", "fit", "-c", "mnist/gan", "--model.width", "[8]", "--max_seconds", "2"]
    command += ["--trainer.max_steps", "-1", "--trainer.devices", "2", "--trainer.accelerator", "cpu", "--run", "x"]
    command += ["--evaluation.extractor", "null", "--trainer.log_every_n_steps", "5"]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    run = Run(tmp_path / "x")
    assert run.record()["status"] == "finished" and run.row()["step"] % 5 == 0
    assert seconds(run) >= 2


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_signal_is_lost_on_two_processes(tmp_path: Path) -> None:
    """Wherever a signal falls, and to whichever process, it ends the run on both; see the driver for the moments."""
    command = [sys.executable, "-m", "tests.drivers.signalled", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=230)
    assert done.returncode == 0, done.stdout + done.stderr
    during, late_0, late_1, *others = json.loads((tmp_path / "ends.json").read_text())
    assert during == ["interrupted", AT + EVERY], "a signal that comes while the processes agree counts the next time"
    assert late_0 == late_1 == ["interrupted", STEPS], "a signal that comes after the last agreement counts as well"
    assert len(others) == MOMENTS
    assert all(status == "interrupted" for status, _ in others), others
    assert {Run(folder).record()["status"] for folder in tmp_path.glob("run*")} == {"interrupted"}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("devices", "tries"), [(1, 4), (2, 3)])
def test_signals_at_random_moments_lose_nothing(tmp_path: Path, devices: int, tries: int) -> None:
    """More moments: `python -m tests.drivers.signal_moments FOLDER DEVICES TRIES SEED`."""
    assert signal_moments.main(tmp_path, devices, tries, seed=devices) == []
