"""StarGAN on two alternating sets, trained by the command with its experiment, resumes exactly on two processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_zoo.run.directory import Run
from tests.comparing import differences
from tests.drivers import official

pytestmark = [pytest.mark.slow, pytest.mark.timeout(800)]  # three starts of two processes, 20 s each on two idle cores

NARROW = "--model.width 4 --model.discriminator_width 4 --model.blocks 1 --grids.every 3 --grids.count 12"
FEW = "--data.batch_size 4 --data.workers 0 --checkpoints.every 1 --trainer.log_every_n_steps 1"


def fit(folder: Path, name: str, steps: int) -> dict[str, torch.Tensor]:
    command = f"-m gan_zoo fit -c joint/stargan_64 {NARROW} {FEW} --tracking.wandb false --trainer.accelerator cpu"
    ends = f"--trainer.devices 2 --trainer.max_steps {steps} --run {name}"
    # Threads of two processes that share two cores wait for each other.
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    words = [sys.executable, *command.split(), *ends.split()]
    done = subprocess.run(words, cwd=folder, env=one_thread, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    return torch.load(Run(folder / name).last, weights_only=True)["state_dict"]


def test_a_resumed_run_equals_one_that_was_not_stopped(tmp_path: Path) -> None:
    """It stops after an odd number of steps of two mini-batches each, so the turns of the sets must resume too."""
    official.make("celeba", tmp_path / "data")
    whole = fit(tmp_path, "whole", steps=5)
    fit(tmp_path, "stopped", steps=3)
    resumed = fit(tmp_path, "stopped", steps=5)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())
    assert Run(tmp_path / "whole").record()["devices"] == 2
    assert not differences(tmp_path / "whole", tmp_path / "stopped")
