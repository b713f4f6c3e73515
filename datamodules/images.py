"""Sets of images that are read a batch at a time: from memory, or decoded when they are wanted."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from datamodules.decoding import decode, decode_all, shrink
from datamodules.fingerprints import of
from datamodules.names import count_name
from datamodules.order import Request
from datamodules.sources import Source, digest
from datamodules.transform import Square

Batch = dict[str, Tensor]


@runtime_checkable
class Images(Protocol):
    """A set of images that is read a batch at a time."""

    name: str
    """With split and count, as protocols print it: `mnist_test_10k`."""
    instant: bool
    """Whether a batch is one gather, which the main process does by itself faster than a worker hands it over."""

    @property
    def labels(self) -> dict[str, Tensor]:
        """What a batch says of its images beside showing them, of all images: known without reading one."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, request: Request) -> Batch: ...

    def fingerprint(self) -> str:
        """A hash of the images' content, whatever their path, and however they are read."""
        ...


class InMemory:
    """Images and labels as tensors in memory: a batch is one gather, and costs no worker.

    Args:
        name: with split and count, as protocols print it.
        fingerprint: tells it, where the images come from files that have one; None: computed from `image`.
        tensors: by key of the batch; `image`, uint8 (n, c, h, w) or floating, among them.
    """

    instant = True

    def __init__(self, name: str, fingerprint: Callable[[], str] | None = None, **tensors: Tensor) -> None:
        self.name, self.tensors = name, tensors
        self._tell = fingerprint or self._hash
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
        self._fingerprint = self._fingerprint or self._tell()
        return self._fingerprint

    def _hash(self) -> str:
        image = self.tensors["image"]
        state = hashlib.sha256(f"{image.dtype} {tuple(image.shape)}".encode())
        state.update(image.contiguous().numpy().data)
        return state.hexdigest()[:16]


class Decoded:
    """Images that stay in their files, and are decoded when they are wanted: by workers, as a rule.

    Args:
        source: the files.
        square: what they are decoded to.
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
        return of(self.source, self.square)


class Middle:
    """The middle squares of images, at their own scale: what scores compare with where training cuts at random.

    Args:
        images: from which training cuts.
        side: of the squares, in pixels.
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
    """All of a small set, decoded."""
    size = square.resolution
    image = torch.cat([chunk.images[size] for chunk in decode_all(source, square, [size])])
    return InMemory(set_name(source, square, len(image)), partial(of, source, square), image=image, **source.labels)


def set_name(source: Source, square: Square, count: int) -> str:
    """Set, split, size and count, as protocols print it: `celeba_train_64px_10k`."""
    return f"{source.name}_{square.resolution}px_{count_name(count)}"
