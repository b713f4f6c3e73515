"""CIFAR-10's batches, written as Python 2 wrote the official ones."""

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datamodules import cifar10
from datamodules.cifar10 import CIFAR10, FILES, FOLDER, read_batch
from datamodules.errors import DataError
from tests.drivers.image_files import unreachable

EACH = 20


PurePython: Any = vars(pickle)["_Pickler"]  # unlike the C version, its methods can be replaced


class AsPython2(PurePython):
    """Writes bytes as Python 2 wrote strings, and False and True in the types of arrays as 0 and 1."""

    dispatch = PurePython.dispatch.copy()

    def save_string(self, text: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(text)) + text)
        self.memoize(text)

    dispatch[bytes] = save_string

    def reducer_override(self, obj):
        if isinstance(obj, np.dtype):
            return np.dtype, (obj.str[1:], 0, 1), obj.__reduce__()[2]
        return NotImplemented


def batch(number: int) -> dict:
    draws = np.random.default_rng(number)
    return {
        "batch_label": f"batch {number}",
        "labels": [(number + place) % 10 for place in range(EACH)],
        "data": draws.integers(0, 256, (EACH, 3072), dtype=np.uint8),
        "filenames": [f"{place}.png" for place in range(EACH)],
    }


def pickled(content: object) -> bytes:
    written = io.BytesIO()
    AsPython2(written, protocol=2).dump(content)
    return written.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The official layout, with 20 instead of 10,000 images per batch."""
    monkeypatch.setattr(cifar10, "EACH", EACH)
    (tmp_path / FOLDER).mkdir()
    for number, name in enumerate([*FILES["train"], *FILES["test"]]):
        (tmp_path / FOLDER / name).write_bytes(pickled(batch(number)))
    return tmp_path


def read(root: Path, split: Any = "train") -> CIFAR10:
    data = CIFAR10(str(root), split=split)
    data.prepare_data()
    data.setup("fit")
    return data


def tensors(data: CIFAR10) -> dict[str, torch.Tensor]:
    return data.images.tensors  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(("split", "numbers"), [("train", range(5)), ("test", [5])])
def test_batches_are_read_in_order_with_red_green_blue_planes(split, numbers, root):
    data = read(root, split)
    image, label = tensors(data)["image"], tensors(data)["label"]
    expected = np.concatenate([batch(number)["data"] for number in numbers])
    assert image.dtype == torch.uint8 and label.dtype == torch.int64
    assert image.shape == (len(expected), *data.image_shape)
    assert np.array_equal(image[:, 1].flatten(1).numpy(), expected[:, 1024:2048]), "green is the second third of a row"
    assert label.tolist() == [label for number in numbers for label in batch(number)["labels"]]


def test_torchvision_reads_the_same_file_alike(root, monkeypatch):
    """torchvision's reader runs without its check of the official files' checksums."""
    from torchvision.datasets import CIFAR10 as Official

    monkeypatch.setattr(Official, "_check_integrity", lambda self: True)
    monkeypatch.setattr(Official, "_load_meta", lambda self: None)
    theirs, ours = Official(str(root), train=True), tensors(read(root))
    assert np.array_equal(np.asarray(theirs.data), ours["image"].permute(0, 2, 3, 1).numpy())
    assert theirs.targets == ours["label"].tolist()


class Program:
    def __reduce__(self):
        return os.system, ("echo CIFAR-10 ran a program",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickled(batch(0))[:-500],
        pickled(batch(0))[:100],
        b"\x1f\x8b rubbish",
        pickled([1, 2]),
        pickled({"labels": [1]}),
        pickled({**batch(0), "labels": [1, 2, 3]}),
        pickled({**batch(0), "labels": [10] * EACH}),
        pickled({**batch(0), "labels": [-1] * EACH}),
        pickled({**batch(0), "data": batch(0)["data"][:-1]}),
        pickled({**batch(0), "data": batch(0)["data"].astype(np.float32)}),
        pickled({**batch(0), "more": Program()}),
    ],
)
def test_a_damaged_batch_is_named_in_one_line_and_runs_nothing(content, root, capfd):
    file = root / FOLDER / "data_batch_3"
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_batch(file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)
    assert "ran a program" not in capfd.readouterr().out


def test_a_missing_set_that_cannot_be_downloaded_is_one_line_that_says_which_file_goes_where(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10 as Official

    monkeypatch.setattr(Official, "url", unreachable("cifar-10-python.tar.gz"))
    with pytest.raises(DataError) as caught:
        read(tmp_path / "nowhere")
    message = str(caught.value)
    assert "cifar-10-python.tar.gz" in message and str(tmp_path / "nowhere") in message and "\n" not in message
