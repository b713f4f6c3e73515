"""CycleGAN on two processes: each has its own pools, and the checkpoint holds all of them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.models.cyclegan import CycleGAN
from tests.comparing import differences

pytestmark = pytest.mark.slow  # six starts of processes, 5 s each and more


def train(scenario: str, run: Path, devices: int, steps: int) -> Path:
    command = [sys.executable, "-m", "tests.drivers.pooled_ranks", scenario, str(run), str(devices), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("pools", tmp_path_factory.mktemp("pools") / "run", 2, 8)


def pools(run: Path) -> list[dict[str, list[torch.Tensor]]]:
    return torch.load(run / "checkpoints/last.ckpt", weights_only=True)["gan_zoo"]["pools"]


def test_the_checkpoint_holds_the_pools_of_both(whole: Path) -> None:
    by_process = pools(whole)
    assert [sorted(held) for held in by_process] == [["fake_a", "fake_b"]] * 2
    kept = [image for held in by_process for name in sorted(held) for image in held[name]]
    assert len(kept) == 2 * 2 * 3
    assert len(torch.stack(kept).flatten(1).unique(dim=0)) == len(kept), "no two processes have the same image"


def test_resumed_on_two_processes_equals_uninterrupted(whole: Path, tmp_path: Path) -> None:
    for steps in (5, 8):
        train("pools", tmp_path / "run", 2, steps)
    assert not differences(whole, tmp_path / "run")


def test_one_process_restores_the_pools_of_the_first_of_two(whole: Path) -> None:
    checkpoint = torch.load(whole / "checkpoints/last.ckpt", weights_only=True)
    model = CycleGAN(**checkpoint["hyper_parameters"])
    model.on_load_checkpoint(checkpoint)
    assert_close(model.pools["fake_b"].state(), pools(whole)[0]["fake_b"], rtol=0, atol=0)


def test_two_processes_equal_one_with_the_whole_batch(tmp_path: Path) -> None:
    """After five steps, every weight tensor has moved by 2e-6 or more. 1e-7 allows sums in another order."""
    single, double = (train("halves", tmp_path / str(devices), devices, 5) / "weights_0.pt" for devices in (1, 2))
    assert_close(torch.load(single), torch.load(double), rtol=0, atol=1e-7)
