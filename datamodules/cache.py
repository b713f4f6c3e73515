"""Images decoded once, as `gan-zoo data prepare` leaves them: found by their content, and mapped into memory."""

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
from datamodules.sources import Source
from datamodules.transform import Square

META = "meta.json"
"""Written last: where it is missing, the images are not all there."""
READ_BEFORE_RELEASE = 16 * 2**20
"""Bytes."""


def folder_of(source: Source, square: Square) -> Path:
    """Where the decoded images are, or would be."""
    return fingerprints.cache_folder() / "images" / fingerprints.of(source, square)


def find(source: Source, square: Square) -> "Mapped | None":
    """The decoded images, if `gan-zoo data prepare` has finished them and the files are untouched since."""
    if not fingerprints.is_known(source):
        return None
    folder = folder_of(source, square)
    return Mapped(folder, source, square) if (folder / META).exists() else None


class Mapped:
    """Decoded images in files, at their own size and at each half of it, and the source's labels.

    Args:
        folder: what `prepare` made.
        source: where they come from.
        square: what they were decoded to.

    Raises:
        DataError: the folder has been damaged since.
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
        return fingerprints.of(self.source, self.square, self.skipped)


def sizes(square: Square) -> list[int]:
    """The sizes that images are kept at: their own, and each half of it, down to 4 pixels or an odd number."""
    found = [square.resolution]
    while found[-1] % 2 == 0 and found[-1] > 4:
        found.append(found[-1] // 2)
    return found


class Level:
    """The images of one size: an .npy file mapped into memory, uint8 (n, c, r, r)."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            with file.open("rb") as opened:
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
        """A copy of some images."""
        images = self._images.take(rows, axis=0)
        self._read += images.nbytes
        if self._read > READ_BEFORE_RELEASE:  # else the process seems to grow with every page it has ever looked at
            self._map.madvise(mmap.MADV_DONTNEED)
            self._read = 0
        return images
