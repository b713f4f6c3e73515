"""CelebA's attributes and another set's classes, in turns."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from datamodules.celeba import CelebA
from datamodules.errors import DataError
from datamodules.image_folder import ImageFolder
from datamodules.mnist import MNIST
from datamodules.multi_domain import MultiDomain
from datamodules.order import Request
from gan_zoo.module import Feed
from tests.drivers.image_files import picture, write


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Nine small pictures in three class folders."""
    for number in range(9):
        write(tmp_path / "faces" / "abc"[number % 3] / f"{number}.png", picture(number, mode="L"))
    return tmp_path / "faces"


def with_trainer(data: MultiDomain, minibatches: int) -> Any:
    data.trainer = SimpleNamespace(  # pyright: ignore[reportAttributeAccessIssue]
        lightning_module=SimpleNamespace(feed=lambda step: Feed(minibatches=minibatches), seed=0),
        global_rank=0,
        world_size=1,
        global_step=0,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )
    return data.train_dataloader()


def test_each_minibatch_shows_a_single_set_and_labels_stand_side_by_side(shared, faces):
    names = ("Male", "Smiling")
    celeba = CelebA(str(shared / "data" / "celeba"), attributes=names, resolution=16)
    folder = ImageFolder(str(faces), labels="folders", channels=1, resolution=16)
    data = MultiDomain([celeba, folder], batch_size=4, workers=0)
    data.prepare_data()
    data.setup("fit")
    assert data.num_classes == 5 and data.image_shape == (3, 16, 16)
    celeba_rows = {tuple(row) for row in celeba.source.labels["label"].tolist()}
    for step, batch in zip(range(5), with_trainer(data, minibatches=5), strict=False):
        assert batch["image"].shape == (20, *data.image_shape) and batch["image"].dtype == torch.uint8
        assert batch["domain"].view(5, 4).tolist() == [[(step + i) % 2] * 4 for i in range(5)]
        label, first = batch["label"], batch["domain"] == 0
        assert label.dtype == torch.float32 and label.shape == (20, 5)
        assert (label[first, 2:] == 0).all() and (label[~first, :2] == 0).all()
        assert {tuple(row) for row in label[first, :2].tolist()} <= celeba_rows
        assert (label[~first, 2:].sum(1) == 1).all(), "a class is a one-hot vector"


def test_labels_stay_with_their_images(faces):
    """An image is recognised by its pixels, so its label is known."""
    sets = [ImageFolder(str(faces), labels="folders", resolution=8) for _ in range(2)]
    data = MultiDomain(list(sets), batch_size=3, workers=0)
    data.setup("fit")
    parts = data.images.parts.values()  # pyright: ignore[reportAttributeAccessIssue]
    indices = {part.images.tensors["image"][i].numpy().tobytes(): i for part in parts for i in range(9)}
    for _, batch in zip(range(4), with_trainer(data, minibatches=2), strict=False):
        for image, label, domain in zip(batch["image"], batch["label"], batch["domain"], strict=True):
            number = sets[0].source.labels["label"][indices[image.numpy().tobytes()]]
            assert label.nonzero().flatten().tolist() == [int(number) + 3 * int(domain)]


def test_another_split_applies_to_every_set(shared, faces):
    sets = [MNIST(str(shared / "data" / "mnist")) for _ in range(2)]
    data = MultiDomain(list(sets), batch_size=2, workers=0)
    data.prepare_data()
    data.setup("fit")
    other = data.reference("test")
    assert len(data.reference()) == 120_000 and len(other) == 20_000
    assert other.labels["label"].shape == (20_000, 20)
    request = Request(np.array([3, 19_999]), None)
    assert torch.equal(other[request]["label"], other.labels["label"][request.indices])
    folder = ImageFolder(str(faces), labels="folders", channels=1, resolution=28)
    with pytest.raises(DataError, match="faces has no split test"):
        MultiDomain([*sets, folder]).reference("test")


def test_names_of_labels_stand_side_by_side(shared, faces):
    celeba = CelebA(str(shared / "data" / "celeba"), attributes=("Male", "Gray_Hair", "Black_Hair"), resolution=8)
    data = MultiDomain([celeba, ImageFolder(str(faces), labels="folders", resolution=8)])
    assert data.label_sets == [
        {
            "names": ["Male", "Gray_Hair", "Black_Hair"],
            "kind": "attributes",
            "exclusive": [["Gray_Hair", "Black_Hair"]],
        },
        {"names": ["a", "b", "c"], "kind": "classes", "exclusive": [["a", "b", "c"]]},
    ]
    assert MNIST().label_sets[0]["names"] == list("0123456789")
    assert ImageFolder(str(faces), resolution=8).label_sets == []


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        (lambda faces: [], "names 0 set"),
        (lambda faces: [MNIST()], "names 1 set"),
        (lambda faces: [MNIST(), ImageFolder(faces, resolution=28)], "ImageFolder in data.sets has no labels"),
        (
            lambda faces: [MNIST(), ImageFolder(faces, labels="folders", crop=28)],
            "ImageFolder in data.sets has crop 28",
        ),
        (lambda faces: [MNIST(), ImageFolder(faces, labels="folders")], re.escape("MNIST (28, 28), ImageFolder (64, ")),
    ],
)
def test_unfit_sets_are_refused(sets, says, faces):
    with pytest.raises(DataError, match=says) as caught:
        MultiDomain(sets(str(faces)))
    assert "\n" not in str(caught.value)
