"""Models that translate, on two processes: half the batch each comes to what one process makes of the whole."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_zoo.run.directory import Run
from tests.comparing import differences
from tests.drivers.two_translators import MODELS

pytestmark = pytest.mark.slow  # each start of two processes takes about 10 s


def train(name: str, run: Path, devices: int, steps: int = 10) -> dict[str, torch.Tensor]:
    command = [sys.executable, "-m", "tests.drivers.two_translators", name, str(run), str(devices), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return torch.load(run / "weights_0.pt")


@pytest.mark.parametrize("name", MODELS)
def test_two_halves_equal_the_whole_and_a_resumed_run_an_unbroken_one(name: str, tmp_path: Path) -> None:
    """Weights within 1e-6: sums of floats in another order, of numbers of order 0.02. Left out are biases before
    instance norm: it takes them out, so that their gradient is rounding, which Adam follows."""
    one, two = (train(name, tmp_path / str(devices), devices) for devices in (1, 2))
    kernels = [key for key, value in one.items() if value.dim() == 4]
    assert kernels
    for key in kernels:
        torch.testing.assert_close(two[key], one[key], rtol=0, atol=1e-6, msg=key)
    assert Run(tmp_path / "2").record()["devices"] == 2
    other = torch.load(tmp_path / "2" / "weights_1.pt")
    assert all(torch.equal(value, other[key]) for key, value in two.items()), "equal on both ranks, bit for bit"
    train(name, tmp_path / "stopped", 2, steps=7)
    resumed = train(name, tmp_path / "stopped", 2)
    assert all(torch.equal(value, resumed[key]) for key, value in two.items())
    assert not differences(tmp_path / "2", tmp_path / "stopped")
