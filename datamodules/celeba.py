"""CelebA: 202,599 aligned faces of 178 x 218 pixels with 40 attributes (Liu 2015, "Deep learning face attributes in the
wild").

Layout: the official one, ROOT/img_align_celeba (or the official img_align_celeba.zip), ROOT/list_attr_celeba.txt, and
ROOT/list_eval_partition.txt if it is there. For non-commercial research only, by agreement. From
https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, "Align&Cropped Images".
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from datamodules.errors import DataError
from datamodules.labels import attribute_columns, attributes, rows_of
from datamodules.sources import Files, Source, is_image
from datamodules.stores import Store, open_store
from datamodules.stream import SourcedData
from datamodules.transform import Square

IMAGES = "img_align_celeba"
ATTRIBUTES = "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"
SPLITS = ("train", "valid", "test")
ENDS = (162_770, 182_637, 202_599)
"""The number of the last image of each split: what the official partition says."""
WIDTH = 178
HAIR = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
"""Attributes of which a face has one at most."""

Split = Literal["train", "valid", "test", "all"]


class CelebA(SourcedData):
    """Aligned faces, with any of their attributes as labels.

    Args:
        root: folder that holds img_align_celeba or its zip, and the list of attributes.
        split: train (162,770), valid (19,867), test (19,962) or all.
        attributes: which attributes are the label, float (n, k) in {0, 1}: e.g. Male, Smiling, Black_Hair; none: no
            labels, and no list is needed.
        numbers: the first and the last of the images wanted, by the number that is their name: (1, 81385) is half of
            the training split, as a set of its own; none: all of the split.
        resolution: pixels a side.
        centre_crop: pixels a side of the square cut from an image's middle first, in images 178 wide: 178 takes all of
            the width, 108 the face alone, as DCGAN's program did; smaller copies of the set are cut in proportion.
        batch_size: images a minibatch on each device.
        workers: processes that decode, where the images are not in memory or prepared.
        flip: mirror half of the training images, at random.
    """

    def __init__(
        self,
        root: str,
        split: Split = "train",
        attributes: tuple[str, ...] = (),
        numbers: tuple[int, int] | None = None,
        resolution: int = 64,
        centre_crop: int = WIDTH,
        batch_size: int = 64,
        workers: int = 2,
        flip: bool = True,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.source = faces(Path(root).expanduser(), split, attributes, numbers)
        self.square = Square(resolution, scaled(centre_crop, self.source.read(0), self.source.where(0)), 3)
        self.image_shape = (3, resolution, resolution)
        self.classes, self.num_classes, self.flip = list(attributes), len(attributes), flip
        hair = [name for name in attributes if name in HAIR]
        self.attributes, self.exclusive = True, [hair] if hair else []

    def sources(self) -> dict[str, Source]:
        return {"image": self.source}


def faces(root: Path, split: Split, wanted: Sequence[str], numbers: tuple[int, int] | None) -> Files:
    """The images of `split` whose number is within `numbers`, with the `wanted` attributes as labels.

    Raises:
        DataError: the images or a list are missing or do not fit, or an attribute is unknown.
    """
    store = open_images(root)
    members = [name for name in store.names if is_image(name)]
    names = [PurePosixPath(member).name for member in members]
    chosen = list(range(len(members)))
    if split != "all":
        parts = partition(names, root / PARTITION)
        chosen = [place for place in chosen if parts[place] == split]
    if numbers:
        chosen = [place for place in chosen if numbers[0] <= number(names[place]) <= numbers[1]]
    label = {}
    if wanted:
        known, listed = read_attributes(root / ATTRIBUTES)
        columns = attribute_columns(wanted, known, root / ATTRIBUTES)
        rows = rows_of(names, listed, root / ATTRIBUTES, store.where("").rstrip("/"))
        label = {"label": attributes((rows[place].split() for place in chosen), columns, root / ATTRIBUTES)}
    name = "_".join(["celeba", split, *map(str, numbers or ())])
    return Files(name, store, [members[place] for place in chosen], label)


def open_images(root: Path) -> Store:
    """The folder of aligned images, or the official zip of it."""
    for path in (root / IMAGES, root / f"{IMAGES}.zip"):
        if path.exists():
            return open_store(path)
    raise DataError(
        f"{root} holds no CelebA: put {IMAGES}.zip and {ATTRIBUTES} into it, from "
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html."
    )


def read_attributes(file: Path) -> tuple[list[str], dict[str, str]]:
    """The names of the attributes; and of each image, the part of its line that has 1 or -1 for each of them.

    Raises:
        DataError: the list is missing or incomplete.
    """
    count, header, *lines = read_lines(file, at_least=3)
    known = header.split()
    found = {name: values for name, _, values in (line.partition(" ") for line in lines)}
    short = next((name for name, values in found.items() if len(values.split()) != len(known)), None)
    if not count.strip().isdecimal() or int(count) != len(lines) or short:
        wrong = f"{short} has {len(found[short].split())} values" if short else f"it has {len(lines)} images"
        raise DataError(f"{file} is damaged: it announces {count} images of {len(known)} attributes, and {wrong}.")
    return known, found


def partition(names: Sequence[str], file: Path) -> list[str]:
    """The split of each image: as the official list says, or by the image's number, which says the same.

    Raises:
        DataError: the list or a name is unfit.
    """
    try:
        if not file.exists():
            return [SPLITS[place] for place in np.searchsorted(ENDS, [number(name) for name in names])]
        listed = {name: SPLITS[int(part)] for name, part in map(str.split, read_lines(file, at_least=1))}
        return [listed[name] for name in names]
    except (ValueError, IndexError) as error:
        raise DataError(f"{file} or the names of the images are not CelebA's: {error}.") from error
    except KeyError as error:
        raise DataError(f"{file} says nothing of {error}.") from None


def number(name: str) -> int:
    """That of the image called `name`: 1 of 000001.jpg."""
    return int(PurePosixPath(name).stem)


def read_lines(file: Path, at_least: int) -> list[str]:
    """The lines of a list that are not empty."""
    try:
        lines = [line for line in file.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: put CelebA's list of that name there ({error}).") from error
    if len(lines) < at_least:
        raise DataError(f"{file} is no whole list of CelebA: it has {len(lines)} lines.")
    return lines


def scaled(centre_crop: int, image: np.ndarray, where: str) -> int:
    """The crop in pixels of a copy of the set whose images are as large as `image`."""
    height, width = image.shape[:2]
    if not 1.15 < height / width < 1.3:
        raise DataError(f"{where} is {width} x {height} pixels: CelebA's aligned images are {WIDTH} x 218.")
    if not 1 <= centre_crop <= WIDTH:
        raise DataError(f"data.centre_crop is {centre_crop}: it must be 1 to {WIDTH}, the width of CelebA's images.")
    return max(round(centre_crop * width / WIDTH), 1)
