"""Fashion-MNIST's files, made from MNIST's: the same layout in another folder."""

import shutil
from pathlib import Path

import pytest
import torch

from datamodules.errors import DataError
from datamodules.fashion_mnist import FashionMNIST
from datamodules.idx import file_names
from datamodules.mnist import BUNDLED, MNIST
from tests.drivers.image_files import unreachable


def test_files_are_read_in_torchvisions_folder(tmp_path: Path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in file_names("test"):
        shutil.copy(BUNDLED / f"{name}.gz", raw)
    ours, digits = FashionMNIST(str(tmp_path), split="test"), MNIST(split="test")
    for data in (ours, digits):
        data.prepare_data()
        data.setup("fit")
    assert ours.images.name == "fashion_mnist_test_10k"
    assert torch.equal(ours.images.tensors["image"], digits.images.tensors["image"])  # pyright: ignore
    assert torch.equal(ours.images.tensors["label"], digits.images.tensors["label"])  # pyright: ignore
    assert len(ours.classes) == ours.num_classes == 10


def test_mnist_in_the_same_root_is_not_taken_for_fashion_mnist(tmp_path, monkeypatch):
    from torchvision.datasets import FashionMNIST as Official

    shutil.copytree(BUNDLED, tmp_path / "MNIST" / "raw")
    monkeypatch.setattr(Official, "mirrors", [unreachable("")])
    with pytest.raises(DataError) as caught:
        FashionMNIST(str(tmp_path), split="test").prepare_data()
    message = str(caught.value)
    assert "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz" in message and "\n" not in message
    assert str(tmp_path / "FashionMNIST" / "raw") in message
