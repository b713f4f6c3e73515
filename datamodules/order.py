"""Which images a step shows: a pure function of the seed and of what the steps before consumed."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Sampler

from datamodules.errors import DataError


class Request(NamedTuple):
    """One step's images on one rank: their indices, and the size to deliver them at (None: the data's own)."""

    indices: np.ndarray
    resolution: int | None = None


class Passes:
    """One set's endless passes, each of which shows every image once, shuffled anew.

    Args:
        size: number of images in the set.
        seed: of the run.
        stream: number of the set among those of the run, whose orders have nothing to do with each other.
    """

    def __init__(self, size: int, seed: int, stream: int = 0) -> None:
        self.size, self.seed, self.stream = size, seed, stream
        self._kept: dict[int, np.ndarray] = {}

    def at(self, positions: np.ndarray) -> np.ndarray:
        """The index of the image at each of `positions` in the stream."""
        number, place = np.divmod(positions, self.size)
        indices = np.empty_like(place)
        for one in np.unique(number):
            indices[number == one] = self._order(int(one))[place[number == one]]
        return indices

    def _order(self, number: int) -> np.ndarray:
        """The permutation of pass `number`; the last two are kept, since a step may straddle two."""
        if number not in self._kept:
            self._kept = {k: v for k, v in self._kept.items() if k >= number - 1}
            # A third word of 0 leaves the first set's order what it is without one.
            self._kept[number] = np.random.default_rng((self.seed, number, self.stream)).permutation(self.size)
        return self._kept[number]


class Order(Sampler[Request]):
    """The requests of one rank, from step `start` on, without end.

    Several sets have their indices one after another: those of the second begin at the size of the first. Each has
    passes of its own. Either every minibatch shows all of them (and a request names the images of the first, then of
    the second), or they take turns: minibatch i of step s is wholly of set (s + i) mod their number, so that the last
    one of a step, on which a generator is updated, is of each set as often as of any other.

    Args:
        sizes: number of images in each set.
        feed: step -> what it consumes: `minibatches`, `batch_size` and `resolution`, the last two None for the data's.
        batch_size: images a minibatch on each rank, where the feed names none.
        seed: of the run.
        rank: this process among `world`.
        world: number of processes.
        start: the first step wanted.
        turns: whether sets take turns.
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
            need, each = self.feed(step), self._each(step)
            shares = [
                self.firsts[number] + passes.at(self._mine(positions[number], self._count(number, step), each))
                for number, passes in enumerate(self.passes)
            ]
            yield Request(self._arranged(shares, step), need.resolution)
            self._advance(positions, step)
            step += 1

    def _each(self, step: int) -> int:
        """Images a minibatch on each rank."""
        each, size = self.feed(step).batch_size or self.batch_size, min(passes.size for passes in self.passes)
        if each * self.world > size:
            raise DataError(
                f"A batch of {each} on each of {self.world} device(s) is larger than the data ({size} images): "
                "choose a smaller data.batch_size."
            )
        return each

    def _count(self, number: int, step: int) -> int:
        """Minibatches of a step that show set `number`."""
        minibatches = self.feed(step).minibatches
        return len(range(minibatches)[self._turns(number, step)]) if self.turns else minibatches

    def _turns(self, number: int, step: int) -> slice:
        """Which minibatches of a step are of set `number`, where sets take turns."""
        return slice((number - step) % len(self.passes), None, len(self.passes))

    def _advance(self, positions: list[int], step: int) -> None:
        for number in range(len(positions)):
            positions[number] += self._count(number, step) * self._each(step) * self.world

    def _mine(self, position: int, minibatches: int, each: int) -> np.ndarray:
        """This rank's share of every minibatch from `position` on, (minibatches, each)."""
        starts = position + (np.arange(minibatches) * self.world + self.rank) * each
        return starts[:, None] + np.arange(each)

    def _arranged(self, shares: list[np.ndarray], step: int) -> np.ndarray:
        """The sets' shares of a step in the order in which the request names them."""
        indices = np.concatenate(shares)
        if self.turns:
            for number, share in enumerate(shares):
                indices[self._turns(number, step)] = share
        return indices.ravel()
