"""Two processes train what one would, and draw apart."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.comparing import differences
from tests.processes import free_port

pytestmark = pytest.mark.slow  # each start of two processes takes about 10 s


def train(scenario: str, run: Path, devices: int, steps: int = 10) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.drivers.two_ranks", scenario, str(run), str(devices), str(steps)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def train_on_two_nodes(scenario: str, run: Path, accelerator: str = "cpu") -> list[tuple[int, str]]:
    """Two nodes of one device each on this machine: on a GPU, both are the same one. Exit codes and errors."""
    command = [sys.executable, "-m", "tests.drivers.two_ranks", scenario, str(run), "2", "10", accelerator]
    master = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    nodes = [
        subprocess.Popen(command, env=os.environ | master | {"NODE_RANK": node}, stderr=subprocess.PIPE, text=True)
        for node in ("0", "1")
    ]
    errors = [process.communicate(timeout=120)[1] for process in nodes]
    return [(process.returncode, said) for process, said in zip(nodes, errors, strict=True)]


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One process with the whole batch, two with half of it each; draws handed in."""
    folder = tmp_path_factory.mktemp("fed")
    for devices in (1, 2):
        done = train("fed", folder / str(devices), devices)
        assert done.returncode == 0, done.stderr
    return folder / "1", folder / "2"


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("noted") / "run"
    done = train("noted", run, 2)
    assert done.returncode == 0, done.stderr
    return run


def test_two_halves_equal_the_whole(fed: tuple[Path, Path]) -> None:
    """Ten steps, n_critic 5, penalty on. 1e-6: sums of floats in another order; weights are of order 0.02."""
    one, two = (torch.load(run / "weights_0.pt") for run in fed)
    torch.testing.assert_close(one, two, rtol=0, atol=1e-6)


def test_two_halves_of_stargans_batch_equal_the_whole(tmp_path: Path) -> None:
    """Five steps of SGD, whose steps are of order 1e-3. 1e-6: as above."""
    for devices in (1, 2):
        done = train("relabelled", tmp_path / str(devices), devices, steps=5)
        assert done.returncode == 0, done.stderr
    one, two = (torch.load(tmp_path / f"{devices}/weights_0.pt") for devices in (1, 2))
    torch.testing.assert_close(one, two, rtol=0, atol=1e-6)


def test_two_halves_of_a_growing_models_batch_equal_the_whole(tmp_path: Path) -> None:
    """Two steps at 4 pixels, three that fade 8 in, and two after that, each of about 1e-2. 1e-6: as above."""
    for devices in (1, 2):
        done = train("grown", tmp_path / str(devices), devices, steps=7)
        assert done.returncode == 0, done.stderr
    one, two, other = (torch.load(tmp_path / name) for name in ("1/weights_0.pt", "2/weights_0.pt", "2/weights_1.pt"))
    assert (one["generator.side"], one["generator.blend"]) == (8, 1)
    torch.testing.assert_close(one, two, rtol=0, atol=1e-6)
    torch.testing.assert_close(two, other, rtol=0, atol=0)


def test_two_nodes_equal_one_process(fed: tuple[Path, Path], tmp_path: Path) -> None:
    ends = train_on_two_nodes("fed", tmp_path / "run")
    assert [code for code, _ in ends] == [0, 0], ends
    one, two = (torch.load(run / "weights_0.pt") for run in (fed[0], tmp_path / "run"))
    torch.testing.assert_close(one, two, rtol=0, atol=1e-6)
    assert Run(tmp_path / "run").record()["devices"] == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("scenario", ["fed", "synced"])
def test_two_ranks_on_one_gpu_equal_one(scenario: str, tmp_path: Path) -> None:
    """Without batch norm, and with SyncBatchNorm. 1e-5: a GPU adds up in another order for another batch size."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.drivers.two_ranks", scenario, str(tmp_path / "one"), "1", "10", "gpu"],
        timeout=120,
    )
    assert done.returncode == 0
    ends = train_on_two_nodes(scenario, tmp_path / "two", "gpu")
    assert [code for code, _ in ends] == [0, 0], ends
    one, two = (torch.load(tmp_path / run / "weights_0.pt", map_location="cpu") for run in ("one", "two"))
    torch.testing.assert_close(one, two, rtol=0, atol=1e-5)


def test_the_ranks_hold_equal_weights(fed: tuple[Path, Path]) -> None:
    zero, other = (torch.load(fed[1] / f"weights_{rank}.pt") for rank in (0, 1))
    torch.testing.assert_close(zero, other, rtol=0, atol=0)


def test_batch_norm_leaves_equal_weights_and_rank_zeros_buffers_everywhere(tmp_path: Path) -> None:
    """In both networks and in the average; each rank's batch has statistics of its own."""
    done = train("norms", tmp_path / "run", 2)
    assert done.returncode == 0, done.stderr
    saved = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert sum("running_mean" in name for name in saved) >= 3
    for rank in (0, 1):
        torch.testing.assert_close(torch.load(tmp_path / f"run/weights_{rank}.pt"), saved, rtol=0, atol=0)


