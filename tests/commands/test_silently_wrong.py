"""What went wrong without a word is refused or said: meaningless numbers, mistyped places, loaders without images."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from datamodules.mnist import MNIST
from gan_zoo.commands.runs import print_table
from gan_zoo.errors import Mistake
from gan_zoo.models.adain import _shares
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import TINY, Command, Refused

STATISTICS = {
    "a negative variance": (np.zeros(3), np.diag([1.0, -2.0, 1.0])),
    "infinite or NaN": (np.array([0.0, np.nan, 0.0]), np.eye(3)),
    "not symmetric": (np.zeros(3), np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])),
    "shapes (0,) and (0, 0)": (np.zeros(0), np.zeros((0, 0))),
}


@pytest.mark.parametrize("problem", STATISTICS)
def test_statistics_that_no_images_have_are_refused(refused: Refused, tmp_path: Path, problem: str) -> None:
    mean, covariance = STATISTICS[problem]
    np.savez(tmp_path / "s.npz", mu=mean, sigma=covariance)
    (tmp_path / "fakes").mkdir()
    np.savez(tmp_path / "fake.npz", images=np.zeros((4, 8, 8, 1), np.uint8))
    message = refused("evaluate", "--fake", "fake.npz", "--real", "s.npz", "--extractor", "lenet")
    assert problem in message and "s.npz" in message


@pytest.mark.parametrize("weights", [(float("nan"), 1.0), (float("inf"), 1.0), (-1.0, 2.0), (0.0, 0.0), (1.0,)])
def test_weights_of_styles_are_finite_and_not_negative(weights: tuple[float, ...]) -> None:
    with pytest.raises(Mistake, match="at least 0, not all 0"):
        _shares(weights, None, 2, torch.zeros(1, 3, 8, 8))


def test_options_that_mean_nothing_are_refused(refused: Refused) -> None:
    words = ("data", "stats", "--data", "MNIST", "--extractor", "lenet")
    assert "--real_samples is -1: it must be at least 0" in refused(*words, "--real-samples", -1)
    message = refused("evaluate", "x", "--per-class", "--labels", "data")
    assert "--per-class scores every class" in message and "leave one out" in message


class Nothing(IterableDataset[dict[str, torch.Tensor]]):
    """Images without any image; their number is not known beforehand."""

    def __iter__(self):
        return iter(())


@pytest.mark.parametrize("images", [[], Nothing()], ids=["sized", "iterable"])
@pytest.mark.filterwarnings("ignore:Total length of:UserWarning")  # Lightning's own word on it
def test_a_loader_without_images_is_no_finished_run(tmp_path: Path, images: object) -> None:
    trainer = Trainer(run=tmp_path / "x", max_steps=2, accelerator="cpu", enable_progress_bar=False)
    with pytest.raises(Mistake, match="loader of the data has no batch"):
        trainer.fit(
            GAN(image_shape=(1, 8, 8), width=(8,)),
            DataLoader(images, batch_size=2),  # pyright: ignore[reportArgumentType]
        )
    assert Run(tmp_path / "x").row()["status"] != "finished"


def test_a_model_made_before_its_trainer_is_told_of_the_seed(capsys: pytest.CaptureFixture[str]) -> None:
    def note(before: bool) -> str:
        torch.manual_seed(7)
        early = GAN(image_shape=(1, 28, 28), width=(8,))
        trainer = Trainer(seed=1, max_steps=1, accelerator="cpu", enable_progress_bar=False)
        trainer.fit(early if before else GAN(image_shape=(1, 28, 28), width=(8,)), MNIST(batch_size=2))
        return capsys.readouterr().out

    assert "its first weights do not follow seed 1: make the Trainer first" in note(before=True)
    assert "seed" not in note(before=False)


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "CIFAR10", "SVHN"])
def test_a_mistyped_root_is_not_made(refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    def fail(self: object, *_: object, **__: object) -> None:
        Path(getattr(self, "raw_folder", self.root)).mkdir(parents=True)  # pyright: ignore[reportAttributeAccessIssue]
        raise RuntimeError("Error downloading")

    monkeypatch.setattr(f"torchvision.datasets.{name}.download", fail)
    assert "cannot be downloaded" in refused("data", "show", "--data", name, "--data.root", "mistyped/sets")
    assert not (tmp_path / "mistyped").exists()


def test_a_tilde_after_an_equals_sign_is_the_home_folder(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert command("fit", *TINY, "--trainer.max_steps", 1, "--run=~/runs/x").code == 0
    assert Run("~/runs/x").path == tmp_path / "home/runs/x" and Run("~/runs/x").exists()
    assert not (tmp_path / "~").exists()
    assert MNIST("~/data").raw == tmp_path / "home/data/MNIST/raw"


@pytest.mark.parametrize(("speed", "shown"), [(0.4, "0.4"), (0.004, "0.004"), (12.3, "12"), (54321.0, "54321")])
def test_status_shows_the_first_metric_and_slow_speeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speed: float, shown: str
) -> None:
    run = Run(tmp_path / "x")
    run.create()
    run.update_record(status="finished", images_per_second=speed)
    for step, metric, value in ((1, "fd", 9.0), (2, "fd", 8.0), (2, "recall", 0.5), (2, "fd", 7.0), (2, "kid", 0.1)):
        run.append(run.evaluations_file, {"step": step, "metric": metric, "value": value})
    run.release()
    print_table(str(tmp_path))
    words = capsys.readouterr().out.splitlines()[1].split()
    assert words[words.index("finished") + 1 :][1:4] == [shown, "fd", "7"]
