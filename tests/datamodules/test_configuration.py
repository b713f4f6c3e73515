"""Data modules as configurations name them: by class name, with plain values."""

from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
from jsonargparse import ArgumentParser

from datamodules.celeba import CelebA
from datamodules.image_folder import ImageFolder
from datamodules.mnist import MNIST
from datamodules.multi_domain import MultiDomain
from datamodules.rafd import RaFD
from gan_zoo.commands.fit import prepare
from tests.drivers.image_files import picture, write


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Nine small pictures in three class folders."""
    for number in range(9):
        write(tmp_path / "faces" / "abc"[number % 3] / f"{number}.png", picture(number))
    return tmp_path / "faces"


def test_several_sets_are_a_list_and_the_model_fits_them_all(faces, tmp_path, monkeypatch):
    (tmp_path / "run.yaml").write_text(
        f"""
        model: {{class_path: GAN}}
        data:
          class_path: MultiDomain
          init_args:
            batch_size: 3
            sets:
            - class_path: MNIST
            - class_path: ImageFolder
              init_args: {{root: {faces}, labels: folders, resolution: 28}}
        """
    )
    monkeypatch.chdir(tmp_path)
    run = prepare(["-c", "run.yaml", "--trainer.max_steps", "1", "--trainer.accelerator", "cpu"])
    assert isinstance(run.datamodule, MultiDomain) and run.datamodule.num_classes == 13
    assert [type(data) for data in run.datamodule.sets] == [MNIST, ImageFolder]
    assert run.model.hparams["image_shape"] == (3, 28, 28)


def configured(text: list[str]) -> Any:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(L.LightningDataModule, "data")
    return parser.instantiate(parser.parse_args(text)).data


def test_attributes_are_a_list_of_names(shared):
    root = str(shared / "data" / "celeba")
    data = configured(["--data=CelebA", f"--data.root={root}", "--data.attributes=[Male, Young]", "--data.split=train"])
    assert isinstance(data, CelebA) and data.classes == ["Male", "Young"] and data.num_classes == 2


def test_angles_are_degrees(tmp_path):
    for angle in ("045", "090", "135"):
        for person in range(1, 3):
            write(tmp_path / f"Rafd{angle}_{person:02}_Caucasian_male_sad_left.jpg", picture(person))
    data = configured(["--data=RaFD", f"--data.root={tmp_path}", "--data.angles=[45, 90]"])
    assert isinstance(data, RaFD) and len(data.source) == 4
