"""Image sets that are read in batches: from memory, or decoded on demand."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from datamodules.decoding import decode, decode_all, shrink
from datamodules.fingerprints import image_fingerprint
from datamodules.names import count_name
from datamodules.order import Request
from datamodules.sources import Source, digest
from datamodules.transform import Square

Batch = dict[str, Tensor]


@runtime_checkable
class Images(Protocol):
    """A set of images that is read in batches."""

    name: str
    """Set, split and number of images, as score protocols print them: `mnist_test_10k`."""
    instant: bool
    """Whether a batch is a single gather, which is faster in the main process than in a worker."""

    @property
    def labels(self) -> dict[str, Tensor]:
        """Labels of all images by their key in the batch; no image is read for them."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, request: Request) -> Batch: ...

    def fingerprint(self) -> str:
        """Return a hash of the images' content that depends neither on their path nor on how they are read."""
        ...


class InMemory:
    """Images and labels as tensors in memory: a batch is a single gather and needs no worker.

    Args:
        name: Set, split and number of images, as score protocols print them.
        fingerprint: Function that returns the fingerprint, if the images come from files; None: hash `image`.
        tensors: Tensors by their key in the batch, among them `image`, uint8 or floating-point (n, c, h, w).
    """

    instant = True

    def __init__(self, name: str, fingerprint: Callable[[], str] | None = None, **tensors: Tensor) -> None:
        self.name, self.tensors = name, tensors
        self._compute_fingerprint = fingerprint or self._hash
        self._fingerprint = ""

    @property
    def labels(self) -> dict[str, Tensor]:
        return {key: value for key, value in self.tensors.items() if key != "image"}

    def __len__(self) -> int:
        return len(self.tensors["image"])

    def __getitem__(self, request: Request) -> Batch:
        indices = torch.from_numpy(request.indices)
        batch = {key: value.index_select(0, indices) for key, value in self.tensors.items()}
        if request.resolution is not None:
            batch["image"] = shrink(batch["image"], request.resolution)
        return batch

    def fingerprint(self) -> str:
        self._fingerprint = self._fingerprint or self._compute_fingerprint()
        return self._fingerprint

    def _hash(self) -> str:
        image = self.tensors["image"]
        state = hashlib.sha256(f"{image.dtype} {tuple(image.shape)}".encode())
        state.update(image.contiguous().numpy().data)
        return state.hexdigest()[:16]


class Decoded:
    """Images that stay in their files and are decoded on demand, usually by workers.

    Args:
        source: The image files.
        square: Crop and size that each image is decoded to.
    """

    instant = False

    def __init__(self, source: Source, square: Square) -> None:
        self.source, self.square = source, square
        self.name, self.labels = set_name(source, square, len(source)), source.labels

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, request: Request) -> Batch:
        image = torch.from_numpy(np.stack([decode(self.source, self.square, int(i)) for i in request.indices]))
        indices = torch.from_numpy(request.indices)
        labels = {key: value[indices] for key, value in self.labels.items()}
        return {"image": shrink(image, request.resolution or self.square.resolution), **labels}

    def fingerprint(self) -> str:
        return image_fingerprint(self.source, self.square)


class Middle:
    """The middle squares of images, not rescaled: the images to compare with where training cuts squares at random.

    Args:
        images: The images that training cuts squares from.
        side: Side of the squares, in pixels.
    """

    def __init__(self, images: Images, side: int) -> None:
        self.images, self.side = images, side
        self.name, self.instant = f"{images.name}_middle_{side}px", images.instant
        self.labels = images.labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, request: Request) -> Batch:
        batch = self.images[Request(request.indices, None)]
        top, left = ((length - self.side) // 2 for length in batch["image"].shape[2:])
        square = batch["image"][:, :, top : top + self.side, left : left + self.side]
        return batch | {"image": shrink(square, request.resolution or self.side)}

    def fingerprint(self) -> str:
        return digest([self.images.fingerprint(), f"middle {self.side}"])


def in_memory(source: Source, square: Square) -> InMemory:
    """Decode all images of a small set into memory."""
    size = square.resolution
    image = torch.cat([chunk.images[size] for chunk in decode_all(source, square, [size])])
    fingerprint = partial(image_fingerprint, source, square)
    return InMemory(set_name(source, square, len(image)), fingerprint, image=image, **source.labels)


def set_name(source: Source, square: Square, count: int) -> str:
    """Return set, split, size and count as score protocols print them: `celeba_train_64px_10k`."""
    return f"{source.name}_{square.resolution}px_{count_name(count)}"
