"""Which checkpoints are kept: last, the best so many, every so many; also over kills."""

from pathlib import Path
from typing import Any

import pytest
import torch

from gan_zoo.callbacks.checkpoints import Checkpoints, ranked
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.training.trainer import Trainer
from tests.drivers.scripted import Low
from tests.drivers.tiny import Tiny

HERE = "tests.drivers.scripted"
SCORES = {
    "Low": [0.5, 5.0, 3.0, 4.0, 4.0, float("nan"), 2.0],
    "High": [9.0, 1.0, 3.0, 2.0, 2.0, float("nan"), 4.0],
}
"""At steps 0, 10, 20 ... 60."""


def fit(run: Path, steps: int, keep_best: int, metric: str = "Low", begun: int = 0) -> dict[str, int]:
    """The kept checkpoints and the step that each is of; the run goes on from step `begun`."""
    Low.script[:] = SCORES[metric][begun // 10 + 1 :] if begun else SCORES[metric]
    evaluation = Evaluation(f"{HERE}:Pixels", (f"{HERE}:{metric}",), every=10, samples=8, share=1.0)
    trainer = Trainer(
        run=run,
        max_steps=steps,
        accelerator="cpu",
        evaluation=evaluation,
        checkpoints=Checkpoints(every=15, keep_every=25, keep_best=keep_best),
        enable_progress_bar=False,
    )
    trainer.fit(GAN(image_shape=(1, 8, 8), latent_dim=2, width=(4,)), Tiny())
    return kept(run)


def kept(run: Path) -> dict[str, int]:
    files = sorted(Run(run).checkpoints.glob("best*.ckpt"))
    return {file.stem: torch.load(file, weights_only=True)["global_step"] for file in files}


pytestmark = pytest.mark.filterwarnings("ignore:The ``compute`` method")  # torchmetrics: our metric has no state


@pytest.mark.parametrize("metric", list(SCORES))
@pytest.mark.parametrize(
    ("keep_best", "expected"),
    [
        (0, {}),
        (1, {"best": 60}),
        (3, {"best": 60, "best_00000020": 20, "best_00000030": 30}),
        (9, {"best": 60, **{f"best_000000{step}": step for step in (10, 20, 30, 40)}}),
    ],
)
def test_the_best_so_many_are_kept(tmp_path: Path, keep_best: int, expected: dict[str, int], metric: str) -> None:
    """Not step 0's, which is of no training, nor one that is no number; of equals the earlier."""
    assert fit(tmp_path / "x", 60, keep_best, metric) == expected
    names = sorted(file.name for file in Run(tmp_path / "x").checkpoints.iterdir() if not file.name.startswith("best"))
    steps = ["step_00000025.safetensors", "step_00000050.safetensors"]
    assert [name for name in names if not name.startswith("previous")] == ["last.ckpt", *steps]


def test_ranks_follow_the_direction_and_keep_the_order_of_equals() -> None:
    scored = [[2.0, 1.0], [1.0, 2.0], [float("nan"), 3.0], [2.0, 4.0]]
    assert ranked(scored, higher_is_better=False) == [[1.0, 2.0], [2.0, 1.0], [2.0, 4.0]]
    assert ranked(scored, higher_is_better=True) == [[2.0, 1.0], [2.0, 4.0], [1.0, 2.0]]


def test_a_lengthened_run_keeps_what_a_longer_one_would(tmp_path: Path) -> None:
    fit(tmp_path / "x", 37, 2)
    assert fit(tmp_path / "x", 60, 2, begun=37) == {"best": 60, "best_00000020": 20}


def test_files_that_a_kill_left_ahead_of_the_checkpoint_are_put_back(tmp_path: Path) -> None:
    """As after a kill between step 60's best.ckpt and the next last.ckpt, with last.ckpt of step 45."""
    run = Run(tmp_path / "x")
    fit(run.path, 45, 2)
    last = run.last.read_bytes()
    fit(run.path, 60, 2, begun=45)
    run.last.write_bytes(last)
    run.metrics_file.unlink()  # its last line, of step 60, is after the checkpoint
    assert kept(run.path) == {"best": 60, "best_00000020": 20}
    state: Any = torch.load(run.last, weights_only=True)["callbacks"]["Checkpoints"]["best"]
    assert state == [[3.0, 20.0], [4.0, 30.0]]
    assert fit(run.path, 47, 2, begun=45) == {"best": 20}, "20 is the best again; 30 was given up for 60"
    assert fit(run.path, 60, 2, begun=47) == {"best": 60, "best_00000020": 20}
