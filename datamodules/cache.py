"""Reads the images that `gan-zoo data prepare` decoded: found by their content, and mapped into memory."""

import json
import mmap
from pathlib import Path

import numpy as np
import torch

from datamodules import fingerprints
from datamodules.decoding import shrink
from datamodules.errors import DataError
from datamodules.images import Batch, set_name
from datamodules.order import Request
from datamodules.plain import open_plain
from datamodules.sources import Source
from datamodules.transform import Square

META = "meta.json"
"""Name of the file that is written last: a folder without it is incomplete."""
READ_BEFORE_RELEASE = 16 * 2**20
"""Number of bytes to read before mapped pages are released."""


def folder_of(source: Source, square: Square) -> Path:
    """Return the folder where the decoded images are, or would be."""
    return fingerprints.cache_folder() / "images" / fingerprints.image_fingerprint(source, square)


def find(source: Source, square: Square) -> "Mapped | None":
    """Return the decoded images if `gan-zoo data prepare` has finished them and the files have not changed since."""
    if not fingerprints.is_known(source):
        return None
    folder = folder_of(source, square)
    return Mapped(folder, source, square) if (folder / META).exists() else None


class Mapped:
    """Decoded images in files, at full size and at each half of it, with the labels of their source.

    Args:
        folder: Folder that `prepare` wrote.
        source: The image files that were decoded.
        square: Crop and size that they were decoded to.

    Raises:
        DataError: The folder was damaged after it was written.
    """

    instant = True

    def __init__(self, folder: Path, source: Source, square: Square) -> None:
        self.source, self.square = source, square
        self.skipped: list[int] = json.loads((folder / META).read_text())["skipped"]
        self.rows = np.delete(np.arange(len(source)), self.skipped)
        self.levels = {size: Level(folder / f"{size}.npy") for size in sizes(square)}
        self.name = set_name(source, square, len(self))
        self.labels = {key: value[torch.from_numpy(self.rows)] for key, value in source.labels.items()}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, request: Request) -> Batch:
        rows, indices = self.rows[request.indices], torch.from_numpy(request.indices)
        resolution = request.resolution or self.square.resolution
        level = self.levels.get(resolution) or self.levels[self.square.resolution]
        image = shrink(torch.from_numpy(level.gather(rows)), resolution)
        labels = {key: value[indices] for key, value in self.labels.items()}
        return {"image": image, **labels}

    def fingerprint(self) -> str:
        return fingerprints.image_fingerprint(self.source, self.square, self.skipped)


def sizes(square: Square) -> list[int]:
    """Return the sizes that are kept: the resolution and each half of it, down to 4 pixels or an odd number."""
    kept = [square.resolution]
    while kept[-1] % 2 == 0 and kept[-1] > 4:
        kept.append(kept[-1] // 2)
    return kept


class Level:
    """The images of one size: an .npy file mapped into memory, uint8 (n, c, r, r)."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            with open_plain(file) as opened:
                np.lib.format.read_magic(opened)
                shape, _, _ = np.lib.format.read_array_header_1_0(opened)
                self._map = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
                self._images = np.frombuffer(self._map, np.uint8, offset=opened.tell()).reshape(shape)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{file} is damaged: delete {file.parent}, and prepare the data again ({error})."
            ) from error
        self._read = 0

    def __reduce__(self):
        return Level, (self.file,)

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Return a copy of the images at `rows`."""
        images = self._images.take(rows, axis=0)
        self._read += images.nbytes
        if self._read > READ_BEFORE_RELEASE:  # otherwise every page ever read counts as this process's memory
            self._map.madvise(mmap.MADV_DONTNEED)
            self._read = 0
        return images
