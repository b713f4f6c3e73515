"""`gan-zoo evaluate --classifier` for models with classes."""

from pathlib import Path

import pytest

from datamodules.mnist import MNIST
from gan_zoo.models.cgan import CGAN
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import Command, Refused


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of an untrained model with classes, and of one without."""
    folder = tmp_path_factory.mktemp("agreement")
    for model in (CGAN(image_shape=(1, 28, 28), num_classes=10), GAN(image_shape=(1, 28, 28), width=(8,))):
        Trainer(
            run=folder / type(model).__name__.lower(), max_steps=1, accelerator="cpu", enable_progress_bar=False
        ).fit(model, MNIST("bundled", batch_size=4))
    return folder


@pytest.fixture(autouse=True)
def here(runs: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)


def test_lenet_measures_the_share_of_samples_of_the_requested_class(command: Command) -> None:
    result = command("evaluate", "cgan", "--samples", 200, "--classifier", "lenet")
    assert result.code == 0, result.err
    assert [line.split()[0] for line in result.out.splitlines()] == ["fd_lenet_200", "accuracy_lenet_200"]
    last = list(lines(Run("cgan").evaluations_file))[-1]
    assert last["metric"] == "accuracy_lenet_200" and last["protocol"]["labels"] == "uniform"
    assert 0 <= last["value"] <= 0.3, "an untrained generator is right by chance"


def test_per_class_measures_each_class(command: Command) -> None:
    result = command("evaluate", "cgan", "--samples", 20, "--classifier", "lenet", "--per-class", "--metrics", "fd")
    assert result.code == 0, result.err
    added = [line for line in lines(Run("cgan").evaluations_file) if line["metric"] == "accuracy_lenet_20"]
    assert [line["protocol"]["labels"] for line in added] == [f"class {i}" for i in range(10)]
    assert 0 <= sum(line["value"] for line in added) <= 3, "an untrained generator is right by chance"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("gan", "--classifier", "lenet"), "GAN of gan has 0 classes and lenet has 10"),
        (("cgan", "--classifier", "efficientnet_lite0"), "has 10 classes and efficientnet_lite0 has 1000"),
        (("cgan", "--baseline"), "--baseline compares with real images that are not in mnist_test_10k"),
    ],
)
def test_a_classifier_that_does_not_fit_is_refused(refused: Refused, options: tuple[str, ...], message: str) -> None:
    assert message in refused("evaluate", *options, "--samples", 20)
