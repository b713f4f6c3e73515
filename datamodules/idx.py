"""Reads the idx files of MNIST and of sets with the same layout, gzipped or not, in torchvision's folders."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import InMemory
from datamodules.official import fetch
from datamodules.plain import open_plain

FILES = {"train": "train", "test": "t10k"}
LARGEST = 16 + 60_000 * 28 * 28
"""Bytes of the largest file, unpacked."""
COUNTS = {"train": 60_000, "test": 10_000}


def file_names(split: str) -> list[str]:
    """Return the file names of the images and of the labels of `split`."""
    return [f"{FILES[split]}-images-idx3-ubyte", f"{FILES[split]}-labels-idx1-ubyte"]


def find(raw: Path, split: str) -> list[Path]:
    """Return those of the two files of `split` that are in the folder `raw`, unpacked or gzipped."""
    candidates = [(raw / name, raw / f"{name}.gz") for name in file_names(split)]
    existing = (next((file for file in pair if file.exists()), None) for pair in candidates)
    return [file for file in existing if file]


def fetch_missing(download: Callable[[], object], title: str, raw: Path, split: str, instead: str = "") -> None:
    """Download the set unless both files of `split` exist.

    Args:
        download: torchvision's call.
        title: Name of the set in messages.
        raw: Folder of the idx files.
        split: `train` or `test`.
        instead: End of the message: another way to get the set.

    Raises:
        DataError: The download failed; the message says which file goes where.
    """
    if len(find(raw, split)) < 2:
        fetch(download, title, [f"{name}.gz" for name in file_names(split)], raw, instead)


def read_images(raw: Path, title: str, split: str, count: int | None = None) -> InMemory:
    """Return the images, uint8 (n, 1, 28, 28), and classes, int64 (n,), of a split.

    Args:
        raw: Folder of the idx files.
        title: Name of the set.
        split: `train` or `test`.
        count: Number of images that the files must hold; None: all of the split.

    Raises:
        DataError: A file is damaged, or does not hold as many entries as the set has.
    """
    files = find(raw, split)
    image, label = (read_idx(file) for file in files)
    count = count or COUNTS[split]
    for file, tensor in zip(files, (image, label), strict=True):
        if len(tensor) != count:
            raise DataError(f"{file} holds {len(tensor)} entries where {title} has {count}: fetch it again.")
    name = f"{title.lower().replace('-', '_')}_{split}_{count // 1000}k"
    return InMemory(name, image=image[:, None].contiguous(), label=label.long())


def read_idx(file: Path) -> Tensor:
    """Return the uint8 tensor in an idx file, gzipped or not.

    Raises:
        DataError: The file is truncated, or is not an idx file of unsigned bytes.
    """
    content = _content(file)
    if content[:3] != b"\0\0\x08":
        raise DataError(f"{file} is not an idx file of bytes: it begins with {content[:4].hex() or 'nothing'}.")
    header = 4 + 4 * content[3] if len(content) > 3 else 4  # magic number, then the length of each axis
    if len(content) < header:
        raise DataError(f"{file} is truncated: it ends in its header. Fetch it again.")
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, header, 4)]
    values = np.frombuffer(content, np.uint8, offset=header)
    if len(values) != np.prod(shape):
        raise DataError(f"{file} is truncated: it holds {len(values)} of {np.prod(shape)} values. Fetch it again.")
    return torch.from_numpy(values.reshape(shape).copy())


def _content(file: Path) -> bytes:
    try:
        with open_plain(file) as plain, gzip.open(plain) if file.suffix == ".gz" else plain as opened:
            content = opened.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} is damaged or truncated: fetch it again ({error}).") from error
    if len(content) > LARGEST:
        raise DataError(f"{file} holds more than {LARGEST:,} bytes: it is no file of such a set. Fetch it again.")
    return content
