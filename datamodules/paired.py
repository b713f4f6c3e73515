"""Pairs of images that belong together, for pix2pix (Isola 2017): facades, maps, edges2shoes, Cityscapes, night2day.

Layouts: pix2pix's, images whose left half is a and whose right half is b, from
https://efrosgans.eecs.berkeley.edu/pix2pix/datasets; two folders or zips with files of equal names; or any images,
where a is b without its colours. `gan-zoo data list` gives each set's licence.
"""

from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
from PIL import Image

from datamodules.errors import DataError
from datamodules.image_folder import FolderSplit, images_in, set_name
from datamodules.images import Images
from datamodules.mixtures import Together
from datamodules.sources import Files, Source, digest
from datamodules.stream import SourcedData
from datamodules.transform import Square


class Paired(SourcedData):
    """Pairs, resized and cut alike: models translate `source` to `target`.

    Args:
        root: Folder or zip of the images; `{split}` in it stands for the split, as in `facades/{split}`.
        split: Which split to read; a root without `{split}` has only one, `train`.
        layout: `halves`: a is the left half of each image, b the right half; `folders`: a lies in root, b under the
            same name in `root_b`; `grey`: a is the image without its colours, b the image.
        root_b: Folder or zip of the images b, only for the layout `folders`.
        direction: Which images are source and target. In facades a is the photograph, so b_to_a draws photographs.
        resolution: Side that both images are resized to, in pixels.
        crop: Side of the square that training cuts at random from both, at the same place, in pixels; 0: none.
        batch_size: Pairs per mini-batch on each device.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training pairs, at random.
    """

    mixture = Together

    def __init__(
        self,
        root: str,
        split: FolderSplit = "train",
        layout: Literal["halves", "folders", "grey"] = "halves",
        root_b: str = "",
        direction: Literal["a_to_b", "b_to_a"] = "a_to_b",
        resolution: int = 286,
        crop: int = 256,
        batch_size: int = 1,
        workers: int = 2,
        flip: bool = True,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.show(Square(resolution), crop, flip)
        if (layout == "folders") != bool(root_b):
            raise DataError(
                f"data.layout is {layout} and data.root_b {root_b or 'empty'}: layout folders needs data.root_b, "
                "and no other layout takes it."
            )
        whole = Files(set_name(root, split), *images_in(root, split))
        if layout == "halves":
            self.pair: tuple[Source, Source] = Half(whole, "left"), Half(whole, "right")
        elif layout == "grey":
            self.pair = Grey(whole), whole
        else:
            self.pair = partners(whole, Files(set_name(root_b, split), *images_in(root_b, split, option="data.root_b")))
        self.direction = direction

    def sources(self) -> dict[str, Source]:
        a, b = self.pair
        return {"source": a, "target": b} if self.direction == "a_to_b" else {"source": b, "target": a}

    @property
    def real(self) -> Images:
        """The targets, whole, at the size that training cuts out."""
        return self.sides["target"]

    @cached_property
    def sides(self) -> dict[str, Images]:
        return self.whole_sides()


class Part:
    """Images that are each made from an image of `whole`."""

    def __init__(self, whole: Files, part: str) -> None:
        self.whole, self.part = whole, part
        self.name, self.labels = f"{whole.name}_{part}", whole.labels

    def __len__(self) -> int:
        return len(self.whole)

    def where(self, index: int) -> str:
        return self.whole.where(index)

    def fingerprint(self) -> str:
        return digest([self.whole.fingerprint(), self.part])

    def stamp(self) -> str:
        return digest([self.whole.stamp(), self.part])


class Half(Part):
    """The left or the right half of each image."""

    def read(self, index: int) -> np.ndarray:
        image = self.whole.read(index)
        width = image.shape[1]
        if width % 2:
            raise DataError(f"{self.where(index)} is {width} pixels wide: two images side by side have an even width.")
        return image[:, : width // 2] if self.part == "left" else image[:, width // 2 :]


class Grey(Part):
    """The luma of each image (ITU-R 601, as Pillow computes it)."""

    def __init__(self, whole: Files) -> None:
        super().__init__(whole, "grey")

    def read(self, index: int) -> np.ndarray:
        image = self.whole.read(index)
        return image if image.shape[2] == 1 else np.asarray(Image.fromarray(image).convert("L"))[:, :, None]


class Partner(Files):
    """Files that are the partners of those of `other`, and must have the same size in pixels."""

    def __init__(self, files: Files, other: Files) -> None:
        super().__init__(files.name, files.store, files.names)
        self.other = other

    def read(self, index: int) -> np.ndarray:
        image = super().read(index)
        size, other_size = image.shape[:2], self.other.read(index).shape[:2]
        if size != other_size:
            sizes = [f"{width} x {height}" for height, width in (size, other_size)]
            raise DataError(
                f"{self.where(index)} is {sizes[0]} pixels and its partner {self.other.where(index)} {sizes[1]}: "
                "the images of a pair must have the same size."
            )
        return image


def partners(a: Files, b: Files) -> tuple[Source, Source]:
    """Pair the files of two places that have the same names apart from their endings.

    Raises:
        DataError: Some files have no partner; the message counts them and names the first.
    """
    names_a, names_b = by_stem(a), by_stem(b)
    for names, other_names, files, others in ((names_a, names_b, a, b), (names_b, names_a, b, a)):
        alone = sorted(names.keys() - other_names.keys())
        if alone:
            raise DataError(
                f"{len(alone)} of the images in {files.store.where('')} have no partner in {others.store.where('')}, "
                f"such as {names[alone[0]]}."
            )
    stems = sorted(names_a)
    first = Files(a.name, a.store, [names_a[stem] for stem in stems])
    return first, Partner(Files(b.name, b.store, [names_b[stem] for stem in stems]), first)


def by_stem(files: Files) -> dict[str, str]:
    """Return the names of files by their names without ending.

    Raises:
        DataError: Two names differ only in their ending.
    """
    names: dict[str, str] = {}
    for name in files.names:
        stem = str(PurePosixPath(name).with_suffix(""))
        if stem in names:
            raise DataError(f"{files.store.where('')} holds both {names[stem]} and {name}: remove one of them.")
        names[stem] = name
    return names
