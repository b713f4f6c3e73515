"""Images as they lie in files, decoded one at a time: what every reader of a data set returns."""

import hashlib
import io
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

from datamodules.errors import DataError
from datamodules.stores import Store

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".pgm", ".tif", ".tiff")
"""Names of image files end so, in either case."""


@runtime_checkable
class Source(Protocol):
    """Images as they lie in files, decoded one at a time, by any number of threads at once."""

    name: str
    """Set and split, as protocols print it: `celeba_train`."""
    labels: dict[str, Tensor]
    """What comes with every image: `label`, int64 (n,) classes or float (n, k) attributes; may be empty."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> np.ndarray:
        """Image `index`, uint8 (h, w, c), with one channel or three as in the file.

        Raises:
            DataError: damaged; names the file.
        """
        ...

    def where(self, index: int) -> str:
        """The file of image `index` as messages name it."""
        ...

    def fingerprint(self) -> str:
        """A hash of the images' content, in order, whatever their paths and labels: may read every byte."""
        ...

    def stamp(self) -> str:
        """A hash of the files' paths, sizes and times of change: cheap, and equal while the files are untouched."""
        ...


class Files:
    """Image files of a folder or a zip.

    Args:
        name: set and split, as protocols print it.
        store: where the files are.
        names: those wanted, in order.
        labels: by key of the batch, one entry a file.

    Raises:
        DataError: there is none.
    """

    def __init__(self, name: str, store: Store, names: Sequence[str], labels: dict[str, Tensor] | None = None) -> None:
        if not names:
            raise DataError(f"{store.where('')} has no image of {name}.")
        self.name, self.store, self.names, self.labels = name, store, names, labels or {}

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> np.ndarray:
        return decode(self.store.read(self.names[index]), self.where(index))

    def where(self, index: int) -> str:
        return self.store.where(self.names[index])

    def fingerprint(self) -> str:
        return digest(self.store.checksum(name) for name in self.names)

    def stamp(self) -> str:
        return digest(self.store.stamp(name) for name in self.names)


def digest(entries) -> str:
    """A hash of what `entries` print as, in order."""
    state = hashlib.sha256()
    for entry in entries:
        state.update(f"{entry}\n".encode())
    return state.hexdigest()[:16]


def is_image(name: str) -> bool:
    """Whether a file's name is that of an image; hidden files and macOS's `__MACOSX/` are none."""
    return name.lower().endswith(SUFFIXES) and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def decode(content: bytes, where: str) -> np.ndarray:
    """The image in an encoded file, upright: uint8 (h, w, 1) if it is grey, else (h, w, 3).

    What is transparent is laid on white, as viewers and pages show it; the colours that a file keeps under transparent
    pixels are whatever the program that wrote it left there.

    Raises:
        DataError: no whole image that Pillow reads; names `where`.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I;16"):
                return (np.asarray(image) >> 8).astype(np.uint8)[:, :, None]
            grey = image.mode in ("1", "L", "LA", "La")
            if image.has_transparency_data:
                image = on_white(image)
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise DataError(f"{where} is damaged or no image: {error}.") from error
    return pixels[:, :, None] if grey else pixels


def on_white(image: Image.Image) -> Image.Image:
    """Return `image` as it looks on white paper, in RGB."""
    opaque = image.convert("RGBA")  # of "RGBa" and "La" too, whose colours are multiplied by their opacity
    white = Image.new("RGBA", opaque.size, "white")
    return Image.alpha_composite(white, opaque).convert("RGB")
