"""MNIST from the package and from files, gzipped or not; and the messages about damaged files."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules.errors import DataError
from datamodules.idx import FILES, read_idx
from datamodules.mnist import BUNDLED, MNIST

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def read(root: Path | str | None, split: Any = "test", **more) -> MNIST:
    data = MNIST(None if root is None else str(root), split=split, **more)
    data.prepare_data()
    data.setup("fit")
    return data


def tensors(data: MNIST) -> dict[str, torch.Tensor]:
    return data.images.tensors  # pyright: ignore[reportAttributeAccessIssue]


def idx(values: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The package's test digits in torchvision's layout, gzipped."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in (IMAGES, LABELS):
        (raw / f"{name}.gz").write_bytes((BUNDLED / f"{name}.gz").read_bytes())
    return tmp_path


def test_the_packages_test_digits_are_the_official_test_split(shared):
    official = read(shared / "data" / "mnist")
    assert_close(tensors(read(None)), tensors(official), rtol=0, atol=0)


def test_the_packages_training_digits_are_the_first_of_the_official_training_split(shared):
    official = tensors(read(shared / "data" / "mnist", split="train"))
    assert_close(tensors(read(None, split="train")), {k: v[:10_000] for k, v in official.items()}, rtol=0, atol=0)


def test_training_split_is_60_000_digits(shared):
    train = read(shared / "data" / "mnist", split="train")
    assert train.images.name == "mnist_train_60k"
    assert tensors(train)["image"].shape == (60_000, 1, 28, 28)
    assert len(tensors(train)["label"]) == 60_000
    assert train.images.fingerprint() != read(None, split="train").images.fingerprint()


FIRST = {"train": [5, 0, 4, 1, 9], "test": [7, 2, 1, 0, 4]}
"""The first classes of each split, as everybody's copy of MNIST has them."""


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_packages_digits_are_10_000_labelled_grey_images(split):
    data = read(None, split=split)
    image, label = tensors(data)["image"], tensors(data)["label"]
    assert data.images.name == f"mnist_{split}_10k"
    assert image.shape == (10_000, *data.image_shape) and image.dtype == torch.uint8
    assert label.shape == (10_000,) and label.dtype == torch.int64
    assert label.unique().tolist() == list(range(data.num_classes))
    assert label[:5].tolist() == FIRST[split]
    assert image.min() == 0 and image.max() == 255


def test_no_digit_of_the_package_is_in_both_splits():
    train, test = (tensors(read(None, split=split))["image"] for split in ("train", "test"))
    assert not {digit.numpy().tobytes() for digit in train} & {digit.numpy().tobytes() for digit in test}


@pytest.mark.parametrize("split", ["train", "test"])
def test_bundled_means_the_test_digits_as_before_version_0_3(split):
    data = read("bundled", split=split)
    assert data.split == "test" and data.images.name == "mnist_test_10k"
    assert data.images.fingerprint() == read(None).images.fingerprint()


@pytest.mark.parametrize("kept", ["gzipped", "plain", "both"])
def test_files_are_read_plain_or_gzipped(kept, root):
    for file in (root / "MNIST" / "raw").iterdir():
        if kept != "gzipped":
            file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        if kept == "plain":
            file.unlink()
    assert_close(tensors(read(root)), tensors(read(None)), rtol=0, atol=0)


def test_fingerprint_does_not_depend_on_the_path(root):
    assert read(root).images.fingerprint() == read(None).images.fingerprint()


@pytest.mark.parametrize("shape", [(7,), (3, 2), (2, 4, 5), (0,)])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_of_any_shape_are_read(shape, suffix, tmp_path):
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    file = tmp_path / f"values-idx{suffix}"
    file.write_bytes(gzip.compress(idx(values)) if suffix else idx(values))
    assert torch.equal(read_idx(file), torch.from_numpy(values))


WHOLE = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
LONG = gzip.compress(
    idx(np.random.default_rng(0).integers(0, 256, (100, 28), dtype=np.uint8)),
    mtime=0,  # with a time, the tests would have different names in two pytest workers
)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.gz", LONG[:-1], "damaged or truncated"),
        ("a.gz", LONG[: len(LONG) // 2], "damaged or truncated"),
        ("a.gz", LONG[:5], "damaged or truncated"),
        ("a.gz", LONG[:1000] + b"\0\0\0\0" + LONG[1004:], "damaged or truncated"),
        ("a.gz", LONG[:10] + b"\xff" + LONG[11:], "damaged or truncated"),  # an invalid block type
        ("a.gz", WHOLE, "damaged or truncated"),  # not gzipped despite its name
        ("a", WHOLE[:-1], "truncated: it holds 23 of 24"),
        ("a", WHOLE[:16], "truncated: it holds 0 of 24"),
        ("a", WHOLE[:15], "truncated"),  # in the header
        ("a", WHOLE[:4], "truncated"),
        ("a", WHOLE[:3], "truncated"),
        ("a", WHOLE + b"\0", "25 of 24"),
        ("a", b"", "nothing"),
        ("a", b"\0\0\x0d" + WHOLE[3:], "00000d03"),  # float32s
        ("a", b"\x89PNG" + WHOLE, "89504e47"),
        ("a", LONG, "1f8b"),  # gzipped despite its name
    ],
)
def test_a_damaged_file_is_named_with_the_reason(name, content, says, tmp_path):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        read_idx(file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_damaged_file_among_the_four_is_named(name, root):
    file = root / "MNIST" / "raw" / f"{name}.gz"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"{name}.gz is damaged"):
        read(root)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
@pytest.mark.parametrize("count", [9_999, 10_001])
def test_a_file_with_too_few_or_too_many_entries_is_named(name, count, root):
    file = root / "MNIST" / "raw" / f"{name}.gz"
    shape = (count, 28, 28) if name == IMAGES else (count,)
    file.write_bytes(gzip.compress(idx(np.zeros(shape, dtype=np.uint8)), compresslevel=1))
    with pytest.raises(DataError, match=f"{name}.gz holds {count} entries where MNIST has 10000"):
        read(root)


@pytest.mark.parametrize("split", ["train", "test"])
def test_missing_files_that_cannot_be_downloaded_are_one_line_that_names_them(split, tmp_path, monkeypatch):
    """torchvision's mirrors are made unreachable, so that the test is the same with and without a network."""
    from torchvision.datasets import MNIST as Official

    monkeypatch.setattr(Official, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError) as caught:
        read(tmp_path / "nowhere", split=split)
    message = str(caught.value)
    first = FILES[split]
    assert f"{first}-images-idx3-ubyte.gz and {first}-labels-idx1-ubyte.gz" in message
    assert str(tmp_path / "nowhere") in message and "leave data.root out" in message
    assert "\n" not in message


def test_setup_twice_reads_once(root):
    """Lightning calls `setup` for each stage."""
    data = read(root)
    before = data.images
    data.setup("validate")
    assert data.images is before


@pytest.mark.parametrize("flip", [False, True])
def test_flip_is_off_by_default(flip):
    assert MNIST(flip=flip).flip is flip
    assert not MNIST().flip and MNIST().crop == 0
