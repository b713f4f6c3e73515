"""Pairs of images that belong together, for pix2pix (Isola 2017): facades, maps, edges2shoes, Cityscapes, night2day.

Layouts: pix2pix's, images whose left half is a and whose right half is b, from
https://efrosgans.eecs.berkeley.edu/pix2pix/datasets; two folders or zips with files of equal names; or any images: a is
what is left of b without its colours. `gan-zoo data list` gives each set's licence.
"""

from dataclasses import replace
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
from datamodules.stream import SourcedData, load
from datamodules.transform import Square, shown_side


class Paired(SourcedData):
    """Pairs, resized and cut alike: `source` is translated to `target`.

    Args:
        root: folder or zip of the images; `{split}` in it stands for the split, as in `facades/{split}`.
        split: which; where root has no `{split}` there is one set, `train`.
        layout: halves: a is the left half of each image, b the right one; folders: a lies in root, b under the same
            name in `root_b`; grey: a is each image without its colours, b the image.
        root_b: folder or zip of the b of layout folders.
        direction: what is source and what target. Of facades a is the photograph, so b_to_a draws photographs.
        resolution: pixels a side that both are resized to.
        crop: pixels a side of the square that training cuts at random from both, at the same place; 0: none.
        batch_size: pairs a minibatch on each device.
        workers: processes that decode, where the images are not in memory or prepared.
        flip: mirror half of the training pairs, at random.
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
        self.square, self.crop, self.flip = Square(resolution), crop, flip
        side = shown_side(resolution, crop)
        self.image_shape = (3, side, side)
        if (layout == "folders") != bool(root_b):
            raise DataError(f"data.layout is {layout} and data.root_b {root_b or 'empty'}: folders needs it, alone.")
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
        shown = replace(self.square, resolution=self.image_shape[1])
        return {key: load(source, shown) for key, source in self.sources().items()}


class Part:
    """Images made each from one of `whole`."""

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
    """The luma of each image (ITU-R 601, as Pillow takes it)."""

    def __init__(self, whole: Files) -> None:
        super().__init__(whole, "grey")

    def read(self, index: int) -> np.ndarray:
        image = self.whole.read(index)
        return image if image.shape[2] == 1 else np.asarray(Image.fromarray(image).convert("L"))[:, :, None]


class Partner(Files):
    """Files that belong to those of `other`, and must be of their size."""

    def __init__(self, files: Files, other: Files) -> None:
        super().__init__(files.name, files.store, files.names)
        self.other = other

    def read(self, index: int) -> np.ndarray:
        image = super().read(index)
        own, wanted = image.shape[:2], self.other.read(index).shape[:2]
        if own != wanted:
            sizes = [f"{width} x {height}" for height, width in (own, wanted)]
            raise DataError(
                f"{self.where(index)} is {sizes[0]} pixels and its partner {self.other.where(index)} {sizes[1]}: "
                "a pair has one size."
            )
        return image


def partners(a: Files, b: Files) -> tuple[Source, Source]:
    """The files of two places that have the same names, whatever their endings.

    Raises:
        DataError: some have no partner: says how many, and the first.
    """
    names_a, names_b = by_stem(a), by_stem(b)
    for own, other, files, place in ((names_a, names_b, a, b), (names_b, names_a, b, a)):
        alone = sorted(own.keys() - other.keys())
        if alone:
            raise DataError(
                f"{len(alone)} of the images in {files.store.where('')} have no partner in {place.store.where('')}, "
                f"such as {own[alone[0]]}."
            )
    stems = sorted(names_a)
    first = Files(a.name, a.store, [names_a[stem] for stem in stems])
    return first, Partner(Files(b.name, b.store, [names_b[stem] for stem in stems]), first)


def by_stem(files: Files) -> dict[str, str]:
    """The names of files, by their names without ending.

    Raises:
        DataError: two differ in their ending alone.
    """
    found: dict[str, str] = {}
    for name in files.names:
        stem = str(PurePosixPath(name).with_suffix(""))
        if stem in found:
            raise DataError(f"{files.store.where('')} holds both {found[stem]} and {name}: which is of the pair?")
        found[stem] = name
    return found
