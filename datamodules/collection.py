"""Collects all images at a path, from folders, zips and LSUN databases, each with the split that its path names."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from datamodules.errors import DataError
from datamodules.lsun import Database
from datamodules.names import real
from datamodules.sources import is_hidden, is_image
from datamodules.stores import Folder, Store, open_store

SPLIT = re.compile(r"(?:^|[^a-zA-Z])((?:train|validation|valid|val|test|extra)[AB]?)(?:$|[^a-zA-Z])")
"""A split in the name of a folder, zip or database: `train`, `testA`, `cifar10_train`, `bedroom_val_lmdb`."""


@runtime_checkable
class Place(Protocol):
    """A folder, zip or database that holds images."""

    def __len__(self) -> int: ...

    def content(self, index: int) -> bytes:
        """Return the stored bytes of image `index`.

        Raises:
            DataError: The image cannot be read.
        """
        ...

    def where(self, index: int) -> str:
        """Return the name of image `index` for messages."""
        ...

    def split(self, index: int) -> str:
        """Return the split that the path of image `index` names, or an empty string."""
        ...


class StorePlace:
    """The images of a folder or zip."""

    def __init__(self, path: Path) -> None:
        self.store: Store = open_store(path)
        self.names = [name for name in self.store.names if is_image(name)]
        self.others = [name for name in self.store.names if not is_image(name)]
        self.own = split_in([path.stem])

    def __len__(self) -> int:
        return len(self.names)

    def content(self, index: int) -> bytes:
        return self.store.read(self.names[index])

    def where(self, index: int) -> str:
        return self.store.where(self.names[index])

    def split(self, index: int) -> str:
        return split_in(PurePosixPath(self.names[index]).parent.parts) or self.own


class DatabasePlace:
    """The images of an LSUN database."""

    def __init__(self, folder: Path) -> None:
        self.database, self.own = Database(folder.name, folder), split_in([folder.name])

    def __len__(self) -> int:
        return len(self.database)

    def content(self, index: int) -> bytes:
        return self.database.content(index)

    def where(self, index: int) -> str:
        return self.database.where(index)

    def split(self, index: int) -> str:
        return self.own


class Collection:
    """The images of several places, numbered consecutively.

    Args:
        places: The folders, zips and databases.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.ends = list(accumulate(len(place) for place in places))

    def __len__(self) -> int:
        return self.ends[-1]

    def at(self, index: int) -> tuple[Place, int]:
        """Return the place of image `index`, and the image's index in that place."""
        number = bisect_right(self.ends, index)
        return self.places[number], index - (self.ends[number - 1] if number else 0)

    def content(self, index: int) -> bytes:
        """Return the stored bytes of image `index`."""
        place, inner_index = self.at(index)
        return place.content(inner_index)

    def where(self, index: int) -> str:
        """Return the name of image `index` for messages."""
        place, inner_index = self.at(index)
        return place.where(inner_index)

    def split(self, index: int) -> str:
        """Return the split that the path of image `index` names, or an empty string."""
        place, inner_index = self.at(index)
        return place.split(inner_index)

    @property
    def stores(self) -> list[StorePlace]:
        """The folders and zips, whose images have names."""
        return [place for place in self.places if isinstance(place, StorePlace)]

    @property
    def others(self) -> list[str]:
        """Names of the files beside the images that do not have an image file's name."""
        return [place.store.where(name) for place in self.stores for name in place.others]


def collect(paths: Sequence[Path]) -> Collection:
    """Collect all images at `paths`: folders, zips and databases, and the zips and databases inside a folder.

    Raises:
        DataError: A path does not exist, there is no image, or a zip or database cannot be opened.
    """
    places = [place for path in once(paths) for place in places_in(path)]
    if not any(map(len, places)):
        raise DataError(
            f"{', '.join(map(str, paths))} holds no image file, no zip of images and no LMDB. The files of MNIST, "
            "CIFAR-10 and SVHN are checked whenever they are read."
        )
    return Collection([place for place in places if len(place)])


def once(paths: Sequence[Path]) -> list[Path]:
    """Return `paths` without those that come twice, and without folders of files that lie in another of them."""
    by_place = {real(path): path for path in reversed(paths)}
    folders = {path for path in by_place if path.is_dir() and not (path / "data.mdb").is_file()}
    inside = {path for path in folders if folders & set(path.parents)}
    return [path for place, path in reversed(by_place.items()) if place not in inside]


def places_in(path: Path) -> list[Place]:
    """Return the folders, zips and databases at `path`."""
    if (path / "data.mdb").is_file():
        return [DatabasePlace(path)]
    if not path.is_dir():
        return [StorePlace(path)]
    inside = [DatabasePlace(file.parent) for file in sorted(path.glob("*/data.mdb"))]
    return [StorePlace(path), *inside, *(StorePlace(file) for file in sorted(path.glob("*.zip")))]


def empty_folders(place: StorePlace) -> list[str]:
    """Return the folders of `place` with no image in or below them, only the topmost of each branch; a zip has none."""
    if not isinstance(place.store, Folder):
        return []
    root = place.store.path
    with_images = {folder for name in place.names for folder in PurePosixPath(name).parents}
    folders = {_inside(folder, root) for folder in root.rglob("*/") if folder.is_dir()}
    empty = {folder for folder in folders - with_images if not is_hidden(folder.parts)}
    databases = {_inside(file.parent, root) for file in root.glob("*/data.mdb")}
    return sorted(str(root / folder) for folder in empty - databases if not empty & set(folder.parents))


def _inside(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root).as_posix())


def split_in(parts: Sequence[str]) -> str:
    """Return the first split that a part of a path names, or an empty string."""
    return next((match[1] for part in parts if (match := SPLIT.search(part))), "")