def test_the_augmentation_is_the_same_on_all_ranks_and_resumes(tmp_path: Path) -> None:
    for run, stops in (("whole", (5,)), ("stopped", (3, 5))):
        for steps in stops:
            done = train("augmented", tmp_path / run, 2, steps)
            assert done.returncode == 0, done.stderr
    assert not differences(tmp_path / "whole", tmp_path / "stopped")
    zero, other = (json.loads((tmp_path / f"whole/augmentation_{rank}.json").read_text()) for rank in (0, 1))
    assert zero == other
    # Five steps of five minibatches of eight images on both ranks: 24 minibatches in whole windows, and one more.
    assert (zero["images"], zero["minibatches"]) == (8, 1)
    assert zero["probability"] == pytest.approx(24 * 8 / 500_000)


def test_stylegan2_is_the_same_on_all_ranks_and_resumes(tmp_path: Path) -> None:
    """Weights, both averages, the mean style and the mean path length. The stop comes between two regularisers."""
    for run, stops in (("whole", (5,)), ("stopped", (2, 5))):
        for steps in stops:
            done = train("lazy", tmp_path / run, 2, steps)
            assert done.returncode == 0, done.stderr
    assert not differences(tmp_path / "whole", tmp_path / "stopped")
    zero, other = (torch.load(tmp_path / f"whole/weights_{rank}.pt") for rank in (0, 1))
    torch.testing.assert_close(zero, other, rtol=0, atol=0)
    assert zero["path_mean"] > 0 and zero["generator.mean_style"].abs().sum() > 0


def test_both_count_the_same_images_and_score_alike(fed: tuple[Path, Path]) -> None:
    one, two = ([line for line in lines(Run(run).metrics_file)] for run in fed)
    assert [line["images"] for line in one] == [line["images"] for line in two] == [120, 240, 360, 400]
    for a, b in zip(one, two, strict=True):
        # 1e-4: the mean over both ranks of a loss of order 1 in float32
        assert a["discriminator/wasserstein"] == pytest.approx(b["discriminator/wasserstein"], abs=1e-4)
    first, second = (next(lines(Run(run).evaluations_file)) for run in fed)
    # at step 0 the weights are equal and 101 images are spread 50 and 51: only batches of another size differ
    assert first["value"] == pytest.approx(second["value"], rel=1e-5)
    assert {**first, "value": 0} == {**second, "value": 0}


def test_every_latent_differs_between_ranks(noted: Path) -> None:
    drawn = torch.cat([torch.load(noted / f"latents_{rank}.pt") for rank in (0, 1)])
    assert len(drawn) == 2 * 10 * 6 * 4, "ten steps of five updates and one, four images each, on two ranks"
    assert len(drawn.unique(dim=0)) == len(drawn)


def test_exactly_the_stepped_gradients_are_exchanged(noted: Path) -> None:
    for rank in (0, 1):
        counts = json.loads((noted / f"exchanged_{rank}.json").read_text())
        assert counts["exchanged"] == [*[counts["discriminator"]] * 5, counts["generator"]] * 10


def test_the_process_group_is_destroyed_before_the_interpreter_exits(noted: Path) -> None:
    """Otherwise gloo's threads may still run while the interpreter takes its libraries down."""
    assert [(noted / f"group_{rank}.txt").read_text() for rank in (0, 1)] == ["destroyed", "destroyed"]


def test_resumed_on_two_ranks_equals_uninterrupted(noted: Path, tmp_path: Path) -> None:
    for steps in (7, 10):
        done = train("noted", tmp_path / "run", 2, steps)
        assert done.returncode == 0, done.stderr
    assert not differences(noted, tmp_path / "run")


def test_an_error_on_one_rank_ends_both(tmp_path: Path) -> None:
    begun = time.monotonic()
    done = train("fails", tmp_path / "run", 2)
    assert done.returncode != 0
    assert time.monotonic() - begun < 60
    record = Run(tmp_path / "run").record()
    assert record["status"] == "failed"
    assert "rank 1 has had enough" in record["error"]


def test_a_rank_that_is_killed_ends_the_other_wherever_that_is(tmp_path: Path) -> None:
    begun = time.monotonic()
    (code, said), (killed, _) = train_on_two_nodes("dies", tmp_path / "run")
    assert killed == -signal.SIGKILL and code == 1
    assert time.monotonic() - begun < 60
    assert re.search(r"gan-zoo: rank 1 \(process \d+ on .*\) has ended without a word", said)
    record = Run(tmp_path / "run").record()
    assert record["status"] == "failed" and record["error"].startswith("rank 1 (process ")
