"""Image files to pixels of one size: one at a time, or all of a set by all cores."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.errors import DataError
from datamodules.sources import Source
from datamodules.transform import Square

CHUNK = 64
"""Images that a process decodes at a time."""


def decode(source: Source, square: Square, index: int) -> np.ndarray:
    """Image `index` of `source`, uint8 (c, r, r).

    Raises:
        DataError: damaged, or smaller than the crop; names the file.
    """
    image = source.read(index)
    try:
        return square(image)
    except DataError as error:
        raise DataError(f"{source.where(index)}: {error}") from error


class Chunk(NamedTuple):
    """Neighbours in a set, decoded."""

    images: dict[int, Tensor]
    """By size r: uint8 (n, c, r, r); black where damaged."""
    damaged: dict[int, str]
    """What is wrong with those that were left out, by index."""


def decode_all(
    source: Source, square: Square, sizes: Sequence[int], start: int = 0, skip: bool = False
) -> Iterator[Chunk]:
    """All images from `start` on, in order, decoded by as many processes as there are cores.

    Args:
        source: the files.
        square: what they are decoded to.
        sizes: of the squares that are wanted, whole fractions of that one.
        start: the first image wanted.
        skip: go on after a damaged image, or one smaller than the crop.

    Raises:
        DataError: an image is damaged; names the file.
    """
    chunks = [range(first, min(first + CHUNK, len(source))) for first in range(start, len(source), CHUNK)]
    workers = min(os.cpu_count() or 1, len(chunks))
    yield from DataLoader(
        Decoder(source, square, sizes, skip),  # pyright: ignore[reportArgumentType]
        sampler=chunks,  # pyright: ignore[reportArgumentType]
        batch_size=None,
        num_workers=workers if workers > 1 else 0,
    )


class Decoder:
    """Decodes the images of some indices."""

    def __init__(self, source: Source, square: Square, sizes: Sequence[int], skip: bool) -> None:
        self.source, self.square, self.sizes, self.skip = source, square, sizes, skip

    def __getitem__(self, indices: range) -> Chunk:
        square = self.square
        images = torch.zeros(len(indices), square.channels, square.resolution, square.resolution, dtype=torch.uint8)
        damaged: dict[int, str] = {}
        for place, index in enumerate(indices):
            try:
                images[place] = torch.from_numpy(decode(self.source, square, index))
            except DataError as error:
                if not self.skip:
                    raise
                damaged[index] = str(error)
        return Chunk({size: shrink(images, size) for size in self.sizes}, damaged)


def shrink(image: Tensor, resolution: int) -> Tensor:
    """uint8 images (n, c, h, h) at a whole fraction of their size, each pixel the rounded mean of those it covers."""
    height, width = image.shape[2:]
    if height != width or height % resolution:
        raise DataError(f"Images of {height} x {width} pixels cannot be shown at {resolution} x {resolution}.")
    if resolution == height:
        return image
    return torch.nn.functional.avg_pool2d(image.float(), height // resolution).round().to(torch.uint8)
