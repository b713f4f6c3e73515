"""LSUN: about 60 million photographs of ten scenes and twenty kinds of things (Yu 2015, "LSUN: construction of a
large-scale image dataset using deep learning with humans in the loop").

Layout: the original databases, ROOT/bedroom_train_lmdb and ROOT/bedroom_val_lmdb (scenes), ROOT/cat (things), each a
folder with data.mdb, unpacked from the zips. For research; cite the paper. From https://www.yf.io/p/lsun.
The smaller side of an image is 256 pixels. bedroom_train has 3,033,042 images in 43 GB, which are read in place.
"""

import hashlib
import io
import zlib
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import Tensor

from datamodules.errors import DataError
from datamodules.fingerprints import cache_folder, write_atomically
from datamodules.names import expanded
from datamodules.sources import decode, digest, limited
from datamodules.stores import stamp
from datamodules.stream import SourcedData
from datamodules.transform import Square

SAMPLED = 256
"""Number of images that the fingerprint reads, besides all keys."""


class LSUN(SourcedData):
    """The middle squares of the photographs of a category.

    Args:
        root: Folder that holds the databases.
        category: A scene, such as bedroom or church_outdoor, or a kind of thing, such as cat.
        split: train or val for a scene; things have only train, in a folder without a split in its name.
        limit: Number of training images to use, the first ones by their keys; 0: all. Scores that name a split compare
            with all of it.
        resolution: Side of the images, in pixels.
        batch_size: Images per mini-batch on each device.
        workers: Processes that decode the images, unless they are prepared or few enough for memory.
        flip: Whether to mirror half of the training images, at random.
    """

    def __init__(
        self,
        root: str,
        category: str = "bedroom",
        split: Literal["train", "val"] = "train",
        limit: int = 0,
        resolution: int = 64,
        batch_size: int = 64,
        workers: int = 2,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.show(Square(resolution), flip=flip)
        self.source = Database(f"lsun_{category}_{split}", find(expanded(root), category, split), limit)


def find(root: Path, category: str, split: str) -> Path:
    """Return the folder of a category's database.

    Raises:
        DataError: It does not exist; the message lists the databases that do.
    """
    folders = [root / f"{category}_{split}_lmdb", *([root / category] if split == "train" else [])]
    for folder in folders:
        if (folder / "data.mdb").is_file():
            return folder
    existing = ", ".join(sorted(file.parent.name for file in root.glob("*/data.mdb"))) or "none"
    raise DataError(
        f"{root} holds no {folders[0].name}/data.mdb: unpack {folders[0].stem}.zip of https://www.yf.io/p/lsun there. "
        f"It holds these databases: {existing}."
    )


class Database:
    """The images of an LMDB whose values are encoded images.

    A database finds images by key and cannot find the i-th image. So when the first image is read, all keys are listed
    once in a file of the cache folder, which later processes map into memory; until then only the header is read.

    Args:
        name: Set and split, as score protocols print them.
        folder: The folder that holds data.mdb.
        limit: Number of images to use, the first ones by their keys; 0: all.
    """

    def __init__(self, name: str, folder: Path, limit: int = 0) -> None:
        self.name, self.folder = name, folder
        self.labels: dict[str, Tensor] = {}
        entries = environment(folder).stat()["entries"]
        if not entries:
            raise DataError(f"{folder} holds no image.")
        self._count = limited(entries, limit, name)
        self._whole = self._count == entries

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> np.ndarray:
        return decode(self.content(index), self.where(index))

    def where(self, index: int) -> str:
        return f"{self.folder}, key {self._key(index).decode(errors='replace')}"

    def fingerprint(self) -> str:
        """Return a hash of all keys and of some evenly spaced images."""
        # The keys are hashes of the images themselves, so all 43 GB need not be read.
        places = np.linspace(0, len(self) - 1, min(SAMPLED, len(self))).astype(int).tolist()
        keys = hashlib.sha256(self.keys[: len(self)].tobytes()).hexdigest()
        return digest([len(self), keys, *(zlib.crc32(self.content(place)) for place in places)])

    def stamp(self) -> str:
        file = stamp(self.folder / "data.mdb")
        return digest([file] if self._whole else [file, len(self)])

    @cached_property
    def keys(self) -> np.ndarray:
        """All keys in order, bytes of a fixed width, (n,), mapped from a file."""
        file = cache_folder() / f"lsun_keys_{digest([stamp(self.folder / 'data.mdb')])}.npy"
        if not file.exists():
            with environment(self.folder).begin() as transaction:
                keys = np.array(list(transaction.cursor().iternext(values=False)))
            content = io.BytesIO()
            np.save(content, keys)
            try:
                write_atomically(file, content.getvalue())
            except OSError:  # if the file cannot be written, the next process lists the keys again
                return keys
        return np.load(file, mmap_mode="r")

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "keys"}

    def _key(self, index: int) -> bytes:
        return bytes(self.keys[index])

    def content(self, index: int) -> bytes:
        """Return the stored bytes of image `index`."""
        with environment(self.folder).begin() as transaction:
            return transaction.get(self._key(index)) or b""


@cache
def environment(folder: Path) -> Any:
    """Open a database, once per process, as LMDB requires; without locks, threads and forked processes may read it.

    Raises:
        DataError: The database is damaged, or the file is no LMDB.
    """
    import lmdb

    try:
        return lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise DataError(f"{folder} is no complete LMDB: unpack it again ({error}).") from error
