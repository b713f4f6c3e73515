"""SVHN's .mat files, written by SciPy in the official layout."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from datamodules.errors import DataError
from datamodules.svhn import SVHN, read_mat
from tests.drivers.image_files import unreachable

COUNT = 30
IMAGES = np.random.default_rng(0).integers(0, 256, (32, 32, 3, COUNT), dtype=np.uint8)
DIGITS = np.arange(COUNT, dtype=np.uint8)[:, None] % 10 + 1
"""Labels 1 to 10, where 10 stands for the digit 0."""


def write(file: Path, **content) -> Path:
    savemat(file, {"X": IMAGES, "y": DIGITS} | content, do_compression=True)
    return file


@pytest.mark.parametrize("split", ["train", "test", "extra"])
def test_images_and_digits_are_read(split, tmp_path):
    write(tmp_path / f"{split}_32x32.mat")
    data = SVHN(str(tmp_path), split=split)
    data.prepare_data()
    data.setup("fit")
    image, label = (data.images.tensors[key] for key in ("image", "label"))  # pyright: ignore[reportAttributeAccessIssue]
    assert image.shape == (COUNT, *data.image_shape) and image.dtype == torch.uint8
    assert np.array_equal(image[7, 2].numpy(), IMAGES[:, :, 2, 7]), "rows stay rows"
    assert label.dtype == torch.int64 and label[:11].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_torchvision_reads_the_same_file_alike(tmp_path, monkeypatch):
    from torchvision.datasets import SVHN as Official

    write(tmp_path / "train_32x32.mat")
    monkeypatch.setattr(Official, "_check_integrity", lambda self: True)
    theirs, (image, label) = Official(str(tmp_path), split="train"), read_mat(tmp_path / "train_32x32.mat")
    assert np.array_equal(theirs.data, image.numpy())
    assert np.array_equal(theirs.labels, label.numpy())


@pytest.mark.parametrize(
    "content",
    [
        {"X": IMAGES.astype(np.float64)},
        {"X": IMAGES[:16]},
        {"X": IMAGES[:, :, :, :-1]},
        {"y": DIGITS[:-1]},
        {"X": 3},
    ],
)
def test_a_mat_file_of_something_else_is_named_in_one_line(content, tmp_path):
    file = write(tmp_path / "train_32x32.mat", **content)
    with pytest.raises(DataError, match=r"train_32x32\.mat is no ") as caught:
        read_mat(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.99])
def test_a_truncated_file_is_named_in_one_line(kept, tmp_path):
    file = write(tmp_path / "train_32x32.mat")
    content = file.read_bytes()
    file.write_bytes(content[: int(kept * len(content)) if kept < 1 else kept])
    with pytest.raises(DataError, match=r"train_32x32\.mat is no complete file of SVHN") as caught:
        read_mat(file)
    assert "\n" not in str(caught.value)


def test_without_scipy_the_message_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DataError, match=r"gan-zoo\[svhn\]"):
        read_mat(tmp_path / "train_32x32.mat")


def test_a_missing_set_that_cannot_be_downloaded_is_one_line_that_says_which_file_goes_where(tmp_path, monkeypatch):
    from torchvision.datasets import SVHN as Official

    name = "test_32x32.mat"
    monkeypatch.setattr(Official, "split_list", {"test": [unreachable(name), name, ""]})
    with pytest.raises(DataError) as caught:
        SVHN(str(tmp_path), split="test").prepare_data()
    assert f"put {name} into it" in str(caught.value) and str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
