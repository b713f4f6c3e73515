"""The loss terms of the steps since the last logged line. They stay on the device until they are read together.

A step must not wait for the device, so it only appends its terms to a list. Reading adds them up one by one as Python
floats, so that the sums are equal to the last bit however often they are read in between.
"""

import math

import torch
from torch import Tensor

from gan_zoo.distributed.strategy import gathered, world_size
from gan_zoo.errors import NonFinite

MOST_PENDING = 4096  # updates kept on the device before they are read unasked


class Ledger:
    """Sums of named loss terms since the last `close`, and the first step at which each was not finite."""

    def __init__(self) -> None:
        self._pending: list[tuple[int, tuple[str, ...], Tensor]] = []
        self._sums: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        self._first_bad: dict[str, float] = {}

    def add(self, step: int, names: tuple[str, ...], values: Tensor) -> None:
        """Append the terms of one update: `values[i]`, detached and still on the device, belongs to `names[i]`."""
        self._pending.append((step, names, values))
        if len(self._pending) == MOST_PENDING:
            self._read()

    def close(self) -> dict[str, float]:
        """Return the mean of each term since the last `close`, over updates and devices. Every process must call it.

        Raises:
            NonFinite: A term was infinite or not a number on some device. The message names the term and the step.
        """
        self.check()
        totals: dict[str, float] = {}
        counts: dict[str, float] = {}
        for one in gathered(self._state()):
            for kept, prefix in ((totals, "sum:"), (counts, "count:")):
                for name, value in one.items():
                    if name.startswith(prefix):
                        kept[name.removeprefix(prefix)] = kept.get(name.removeprefix(prefix), 0.0) + value
        self._sums, self._counts = {}, {}
        return {name: total / counts[name] for name, total in totals.items()}

    def check(self) -> None:
        """Raise `NonFinite` if any term on any device was not finite; every process must call it."""
        self._read()
        bad = [(step, name) for one in gathered(self._first_bad) for name, step in one.items()]
        if bad:
            step, name = min(bad)
            raise NonFinite(
                f"The loss term {name} was not finite at step {int(step)}. The last checkpoint is from before: "
                "go on from it with a lower learning rate, or with --trainer.detect_anomaly true to see where."
            )

    def state(self) -> list[dict[str, float]]:
        """Return the sums of every process, by rank, for a checkpoint. Every process must call it."""
        self._read()
        return gathered(self._state())

    def load(self, states: list[dict[str, float]], rank: int) -> None:
        """Continue from `state()`. If the number of processes has changed, rank 0 takes all the sums."""
        self._pending, self._sums, self._counts, self._first_bad = [], {}, {}, {}
        mine = [states[rank]] if len(states) == world_size() else (states if rank == 0 else [])
        for state in mine:
            for name, value in state.items():
                kind, _, term = name.partition(":")
                kept = self._sums if kind == "sum" else self._counts
                kept[term] = kept.get(term, 0.0) + value

    def _state(self) -> dict[str, float]:
        sums = {f"sum:{name}": value for name, value in self._sums.items()}
        return sums | {f"count:{name}": value for name, value in self._counts.items()}

    def _read(self) -> None:
        if not self._pending:
            return
        values = iter(torch.cat([terms for _, _, terms in self._pending]).tolist())
        for step, names, _ in self._pending:
            for name in names:
                value = next(values)
                self._sums[name] = self._sums.get(name, 0.0) + value
                self._counts[name] = self._counts.get(name, 0.0) + 1
                if not math.isfinite(value):
                    self._first_bad.setdefault(name, float(step))
        self._pending = []
