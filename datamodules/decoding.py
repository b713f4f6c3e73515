"""Decodes image files to pixels of a given size: a single image, or a whole set on all cores."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.errors import DataError
from datamodules.sources import Source
from datamodules.transform import Square
from datamodules.workers import leave_signals

CHUNK = 64
"""Number of images that a worker process reads at a time."""


@runtime_checkable
class Reader(Protocol):
    """Reads the images of a range of indices, and returns them in any form."""

    def __getitem__(self, indices: range, /) -> Any: ...


def decode(source: Source, square: Square, index: int) -> np.ndarray:
    """Return image `index` of `source` as uint8 (c, r, r).

    Raises:
        DataError: The image is damaged or smaller than the crop; the message names its file.
    """
    image = source.read(index)
    try:
        return square(image)
    except DataError as error:
        raise DataError(f"{source.where(index)}: {error}") from error


class Chunk(NamedTuple):
    """Decoded images of consecutive indices."""

    images: dict[int, Tensor]
    """Images by size r, uint8 (n, c, r, r); damaged ones are black."""
    damaged: dict[int, str]
    """Error messages of the damaged images, by index."""


def decode_all(
    source: Source, square: Square, sizes: Sequence[int], start: int = 0, skip: bool = False
) -> Iterator[Chunk]:
    """Yield all images from index `start` on, in order, decoded by one process per core.

    Args:
        source: The image files.
        square: Crop and size that each image is decoded to.
        sizes: Sizes to return, in pixels a side; each divides the resolution of `square`.
        start: Index of the first image to decode.
        skip: Whether to go on after an image that is damaged or smaller than the crop.

    Raises:
        DataError: An image is damaged; the message names its file.
    """
    yield from read_chunks(Decoder(source, square, sizes, skip), len(source), start)


def read_chunks(reader: Reader, count: int, start: int = 0) -> Iterator[Any]:
    """Yield `reader[range]` for consecutive ranges of indices, in order, read by one process per core.

    Args:
        reader: Object that reads a range of indices, and that can be pickled.
        count: Number of images in the set.
        start: First index of the first range.
    """
    chunks = [range(first, min(first + CHUNK, count)) for first in range(start, count, CHUNK)]
    workers = min(os.cpu_count() or 1, len(chunks))
    yield from DataLoader(
        reader,  # pyright: ignore[reportArgumentType]
        sampler=chunks,  # pyright: ignore[reportArgumentType]
        batch_size=None,
        num_workers=workers if workers > 1 else 0,
        collate_fn=_unchanged,
        worker_init_fn=leave_signals,
    )


def _unchanged(chunk: Any) -> Any:
    """Return `chunk`: a DataLoader would otherwise turn its arrays into tensors."""
    return chunk


class Decoder:
    """Decodes the images of a range of indices."""

    def __init__(self, source: Source, square: Square, sizes: Sequence[int], skip: bool) -> None:
        self.source, self.square, self.sizes, self.skip = source, square, sizes, skip

    def __getitem__(self, indices: range) -> Chunk:
        square = self.square
        images = torch.zeros(len(indices), square.channels, square.resolution, square.resolution, dtype=torch.uint8)
        damaged: dict[int, str] = {}
        for row, index in enumerate(indices):
            try:
                images[row] = torch.from_numpy(decode(self.source, square, index))
            except DataError as error:
                if not self.skip:
                    raise
                damaged[index] = str(error)
        return Chunk({size: shrink(images, size) for size in self.sizes}, damaged)


def shrink(image: Tensor, resolution: int) -> Tensor:
    """Shrink uint8 images (n, c, h, h) by a whole factor; each new pixel is the rounded mean of those it covers."""
    height, width = image.shape[2:]
    if height != width or height % resolution:
        raise DataError(f"Images of {height} x {width} pixels cannot be shown at {resolution} x {resolution}.")
    if resolution == height:
        return image
    return torch.nn.functional.avg_pool2d(image.float(), height // resolution).round().to(torch.uint8)
