"""Models that do not fit the data, and networks that do not fit each other, are refused before training."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gan_zoo import images
from tests.commands.conftest import Command, Refused
from tests.drivers import official

CPU = ("--trainer.accelerator", "cpu", "--run", "x")


def batch_norm_critic(*, image_shape: tuple[int, int, int], width: int, norm: str) -> nn.Module:
    """A critic of a user that ignores `norm`."""
    return nn.Sequential(nn.Conv2d(1, width, 28), nn.BatchNorm2d(width), nn.Flatten(), nn.Linear(width, 1))


@pytest.mark.parametrize("experiment", ["mnist/cgan", "mnist/acgan"])
def test_data_without_labels_is_refused_by_models_that_know_classes(
    refused: Refused, tmp_path: Path, experiment: str
) -> None:
    (tmp_path / "pets").mkdir()
    for number in range(3):
        picture = images.png(torch.full((3, 32, 32), number, dtype=torch.uint8))
        (tmp_path / "pets" / f"{number}.png").write_bytes(picture)
    data = ("--data", "ImageFolder", "--data.root", "pets", "--data.resolution", 32, "--data.batch_size", 2)
    message = refused("fit", "-c", experiment, *data, *CPU)
    assert "needs labelled data, with 2 classes or more; model.num_classes is 0" in message


@pytest.mark.parametrize("model", ["CGAN", "ACGAN", "WGANGPWithClasses"])
def test_attributes_are_refused_by_models_that_know_classes(refused: Refused, tmp_path: Path, model: str) -> None:
    official.make("celeba", tmp_path)
    data = (
        "--data",
        "CelebA",
        "--data.root",
        "celeba",
        "--data.attributes",
        "[Male, Smiling]",
        "--data.resolution",
        32,
    )
    message = refused("fit", "--model", model, *data, "--data.batch_size", 2, "--trainer.max_steps", 1, *CPU)
    assert f"{model} is told one class an image, and the data's labels are attributes" in message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ("mnist/sngan", "--model.architecture", "resnet"),
            "resnet makes square images of 32, 48, 64, 128 pixels; the data's are 28 x 28",
        ),
        (
            ("mnist/wgan_gp", "--model.discriminator_architecture", f"{__name__}:batch_norm_critic"),
            "has batch norm, with which an image's gradient penalty depends on the other images: use layer norm or no",
        ),
    ],
)
def test_networks_that_cannot_be_are_refused(refused: Refused, options: tuple[str, ...], says: str) -> None:
    assert says in refused("fit", "-c", *options, *CPU)
    assert not Path("x").exists(), "nothing has begun"


def test_a_class_that_the_data_does_not_have_is_refused(refused: Refused, command: Command) -> None:
    tiny = ("--model.width", "[8]", "--model.latent_dim", 4, "--evaluation.extractor", "null", "--trainer.max_steps", 1)
    assert command("fit", "-c", "mnist/cgan", *tiny, *CPU).code == 0
    message = refused("sample", "x", "--label", 10, "--out", "x.png")
    assert "labels is 10, but CGAN has classes 0 to 9" in message
