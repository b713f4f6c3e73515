"""Makes small sets in the official layouts, in the folders that experiments read: data/celeba, data/cifar10 ..."""

import hashlib
import pickle
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import lmdb
import numpy as np
from scipy.io import savemat

from datamodules.rafd import EXPRESSIONS
from tests.drivers.image_files import encoded, picture, write

COUNT = 24
"""Number of images in each set, except CIFAR-10, whose files have 10,000."""
FACES = "Male Smiling Black_Hair Blond_Hair Brown_Hair Young Eyeglasses"
"""Attributes in CelebA's list here."""
UNPAIRED = (
    *("horse2zebra", "summer2winter_yosemite", "few_styles"),
    *("monet2photo", "vangogh2photo", "cezanne2photo", "ukiyoe2photo"),
)


def celeba(folder: Path) -> None:
    """Write faces whose numbers are spread over the first 9,600, with some of the attributes."""
    names = [f"{400 * number:06}.jpg" for number in range(1, COUNT + 1)]
    rows = [" ".join([name, *("1" if i % k == 0 else "-1" for k in range(2, 9))]) for i, name in enumerate(names)]
    for i, name in enumerate(names):
        write(folder / "celeba" / "img_align_celeba" / name, picture(i, 178, 218))
    (folder / "celeba" / "list_attr_celeba.txt").write_text("\n".join([str(COUNT), FACES, *rows, ""]))


def rafd(folder: Path) -> None:
    """Write portraits of six people in all expressions."""
    for i, (person, expression) in enumerate(product(range(1, 7), EXPRESSIONS)):
        name = f"Rafd090_{person:02}_Caucasian_female_{expression}_frontal.jpg"
        write(folder / "rafd" / name, picture(i, 68, 102))


def cifar10(folder: Path) -> None:
    """Write six files of black images, whose classes take turns."""
    root = folder / "cifar10" / "cifar-10-batches-py"
    root.mkdir(parents=True)
    content = {"data": np.zeros((10_000, 3072), np.uint8), "labels": [i % 10 for i in range(10_000)]}
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        (root / name).write_bytes(pickle.dumps(content, protocol=2))


def lsun(folder: Path) -> None:
    """Write a database of bedrooms, which the other categories are too."""
    root = folder / "lsun" / "bedroom_train_lmdb"
    root.mkdir(parents=True)
    with lmdb.open(str(root), map_size=2**24) as database, database.begin(write=True) as transaction:
        for content in (encoded(picture(i, 280, 256)) for i in range(COUNT)):
            transaction.put(hashlib.sha1(content).hexdigest().encode(), content)
    for name in ("church_outdoor_train_lmdb", "car", "cat", "horse"):
        shutil.copytree(root, root.with_name(name))


def apart(name: str) -> Callable[[Path], None]:
    """Return a function that writes two sets without pairs."""

    def fill(folder: Path) -> None:
        for part, i in product(("trainA", "trainB", "testA", "testB"), range(COUNT)):
            write(folder / name / part / f"{i}.jpg", picture(i + len(part), 256, 256))

    return fill


def svhn(folder: Path) -> None:
    """Write house numbers to files in MATLAB's format."""
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3, COUNT), dtype=np.uint8)
    (folder / "svhn").mkdir()
    for split in ("train", "test"):
        savemat(folder / "svhn" / f"{split}_32x32.mat", {"X": image, "y": np.arange(COUNT)[:, None] % 10 + 1})


def coco(folder: Path) -> None:
    """Write photographs."""
    for i in range(COUNT):
        write(folder / "coco" / "train" / f"{i}.jpg", picture(i, 300, 260))


def wikiart(folder: Path) -> None:
    """Write paintings."""
    for i in range(COUNT):
        write(folder / "wikiart" / "train" / f"{i}.jpg", picture(100 + i, 260, 300))


def joined(name: str, width: int = 512, height: int = 256) -> Callable[[Path], None]:
    """Return a function that writes pairs, side by side in one image, in three splits."""

    def fill(folder: Path) -> None:
        for split, i in product(("train", "val", "test"), range(COUNT)):
            write(folder / name / split / f"{i}.jpg", picture(i, width, height))

    return fill


def imagenet(folder: Path) -> None:
    """Write photographs, in a folder for each class."""
    for split, i in product(("train", "val"), range(COUNT)):
        write(folder / "imagenet" / split / f"n{i % 3:08}" / f"{i}.JPEG", picture(i, 300, 260))


def faces(name: str, layout: str, side: int) -> Callable[[Path], None]:
    """Square portraits; `layout` names file i."""

    def fill(folder: Path) -> None:
        for i in range(COUNT):
            write(folder / name / layout.format(i), picture(i, side, side))

    return fill


SETS = {
    "celeba_hq": faces("celeba_hq", "CelebA-HQ-img/{}.jpg", 1024),
    "ffhq": faces("ffhq", "images1024x1024/00000/{:05}.png", 1024),
    "coco": coco,
    "wikiart": wikiart,
    "celeba": celeba,
    "cifar10": cifar10,
    "lsun": lsun,
    "rafd": rafd,
    "svhn": svhn,
    **{name: apart(name) for name in UNPAIRED},
    "facades": joined("facades"),
    "maps": joined("maps", 1200, 600),
    "edges2shoes": joined("edges2shoes"),
    "cityscapes": joined("cityscapes"),
    "night2day": joined("night2day"),
    "imagenet": imagenet,
}
"""Functions that make a set, by the folder in data/ that they fill."""


def make(name: str, folder: Path) -> None:
    """Fill folder/name, if it does not exist."""
    if not (folder / name).exists():
        SETS[name](folder)
