"""The first things that a user does: train, look at the run, load it, sample, score."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import gan_zoo
from datamodules.mnist import MNIST
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.cli import main
from gan_zoo.models.gan import GAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer


def fit(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "-c", "mnist/wgan_gp", "--model.width", "4", "--evaluation.samples", "100", *arguments])
    assert stop.value.code == 0


@pytest.mark.slow
@pytest.mark.parametrize("n_critic", [1, 5])
def test_a_run_of_200_steps_counts_200_whatever_n_critic(tmp_path: Path, n_critic: int) -> None:
    run = Run(tmp_path / "x")
    fit("--trainer.max_steps", "200", "--model.n_critic", str(n_critic), "--run", str(run.path))
    assert run.record()["status"] == "finished"
    last = list(lines(run.metrics_file))[-1]
    assert last["step"] == 200
    assert last["images"] == 200 * n_critic * 50
    assert torch.load(run.last, weights_only=True)["global_step"] == 200
    assert {"config.yaml", "run.json", "metrics.jsonl", "evaluations.jsonl", "model.safetensors"} <= {
        file.name for file in run.path.iterdir()
    }

    here = gan_zoo.load(run.path).sample(16, seed=0)
    assert here.shape == (16, 1, 28, 28) and here.min() >= -1 and here.max() <= 1
    script = (
        "import gan_zoo, sys, torch; torch.set_num_threads(1); "
        "torch.save(gan_zoo.load(sys.argv[1]).sample(16, seed=0), sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", script, str(run.path), str(tmp_path / "there.pt")], check=True)
    assert torch.equal(torch.load(tmp_path / "there.pt"), here)

    whole = gan_zoo.load(run.last)
    assert torch.equal(whole.sample(16, seed=0), here)
    loaded = WGANGP.load_from_checkpoint(run.last, weights_only=True)
    assert torch.equal(loaded.eval().sample(16, seed=0), here)


def small() -> GAN:
    return GAN(image_shape=(1, 28, 28), width=(8,))


def test_a_notebook_trains_and_continues(tmp_path: Path) -> None:
    for steps in (4, 4, 9):
        trainer = gan_zoo.trainer(run=tmp_path / "x", seed=1, max_steps=steps, log_every_n_steps=3, accelerator="cpu")
        trainer.fit(small(), MNIST(batch_size=10))
    (row,) = gan_zoo.runs(tmp_path)
    assert (row["status"], row["step"], row["images"], row["seed"]) == ("finished", 9, 90, 1)
    assert [line["step"] for line in lines(tmp_path / "x" / "metrics.jsonl")] == [3, 6, 9]


@pytest.mark.parametrize(("max_images", "steps"), [(90, 9), (91, 10)])
def test_a_run_stops_at_the_first_step_that_reaches_max_images(tmp_path: Path, max_images: int, steps: int) -> None:
    Trainer(run=tmp_path / "x", max_images=max_images, accelerator="cpu").fit(small(), MNIST(batch_size=10))
    assert list(lines(tmp_path / "x" / "metrics.jsonl"))[-1]["step"] == steps


def scored(run: Path, share: float) -> list[int]:
    evaluation = Evaluation("lenet", every=5, samples=2000, share=share)
    Trainer(run=run, max_steps=40, evaluation=evaluation, accelerator="cpu").fit(small(), MNIST(batch_size=10))
    return [line["step"] for line in lines(run / "evaluations.jsonl")]


def test_scores_take_a_bounded_share_of_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """40 steps take less time than one score, so within 5 % only the first and the last score remain."""
    assert scored(tmp_path / "bounded", share=0.05) == [0, 40]
    record = json.loads((tmp_path / "bounded" / "run.json").read_text())
    assert record["evaluations_left_out"] == 8
    assert "skipped" in capsys.readouterr().out
    assert scored(tmp_path / "all", share=1.0) == [0, *range(5, 45, 5)]


def test_the_averaged_generator_is_scored_and_exported(tmp_path: Path) -> None:
    """The exported file holds only the averaged weights, and asking it for the last ones is refused."""
    model = GAN(image_shape=(1, 28, 28), width=(8,), average_half_life=50)
    Trainer(run=tmp_path / "x", max_steps=5, accelerator="cpu").fit(model, MNIST(batch_size=10))
    loaded = gan_zoo.load(tmp_path / "x")
    assert torch.equal(loaded.sample(4), model.eval().sample(4))
    assert not torch.equal(model.sample(4), model.sample(4, averaged=False))
    with pytest.raises(ValueError, match=r"last\.ckpt"):
        loaded.sample(4, averaged=False)
    assert torch.equal(
        gan_zoo.load(tmp_path / "x/checkpoints/last.ckpt").sample(4, averaged=False), model.sample(4, averaged=False)
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("kind", [GAN, WGANGP])
def test_bf16_stays_finite_on_a_gpu(tmp_path: Path, kind: type[GAN] | type[WGANGP]) -> None:
    trainer = Trainer(run=tmp_path / "x", max_steps=200, precision="bf16-mixed", accelerator="gpu", devices=1)
    trainer.fit(kind(image_shape=(1, 28, 28), architecture="dcgan", width=16), MNIST())  # raises if not finite
    assert Run(tmp_path / "x").record()["status"] == "finished"


@pytest.mark.parametrize("kind", [GAN, WGANGP])
def test_bf16_stays_finite(tmp_path: Path, kind: type[GAN] | type[WGANGP]) -> None:
    trainer = Trainer(run=tmp_path / "x", max_steps=20, precision="bf16-mixed", accelerator="cpu")
    trainer.fit(kind(image_shape=(1, 28, 28), architecture="dcgan", width=4), MNIST(batch_size=8))
    assert all(parameter.dtype == torch.float32 for parameter in gan_zoo.load(tmp_path / "x").parameters())
