"""What every data module shares: an endless, shuffled, exactly resumable stream of batches.

Which images a step shows is a pure function of (seed, position in the stream), and a step's position is the sum of what
the steps before it consumed. So the order does not depend on workers, a run resumes at any step with no replay, and the
ranks' shares of a step put together are what one process would have seen.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import lightning.pytorch as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from datamodules.errors import DataError

Batch = dict[str, Tensor]


class Request(NamedTuple):
    """One step's images on one rank: their indices, and the size to deliver them at (None: the data's own)."""

    indices: np.ndarray
    resolution: int | None


@runtime_checkable
class Wanted(Protocol):
    """What images are asked for with: a `Request`, or anything that says as much."""

    @property
    def indices(self) -> np.ndarray: ...

    @property
    def resolution(self) -> int | None: ...


class Images(Protocol):
    """A set of images that is read a batch at a time."""

    name: str
    """With split and count, as protocols print it: `mnist_test_10k`."""

    def __len__(self) -> int: ...

    def __getitem__(self, request: Wanted) -> Batch: ...

    def fingerprint(self) -> str:
        """A hash of the content, whatever the path."""
        ...


class Order(Sampler[Request]):
    """The requests of one rank, from step `start` on, without end.

    Args:
        size: number of images in the set.
        feed: step -> what it consumes: `minibatches`, `batch_size` and `resolution`, the last two None for the data's.
        batch_size: images a minibatch on each rank, where the feed names none.
        seed: of the run.
        rank: this process among `world`.
        world: number of processes.
        start: the first step wanted.
    """

    def __init__(
        self, size: int, feed: Callable[[int], Any], batch_size: int, seed: int, rank: int, world: int, start: int
    ) -> None:
        self.size, self.feed, self.batch_size, self.seed = size, feed, batch_size, seed
        self.rank, self.world, self.start = rank, world, start
        self._passes: dict[int, np.ndarray] = {}

    def __iter__(self) -> Iterator[Request]:
        position = sum(self._amount(step) for step in range(self.start))
        step = self.start
        while True:
            need = self.feed(step)
            yield Request(self._mine(position, need.minibatches, self._each(step)), need.resolution)
            position += self._amount(step)
            step += 1

    def _each(self, step: int) -> int:
        each = self.feed(step).batch_size or self.batch_size
        if each * self.world > self.size:
            raise DataError(
                f"A batch of {each} on each of {self.world} device(s) is larger than the data ({self.size} images): "
                "choose a smaller data.batch_size."
            )
        return each

    def _amount(self, step: int) -> int:
        return self.feed(step).minibatches * self._each(step) * self.world

    def _mine(self, position: int, minibatches: int, each: int) -> np.ndarray:
        """This rank's share of every minibatch from `position` on."""
        starts = position + (np.arange(minibatches) * self.world + self.rank) * each
        positions = (starts[:, None] + np.arange(each)).ravel()
        number, place = np.divmod(positions, self.size)
        indices = np.empty_like(place)
        for one in np.unique(number):
            indices[number == one] = self._pass(int(one))[place[number == one]]
        return indices

    def _pass(self, number: int) -> np.ndarray:
        """The permutation of pass `number`; the last two are kept, since a step may straddle two."""
        if number not in self._passes:
            self._passes = {k: v for k, v in self._passes.items() if k >= number - 1}
            self._passes[number] = np.random.default_rng((self.seed, number)).permutation(self.size)
        return self._passes[number]


class InMemory:
    """Images and labels as tensors in memory: a batch is one gather, and costs no worker."""

    def __init__(self, name: str, **tensors: Tensor) -> None:
        self.name, self.tensors = name, tensors
        self._fingerprint = ""

    def __len__(self) -> int:
        return len(self.tensors["image"])

    def __getitem__(self, request: Wanted) -> Batch:
        indices = torch.from_numpy(request.indices)
        batch = {key: value[indices] for key, value in self.tensors.items()}
        if request.resolution is not None:
            batch["image"] = shrink(batch["image"], request.resolution)
        return batch

    def fingerprint(self) -> str:
        if not self._fingerprint:
            digest = hashlib.sha256()
            for key, value in sorted(self.tensors.items()):
                digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
                digest.update(value.numpy().tobytes())
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint


def shrink(image: Tensor, resolution: int) -> Tensor:
    """uint8 images (n, c, h, h) at a whole fraction of their size, each pixel the rounded mean of those it covers."""
    height, width = image.shape[2:]
    if height != width or height % resolution:
        raise DataError(f"Images of {height} x {width} pixels cannot be shown at {resolution} x {resolution}.")
    if resolution == height:
        return image
    return torch.nn.functional.avg_pool2d(image.float(), height // resolution).round().to(torch.uint8)


class StreamedData(L.LightningDataModule):
    """A data module whose `setup` sets `images`; the stream comes from here.

    A subclass states `image_shape`, `num_classes` (0: no labels), and whether training mirrors (`flip`) or cuts squares
    at random (`crop`, pixels): both are done on the device, by the model.

    Args:
        batch_size: images a minibatch on each device.
        workers: processes that read ahead; 0 reads in the main process, best for sets in memory.
    """

    image_shape: tuple[int, int, int]
    num_classes: int = 0
    flip: bool = False
    crop: int = 0
    images: Images

    def __init__(self, batch_size: int, workers: int = 0) -> None:
        super().__init__()
        if batch_size < 1:
            raise DataError(f"data.batch_size is {batch_size}: it must be at least 1.")
        if workers < 0:
            raise DataError(f"data.workers is {workers}: it must be at least 0.")
        self.batch_size, self.workers = batch_size, workers

    def train_dataloader(self) -> DataLoader[Batch]:
        trainer = self.trainer
        assert trainer is not None
        model: Any = trainer.lightning_module
        order = Order(
            size=len(self.images),
            feed=model.feed,
            batch_size=self.batch_size,
            seed=model.seed,
            rank=trainer.global_rank,
            world=trainer.world_size,
            start=trainer.global_step,
        )
        return DataLoader(
            self.images,  # pyright: ignore[reportArgumentType]
            sampler=order,
            batch_size=None,
            num_workers=self.workers,
            pin_memory=trainer.strategy.root_device.type == "cuda",
        )
