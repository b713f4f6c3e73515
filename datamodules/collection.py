"""All images at a path, in folders, zips or databases of LSUN, each with the split that its path names."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from datamodules.errors import DataError
from datamodules.lsun import Database
from datamodules.sources import is_image
from datamodules.stores import Folder, Store, open_store

SPLIT = re.compile(r"(?:^|[^a-zA-Z])((?:train|validation|valid|val|test|extra)[AB]?)(?:$|[^a-zA-Z])")
"""A split in the name of a folder, zip or database: `train`, `testA`, `cifar10_train`, `bedroom_val_lmdb`."""


@runtime_checkable
class Place(Protocol):
    """A folder, zip or database that holds images."""

    def __len__(self) -> int: ...

    def content(self, index: int) -> bytes:
        """The bytes of image `index` as they are stored.

        Raises:
            DataError: they cannot be read.
        """
        ...

    def where(self, index: int) -> str:
        """Image `index` as messages name it."""
        ...

    def split(self, index: int) -> str:
        """The split that its path names, or nothing."""
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
    """The images of one of LSUN's databases."""

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
    """The images of all places, one after another.

    Args:
        places: what holds them.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.ends = list(accumulate(len(place) for place in places))

    def __len__(self) -> int:
        return self.ends[-1]

    def at(self, index: int) -> tuple[Place, int]:
        """The place of image `index`, and its index there."""
        number = bisect_right(self.ends, index)
        return self.places[number], index - (self.ends[number - 1] if number else 0)

    def content(self, index: int) -> bytes:
        place, own = self.at(index)
        return place.content(own)

    def where(self, index: int) -> str:
        place, own = self.at(index)
        return place.where(own)

    def split(self, index: int) -> str:
        place, own = self.at(index)
        return place.split(own)

    @property
    def stores(self) -> list[StorePlace]:
        """The folders and zips, whose images have names."""
        return [place for place in self.places if isinstance(place, StorePlace)]

    @property
    def others(self) -> list[str]:
        """Files beside the images, that no name says to be one."""
        return [place.store.where(name) for place in self.stores for name in place.others]


def collect(paths: Sequence[Path]) -> Collection:
    """All images at `paths`: folders, zips and databases, and zips and databases that lie in a folder.

    Raises:
        DataError: there is nothing there, no image, or a zip or database that is damaged as a whole.
    """
    places = [place for path in paths for place in places_in(path)]
    if not any(map(len, places)):
        raise DataError(
            f"{', '.join(map(str, paths))} holds no image file, no zip of them and no LMDB. MNIST's, CIFAR-10's and "
            "SVHN's own files are checked whenever they are read."
        )
    return Collection([place for place in places if len(place)])


def places_in(path: Path) -> list[Place]:
    """What holds images at `path`."""
    if (path / "data.mdb").is_file():
        return [DatabasePlace(path)]
    if not path.is_dir():
        return [StorePlace(path)]
    inside = [DatabasePlace(file.parent) for file in sorted(path.glob("*/data.mdb"))]
    return [StorePlace(path), *inside, *(StorePlace(file) for file in sorted(path.glob("*.zip")))]


def empty_folders(place: StorePlace) -> list[str]:
    """The folders of `place` with no image in or below them, the topmost of each branch; a zip names none."""
    if not isinstance(place.store, Folder):
        return []
    filled = {folder for name in place.names for folder in PurePosixPath(name).parents}
    root = place.store.path
    folders = {PurePosixPath(one.relative_to(root).as_posix()) for one in root.rglob("*/") if one.is_dir()}
    empty = {one for one in folders - filled if not any(part.startswith((".", "__MACOSX")) for part in one.parts)}
    databases = {PurePosixPath(file.parent.relative_to(root).as_posix()) for file in root.glob("*/data.mdb")}
    return sorted(str(root / one) for one in empty - databases if not empty & set(one.parents))


def split_in(parts: Sequence[str]) -> str:
    """The first split that a part of a path names, or nothing."""
    return next((found[1] for part in parts if (found := SPLIT.search(part))), "")
