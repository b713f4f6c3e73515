"""The idx files of MNIST and of the sets that took over its layout, gzipped or not, in torchvision's folders."""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.stream import InMemory

FILES = {"train": "train", "test": "t10k"}
COUNTS = {"train": 60_000, "test": 10_000}


def file_names(split: str) -> list[str]:
    """Of the images and of the labels."""
    return [f"{FILES[split]}-images-idx3-ubyte", f"{FILES[split]}-labels-idx1-ubyte"]


def find(raw: Path, split: str) -> list[Path]:
    """Those of the two files that are in the folder `raw`, unpacked or gzipped."""
    ways = [(raw / name, raw / f"{name}.gz") for name in file_names(split)]
    return [found for way in ways if (found := next((file for file in way if file.exists()), None))]


def read_images(files: Sequence[Path], title: str, split: str) -> InMemory:
    """The images, uint8 (n, 1, 28, 28), and classes, int64 (n,), of a split.

    Raises:
        DataError: a file is damaged, or holds fewer or more than the set has.
    """
    image, label = (read_idx(file) for file in files)
    count = COUNTS[split]
    for file, tensor in zip(files, (image, label), strict=True):
        if len(tensor) != count:
            raise DataError(f"{file} holds {len(tensor)} entries where {title} has {count}: fetch it again.")
    name = f"{title.lower().replace('-', '_')}_{split}_{count // 1000}k"
    return InMemory(name, image=image[:, None].contiguous(), label=label.long())


def read_idx(file: Path) -> Tensor:
    """The uint8 tensor in an idx file, gzipped or not.

    Raises:
        DataError: not an idx file of unsigned bytes, or truncated.
    """
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} is damaged or truncated: fetch it again ({error}).") from error
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
