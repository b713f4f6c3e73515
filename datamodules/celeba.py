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
from datamodules.names import expanded
from datamodules.sources import Files, is_image
from datamodules.stores import Store, open_store, read_file
from datamodules.stream import SourcedData
from datamodules.transform import Square

IMAGES = "img_align_celeba"
ATTRIBUTES = "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"
SPLITS = ("train", "valid", "test")
ENDS = (162_770, 182_637, 202_599)
"""Number of the last image of each split in the official partition."""
WIDTH, HEIGHT = 178, 218
"""Size of the aligned images, in pixels."""
MIDDLE = (WIDTH // 2, HEIGHT // 2)
"""Column and row of their middle."""
HAIR = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
"""Attributes of which a face has at most one."""

Split = Literal["train", "valid", "test", "all"]


class CelebA(SourcedData):
    """Aligned faces, with any of their attributes as labels.

    Args:
        root: Folder that holds img_align_celeba or its zip, and the list of attributes.
        split: train (162,770), valid (19,867), test (19,962) or all.
        attributes: Attributes that form the label, float (n, k) in {0, 1}, such as Male, Smiling, Black_Hair. Without
            attributes there are no labels, and the list is not needed.
        numbers: First and last image to use, by the number in their names: (1, 81385) is the first half of the
            training split, as a set of its own; None: all images of the split.
        limit: Number of training images to use, the first ones; 0: all. Scores that name a split compare with all of
            it.
        resolution: Side of the images, in pixels.
        centre_crop: Side of the square that is cut from the middle of an image first, in pixels of an image 178 wide:
            178 takes the full width, 108 only the face, as DCGAN's program did; smaller copies of the set are cut in
            proportion.
        centre: Column and row of the middle of that square, in pixels of an image of 178 x 218. ProGAN's authors cut
            128 pixels around (89, 121).
        batch_size: Images per mini-batch on each device.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training images, at random.
    """

    def __init__(
        self,
        root: str,
        split: Split = "train",
        attributes: tuple[str, ...] = (),
        numbers: tuple[int, int] | None = None,
        limit: int = 0,
        resolution: int = 64,
        centre_crop: int = WIDTH,
        centre: tuple[int, int] = MIDDLE,
        batch_size: int = 64,
        workers: int = 2,
        flip: bool = True,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.source = faces(expanded(root), split, attributes, numbers, limit)
        self.show(square(resolution, centre_crop, centre, self.source), flip=flip)
        self.classes, self.num_classes = list(attributes), len(attributes)
        hair = [name for name in attributes if name in HAIR]
        self.attributes, self.exclusive = True, [hair] if hair else []


def faces(root: Path, split: Split, wanted: Sequence[str], numbers: tuple[int, int] | None, limit: int = 0) -> Files:
    """Return the images of `split` whose number is within `numbers`, with the `wanted` attributes as labels.

    Only the first `limit` of them are returned, unless `limit` is 0.

    Raises:
        DataError: The images or a list are missing or do not match, or an attribute is unknown.
    """
    store = open_images(root)
    members = [name for name in store.names if is_image(name)]
    names = [PurePosixPath(member).name for member in members]
    chosen = list(range(len(members)))
    if split != "all":
        splits = partition(names, root / PARTITION)
        chosen = [row for row in chosen if splits[row] == split]
    if numbers:
        chosen = [row for row in chosen if numbers[0] <= number(names[row]) <= numbers[1]]
    label = {}
    if wanted:
        columns, listed = read_attributes(root / ATTRIBUTES)
        places = attribute_columns(wanted, columns, root / ATTRIBUTES)
        rows = rows_of(names, listed, root / ATTRIBUTES, store.where("").rstrip("/"))
        label = {"label": attributes((rows[row].split() for row in chosen), places, root / ATTRIBUTES)}
    name = "_".join(["celeba", split, *map(str, numbers or ())])
    return Files(name, store, [members[row] for row in chosen], label, limit)


def open_images(root: Path) -> Store:
    """Open the folder of aligned images, or the official zip of it."""
    for path in (root / IMAGES, root / f"{IMAGES}.zip"):
        if path.exists():
            return open_store(path)
    raise DataError(
        f"{root} holds no CelebA: put {IMAGES}.zip and {ATTRIBUTES} into it, from "
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html."
    )


def read_attributes(file: Path) -> tuple[list[str], dict[str, str]]:
    """Return the names of the attributes; and for each image, the part of its line with 1 or -1 for each attribute.

    Raises:
        DataError: The list is missing or incomplete.
    """
    count, header, *lines = read_lines(file, at_least=3)
    columns = header.split()
    listed = {name: values for name, _, values in (line.partition(" ") for line in lines)}
    short = next((name for name, values in listed.items() if len(values.split()) != len(columns)), None)
    if not count.strip().isdecimal() or int(count) != len(lines) or short:
        problem = f"{short} has {len(listed[short].split())} values" if short else f"it has {len(lines)} images"
        raise DataError(f"{file} is damaged: it announces {count} images of {len(columns)} attributes, and {problem}.")
    return columns, listed


def partition(names: Sequence[str], file: Path) -> list[str]:
    """Return the split of each image, from the official list, or from the image's number, which gives the same split.

    Raises:
        DataError: The list is damaged or incomplete, or an image's name is not a number.
    """
    try:
        if not file.exists():
            return [SPLITS[place] for place in np.searchsorted(ENDS, [number(name) for name in names])]
        listed = {name: SPLITS[int(part)] for name, part in map(str.split, read_lines(file, at_least=1))}
        return [listed[name] for name in names]
    except (ValueError, IndexError) as error:
        raise DataError(f"{file} or the names of the images are not CelebA's: {error}.") from error
    except KeyError as error:
        raise DataError(f"{file} does not list the image {error}.") from None


def number(name: str) -> int:
    """Return the number in an image's name: 1 for 000001.jpg."""
    return int(PurePosixPath(name).stem)


def read_lines(file: Path, at_least: int) -> list[str]:
    """Return the lines of a list that are not empty.

    Raises:
        DataError: The list cannot be read, or has fewer than `at_least` lines.
    """
    try:
        lines = [line for line in read_file(file).decode().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: put CelebA's list of that name there ({error}).") from error
    if len(lines) < at_least:
        raise DataError(f"{file} is no complete list of CelebA: it has {len(lines)} lines.")
    return lines


def square(resolution: int, crop: int, centre: tuple[int, int], source: Files) -> Square:
    """Return the transform that cuts `crop` pixels around `centre`, scaled to a copy of the set of another size.

    Raises:
        DataError: The first image does not have CelebA's proportions, or the square does not lie in it.
    """
    height, width = source.read(0).shape[:2]
    if not 1.15 < height / width < 1.3:
        raise DataError(
            f"{source.where(0)} is {width} x {height} pixels: CelebA's aligned images are {WIDTH} x {HEIGHT}."
        )
    if not 1 <= crop <= WIDTH:
        raise DataError(f"data.centre_crop is {crop}: it must be 1 to {WIDTH}, the width of CelebA's images.")
    for place, side in zip(centre, (WIDTH, HEIGHT), strict=True):
        if not crop <= 2 * place <= 2 * side - crop:
            raise DataError(
                f"data.centre is {centre[0]}, {centre[1]}, around which no square of {crop} pixels (data.centre_crop) "
                f"lies in an image of {WIDTH} x {HEIGHT}: choose another centre or a smaller crop."
            )
    right, down = (round((place - middle) * width / WIDTH) for place, middle in zip(centre, MIDDLE, strict=True))
    return Square(resolution, max(round(crop * width / WIDTH), 1), offset=(right, down))
