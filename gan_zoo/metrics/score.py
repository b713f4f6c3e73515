"""The base class of our metrics: a torchmetrics `Metric` that declares its input and accepts a cached real side.

A user's own metric needs none of this: the evaluator takes any `Metric` with `update(features, real)`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from gan_zoo.errors import Mistake


class Value(NamedTuple):
    """A number with its interval, if it has one (`choices.Measure.interval` names the kind)."""

    value: float
    interval: tuple[float, float] | None = None


def values(computed: Tensor | Mapping[str, Tensor], name: str) -> dict[str, Value]:
    """Return the result of `Metric.compute()` as values by measure.

    Args:
        computed: One number, or several by name, where `x_low` and `x_high` are the interval of `x`.
        name: Name of the metric, which names a single number.
    """
    tensors = {name: computed} if isinstance(computed, Tensor) else computed
    numbers = {key: float(value) for key, value in tensors.items()}
    bounds = {f"{key}_{end}" for key in numbers for end in ("low", "high")}
    return {
        key: Value(value, (numbers[f"{key}_low"], numbers[f"{key}_high"]) if f"{key}_low" in numbers else None)
        for key, value in numbers.items()
        if key not in bounds
    }


class Score(Metric):
    """Base class of our metrics.

    Processes that update it with contiguous shares of the images, in order of rank, compute the value that a single
    process would.

    Args:
        options: Options of torchmetrics' `Metric`: `sync_on_compute`, `process_group` and others.
    """

    needs: Literal["features", "logits"] = "features"
    """Which output of the extractor `update` takes. The class is called with its length."""
    sides: tuple[str, ...] = ("real", "fake")
    """The sides that the metric reads."""
    is_differentiable = False
    full_state_update = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._reference: dict[str, Tensor] = {}

    def reference(self) -> dict[str, Tensor]:
        """Return everything that the metric reads of the real images, over all processes; every process calls it.

        Keys that several metrics share hold the same content, so that their references fit in one dict or file. The
        reference of a metric that ignores real images is empty.
        """
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            return self._real_side()

    @classmethod
    def withheld(cls, features: int, generated: int) -> str:
        """Return why the metric gives no value from `generated` images; empty: it gives one.

        Args:
            features: Number of features or logits per image, whichever the metric reads.
            generated: Number of generated images.
        """
        return ""

    def refer(self, reference: Mapping[str, Tensor]) -> "Score":
        """Take the real side from `reference`, a dict that holds the result of `reference()`; return the metric."""
        self._reference = {key: value.to(self.device) for key, value in reference.items()}
        return self

    def _real_side(self) -> dict[str, Tensor]:
        """Return the reference, from states that are already merged over processes."""
        return {}

    def _expects(self, real: bool) -> None:
        if real and self._reference:
            raise Mistake(
                f"{type(self).__name__} has its real side from `refer`: update it with generated images only."
            )


class KeepsFeatures(Score):
    """Base class of the metrics that read all features at once, which it keeps in float32 on their device.

    Metrics that are updated with the same tensors share their memory.

    Args:
        features: Number of features per image.
        options: Options of torchmetrics' `Metric`.
    """

    def __init__(self, features: int, **options: Any) -> None:
        super().__init__(**options)
        self.features = features
        self.real: list[Tensor]
        self.fake: list[Tensor]
        for side in self.sides:
            self.add_state(side, [], dist_reduce_fx="cat")

    def update(self, features: Float[Tensor, "n d"], real: bool) -> None:
        self._expects(real)
        (self.real if real else self.fake).append(features.detach().float())

    def sync(self, *args: Any, **options: Any) -> None:
        """Synchronise as torchmetrics does, which fails on empty lists: a process without images adds empty rows."""
        for side in self.sides:
            if not getattr(self, side):
                setattr(self, side, [torch.empty(0, self.features, device=self.device)])
        super().sync(*args, **options)

    def compute(self) -> dict[str, Tensor]:
        return self._values(self._reference or self._real_side(), self._rows("fake"))

    @abstractmethod
    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        """Return the values of the metric from the features of both sides."""

    def _rows(self, side: str) -> Float[Tensor, "n d"]:
        parts = getattr(self, side)
        return dim_zero_cat(parts) if len(parts) else torch.empty(0, self.features, device=self.device)


def at_least(least: int, score: str, **counts: int) -> None:
    """Raise `Mistake` unless there are `least` images of each kind."""
    for kind, count in counts.items():
        if count < least:
            raise Mistake(f"{score} needs at least {least} {kind} images; there are {count}: use more.")


def block_length(columns: int) -> int:
    """Return the number of rows that fit in a block of 2^21 float64 numbers (16 MB)."""
    return max(1, 2**21 // max(columns, 1))
