"""Encoded images in files, each decoded on request: the type that every reader of a data set returns."""

import hashlib
import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

from datamodules.errors import DataError
from datamodules.stores import Store

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".pgm", ".tif", ".tiff")
"""Endings of image files' names, in lower case; upper case counts too."""

PIXELS = 1 << 27
"""Pixels of the largest image that is decoded; 134 million, which take 400 MB in colour."""
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # of fewer pixels than we allow


@runtime_checkable
class Source(Protocol):
    """Encoded images in files, each decoded on request; any number of threads may read at once."""

    name: str
    """Set and split, as score protocols print them: `celeba_train`."""
    labels: dict[str, Tensor]
    """Labels by key: `label`, int64 (n,) classes or float (n, k) attributes; may be empty."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> np.ndarray:
        """Return image `index`, uint8 (h, w, c), with one channel or three as in the file.

        Raises:
            DataError: The image is damaged; the message names its file.
        """
        ...

    def where(self, index: int) -> str:
        """Return the name of the file of image `index` for messages."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of the images' content, in order, without paths and labels; it may read every byte."""
        ...

    def stamp(self) -> str:
        """Return a cheap hash of the files' paths, sizes and times of change: the same until a file changes."""
        ...


class Files:
    """Image files of a folder or a zip.

    Args:
        name: Set and split, as score protocols print them.
        store: The folder or zip.
        names: Names of the files to read, in order.
        labels: Labels by their key in the batch, one entry per file.
        limit: Number of files to keep, the first ones; 0: all.

    Raises:
        DataError: `names` is empty, or shorter than `limit`.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        names: Sequence[str],
        labels: dict[str, Tensor] | None = None,
        limit: int = 0,
    ) -> None:
        if not names:
            raise DataError(f"{store.where('')} has no image of {name}.")
        count = limited(len(names), limit, name)
        self.name, self.store, self.names = name, store, names[:count]
        self.labels = {key: label[:count] for key, label in (labels or {}).items()}

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


def limited(count: int, limit: int, name: str) -> int:
    """Return how many of the `count` images of the set `name` a data module's option `limit` leaves; 0 leaves all.

    Raises:
        DataError: The set has fewer images than that.
    """
    if not 0 <= limit <= count:
        raise DataError(
            f"data.limit is {limit}, and {name} has {count:,} images: choose 1 to {count:,}, or 0, which takes all."
        )
    return limit or count


def digest(entries: Iterable[object]) -> str:
    """Return a hash of the entries as text, in order."""
    state = hashlib.sha256()
    for entry in entries:
        state.update(f"{entry}\n".encode())
    return state.hexdigest()[:16]


def is_image(name: str) -> bool:
    """Return whether a file's name is that of an image; hidden files and those in macOS's `__MACOSX/` do not count."""
    return name.lower().endswith(SUFFIXES) and not is_hidden(name.split("/"))


def is_hidden(parts: Iterable[str]) -> bool:
    """Return whether a part of a path is hidden or macOS's `__MACOSX`."""
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def decode(content: bytes, where: str) -> np.ndarray:
    """Decode an image file, turned upright: uint8 (h, w, 1) if it is grey, else (h, w, 3).

    Transparent pixels are laid on white, as viewers and pages show them: the colours that a file keeps under them are
    whatever the program that wrote it left there.

    Args:
        content: Bytes of the file.
        where: Name of the file for messages.

    Raises:
        DataError: Pillow cannot read a complete image, it has more than `PIXELS`, or nothing says which value is
            white.
    """
    try:
        with opened_image(io.BytesIO(content)) as opened:
            image = ImageOps.exif_transpose(opened)
            if is_16_bit(opened):
                return (np.asarray(image) >> 8).astype(np.uint8)[:, :, None]
            refuse_without_white(image, where)
            grey = image.mode in ("1", "L", "LA", "La")
            if image.has_transparency_data:
                image = on_white(image)
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        raise DataError(f"{where} is damaged or not an image: {error}.") from error
    return pixels[:, :, None] if grey else pixels


def is_16_bit(image: Image.Image) -> bool:
    """Return whether the pixels of an opened file are grey levels of 0 to 65,535."""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PPM", "PNG"))


def refuse_without_white(image: Image.Image, where: str) -> None:
    """Raise a DataError if the pixels are floating-point or 32-bit numbers, which Pillow would cut to 0 to 255."""
    kinds = {"F": "floating-point", "I": "32-bit or signed"}
    if image.mode in kinds:
        raise DataError(
            f"{where} has {kinds[image.mode]} pixels, and no rule says which value is white: save it again as PNG with "
            "8 or 16 bits a channel."
        )


def opened_image(file: io.BytesIO | Path) -> Image.Image:
    """Open an image file, of which only the header is read.

    Raises:
        ValueError: It has more than `PIXELS`.
        Exception: Pillow raises many kinds of errors for damaged files.
    """
    opened = Image.open(file)
    width, height = opened.size
    if width * height > PIXELS:
        opened.close()
        raise ValueError(f"it has {width} x {height} pixels, and an image may have {PIXELS:,} in all")
    return opened


def on_white(image: Image.Image) -> Image.Image:
    """Return `image` as it looks on white paper, in RGB."""
    opaque = image.convert("RGBA")  # of "RGBa" and "La" too, whose colours are multiplied by their opacity
    white = Image.new("RGBA", opaque.size, "white")
    return Image.alpha_composite(white, opaque).convert("RGB")
