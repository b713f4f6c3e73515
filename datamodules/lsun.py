"""LSUN: about 60 million photographs of ten scenes and twenty kinds of things (Yu 2015, "LSUN: construction of a
large-scale image dataset using deep learning with humans in the loop").

Layout: the original databases, ROOT/bedroom_train_lmdb and ROOT/bedroom_val_lmdb (scenes), ROOT/cat (things), each a
folder with data.mdb, unpacked from the zips. For research, cite the paper. From https://www.yf.io/p/lsun.
The smaller side of an image is 256 pixels; bedroom_train has 3,033,042 of them in 43 GB, which are read where they are.
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
from datamodules.fingerprints import cache_folder, write
from datamodules.sources import Source, decode, digest
from datamodules.stores import stamp
from datamodules.stream import SourcedData
from datamodules.transform import Square

SAMPLED = 256
"""Images that the fingerprint reads, beside all keys."""


class LSUN(SourcedData):
    """Photographs of one category, the middle square of each.

    Args:
        root: folder that holds the databases.
        category: bedroom, church_outdoor, ..., or a thing: cat, ...
        split: train or val of a scene; things have train alone, in a folder without a split in its name.
        resolution: pixels a side.
        batch_size: images a minibatch on each device.
        workers: processes that decode, where the images are not prepared.
        flip: mirror half of the training images, at random.
    """

    def __init__(
        self,
        root: str,
        category: str = "bedroom",
        split: Literal["train", "val"] = "train",
        resolution: int = 64,
        batch_size: int = 64,
        workers: int = 2,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.square = Square(resolution)
        self.image_shape, self.flip = (3, resolution, resolution), flip
        self.source = Database(f"lsun_{category}_{split}", find(Path(root).expanduser(), category, split))

    def sources(self) -> dict[str, Source]:
        return {"image": self.source}


def find(root: Path, category: str, split: str) -> Path:
    """The database of a category.

    Raises:
        DataError: there is none: names those that there are.
    """
    folders = [root / f"{category}_{split}_lmdb", *([root / category] if split == "train" else [])]
    for folder in folders:
        if (folder / "data.mdb").is_file():
            return folder
    there = ", ".join(sorted(file.parent.name for file in root.glob("*/data.mdb"))) or "none"
    raise DataError(
        f"{root} holds no {folders[0].name}/data.mdb: unpack {folders[0].stem}.zip of https://www.yf.io/p/lsun there. "
        f"The databases that it holds: {there}."
    )


class Database:
    """The images of an LMDB whose values are encoded images.

    A database finds images by key, and does not know which is the i-th. So its keys are listed when the first image is
    read, once, in a file of the cache folder that later processes map; until then nothing but the header is read.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.labels: dict[str, Tensor] = {}
        self._entries: int = environment(folder).stat()["entries"]
        if not self._entries:
            raise DataError(f"{folder} holds no image.")

    def __len__(self) -> int:
        return self._entries

    def read(self, index: int) -> np.ndarray:
        return decode(self.content(index), self.where(index))

    def where(self, index: int) -> str:
        return f"{self.folder}, key {self._key(index).decode(errors='replace')}"

    def fingerprint(self) -> str:
        """Of all keys, which are hashes themselves, and of the images at evenly spread places: not of all 43 GB."""
        places = np.linspace(0, len(self) - 1, min(SAMPLED, len(self))).astype(int).tolist()
        keys = hashlib.sha256(self.keys.tobytes()).hexdigest()
        return digest([len(self), keys, *(zlib.crc32(self.content(place)) for place in places)])

    def stamp(self) -> str:
        return digest([stamp(self.folder / "data.mdb")])

    @cached_property
    def keys(self) -> np.ndarray:
        """All keys, in order, as bytes of one width, (n,), mapped from a file."""
        file = cache_folder() / f"lsun_keys_{self.stamp()}.npy"
        if not file.exists():
            with environment(self.folder).begin() as transaction:
                keys = np.array(list(transaction.cursor().iternext(values=False)))
            content = io.BytesIO()
            np.save(content, keys)
            try:
                write(file, content.getvalue())
            except OSError:  # a folder that cannot be written costs listing the keys again, and nothing else
                return keys
        return np.load(file, mmap_mode="r")

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "keys"}

    def _key(self, index: int) -> bytes:
        return bytes(self.keys[index])

    def content(self, index: int) -> bytes:
        """The bytes of image `index` as they are stored."""
        with environment(self.folder).begin() as transaction:
            return transaction.get(self._key(index)) or b""


@cache
def environment(folder: Path) -> Any:
    """The open database, once a process, as LMDB demands. Without locks it may be read after a fork and by threads.

    Raises:
        DataError: it is damaged or something else.
    """
    import lmdb

    try:
        return lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise DataError(f"{folder} is no whole LMDB: unpack it again ({error}).") from error
