"""Decides which images each step shows, as a pure function of the seed and of what earlier steps consumed."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Sampler

from datamodules.errors import DataError


class Request(NamedTuple):
    """The images of a step on a rank: their indices, and the resolution to deliver (None: the data's own)."""

    indices: np.ndarray
    resolution: int | None = None


class Passes:
    """Endless passes over one set; each pass shows every image once, in a new random order.

    Args:
        size: Number of images in the set.
        seed: Seed of the run.
        stream: Number of the set within the run; sets with different numbers have independent orders.
    """

    def __init__(self, size: int, seed: int, stream: int = 0) -> None:
        self.size, self.seed, self.stream = size, seed, stream
        self._kept: dict[int, np.ndarray] = {}

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Return the index of the image at each of `positions` in the stream."""
        pass_numbers, offsets = np.divmod(positions, self.size)
        indices = np.empty_like(offsets)
        for number in np.unique(pass_numbers):
            within = pass_numbers == number
            indices[within] = self._order(int(number))[offsets[within]]
        return indices

    def _order(self, number: int) -> np.ndarray:
        """Return the permutation of pass `number`; the last two are kept, since a step may straddle two passes."""
        if number not in self._kept:
            self._kept = {k: v for k, v in self._kept.items() if k >= number - 1}
            # A third word of 0 has the same effect as none: a single set has the order of a seed of two words.
            self._kept[number] = np.random.default_rng((self.seed, number, self.stream)).permutation(self.size)
        return self._kept[number]


class Order(Sampler[Request]):
    """The endless requests of a rank, from step `start` on.

    The indices of several sets follow one another: those of the second set begin at the size of the first. Each set
    has its own passes. Either every mini-batch shows all sets, and a request lists the images of the first set, then
    those of the second; or the sets take turns, and mini-batch i of step s shows only set (s + i) mod their number.
    The generator is updated on the last mini-batch of a step, which therefore comes from each set equally often.

    Args:
        sizes: Number of images in each set.
        feed: Function from a step to what it consumes: `minibatches`, `batch_size` and `resolution`; the last two are
            None for the data's own.
        batch_size: Images per mini-batch on each rank, unless the feed gives a number.
        seed: Seed of the run.
        rank: Number of this process, below `world`.
        world: Number of processes.
        start: The first step to deliver.
        turns: Whether the sets take turns.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        feed: Callable[[int], Any],
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        start: int = 0,
        turns: bool = False,
    ) -> None:
        self.passes = [Passes(size, seed, stream) for stream, size in enumerate(sizes)]
        self.firsts = [0, *accumulate(sizes)][:-1]
        self.feed, self.batch_size = feed, batch_size
        self.rank, self.world, self.start, self.turns = rank, world, start, turns

    def __iter__(self) -> Iterator[Request]:
        positions = [0] * len(self.passes)
        for step in range(self.start):
            self._advance(positions, step)
        step = self.start
        while True:
            shares = [self._share(number, positions[number], step) for number in range(len(self.passes))]
            yield Request(self._arranged(shares, step), self.feed(step).resolution)
            self._advance(positions, step)
            step += 1

    def _batch_size(self, step: int) -> int:
        """Return the number of images per mini-batch on each rank."""
        batch_size = self.feed(step).batch_size or self.batch_size
        size = min(passes.size for passes in self.passes)
        if batch_size * self.world > size:
            raise DataError(
                f"A batch of {batch_size} on each of {self.world} device(s) is larger than the data ({size} images): "
                "choose a smaller data.batch_size."
            )
        return batch_size

    def _count(self, number: int, step: int) -> int:
        """Return how many mini-batches of a step show set `number`."""
        minibatches = self.feed(step).minibatches
        return len(range(minibatches)[self._turns(number, step)]) if self.turns else minibatches

    def _turns(self, number: int, step: int) -> slice:
        """Return which mini-batches of a step show set `number` when the sets take turns."""
        return slice((number - step) % len(self.passes), None, len(self.passes))

    def _advance(self, positions: list[int], step: int) -> None:
        for number in range(len(positions)):
            positions[number] += self._count(number, step) * self._batch_size(step) * self.world

    def _share(self, number: int, position: int, step: int) -> np.ndarray:
        """Return this rank's indices of set `number` in a step that begins at `position`, (minibatches, batch size)."""
        batch_size = self._batch_size(step)
        starts = position + (np.arange(self._count(number, step)) * self.world + self.rank) * batch_size
        return self.firsts[number] + self.passes[number].at(starts[:, None] + np.arange(batch_size))

    def _arranged(self, shares: list[np.ndarray], step: int) -> np.ndarray:
        """Return the indices of all sets in the order in which the request lists them."""
        indices = np.concatenate(shares)
        if self.turns:
            for number, share in enumerate(shares):
                indices[self._turns(number, step)] = share
        return indices.ravel()
