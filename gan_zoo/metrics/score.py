"""What a metric is to the evaluator: a torchmetrics `Metric` that says what it reads and can be told its real side.

A metric of somebody else needs none of this: any `Metric` with `update(features, real)` is scored.
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
    """A number, and the interval that belongs to it where there is one (`names.Measure.interval` says of what kind)."""

    value: float
    interval: tuple[float, float] | None = None


def values(computed: Tensor | Mapping[str, Tensor], name: str) -> dict[str, Value]:
    """What `Metric.compute()` gave, by measure.

    Args:
        computed: one number, called `name`; or several by their names, where `x_low` and `x_high` bound `x`.
        name: the metric's.
    """
    numbers = {name: computed} if isinstance(computed, Tensor) else computed
    found = {key: float(value) for key, value in numbers.items()}
    bounds = {f"{key}_{end}" for key in found for end in ("low", "high")}
    return {
        key: Value(value, (found[f"{key}_low"], found[f"{key}_high"]) if f"{key}_low" in found else None)
        for key, value in found.items()
        if key not in bounds
    }


class Score(Metric):
    """Base of ours. Processes that take contiguous shares of the images, in order of rank, compute what one would.

    Args:
        options: torchmetrics' own: `sync_on_compute`, `process_group`...
    """

    needs: Literal["features", "logits"] = "features"
    """What `update` takes of an extractor's findings; it is made with their length."""
    sides: tuple[str, ...] = ("real", "fake")
    """The images that it reads."""
    is_differentiable = False
    full_state_update = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._reference: dict[str, Tensor] = {}

    def reference(self) -> dict[str, Tensor]:
        """All that the score reads of the real images shown, over all processes; every process calls it.

        Equal keys of several metrics hold equal content, so that their references go together in one dict or file.
        Empty: a score of generated images alone.
        """
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            return self._real_side()

    def refer(self, reference: Mapping[str, Tensor]) -> "Score":
        """Compare with the real images of `reference`, of this metric's `reference()` or a dict that holds it."""
        self._reference = {key: value.to(self.device) for key, value in reference.items()}
        return self

    def _real_side(self) -> dict[str, Tensor]:
        """The reference, from states that are all processes'."""
        return {}

    def _expects(self, real: bool) -> None:
        if real and self._reference:
            raise Mistake(f"{type(self).__name__} was given its real side by `refer`: show it generated images only.")


class KeepsFeatures(Score):
    """Base of the scores that read all features at once: kept in float32, on the device that they come from.

    Metrics that are shown the same tensors share their memory.

    Args:
        features: their length.
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
        """A process that was shown nothing takes part with no rows of the right length: torchmetrics' have none."""
        for side in self.sides:
            if not getattr(self, side):
                setattr(self, side, [torch.empty(0, self.features, device=self.device)])
        super().sync(*args, **options)

    def compute(self) -> dict[str, Tensor]:
        return self._values(self._reference or self._real_side(), self._rows("fake"))

    @abstractmethod
    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        """The score of all features."""

    def _rows(self, side: str) -> Float[Tensor, "n d"]:
        shown = getattr(self, side)
        return dim_zero_cat(shown) if len(shown) else torch.empty(0, self.features, device=self.device)


def at_least(least: int, score: str, **counts: int) -> None:
    """Raise `Mistake` unless there are `least` images of each kind."""
    for kind, count in counts.items():
        if count < least:
            raise Mistake(f"{score} takes at least {least} {kind} images; there are {count}: give it more.")


def block_length(columns: int) -> int:
    """Rows of a block of a large matrix with so many columns: 2^21 float64 numbers, 16 MB."""
    return max(1, 2**21 // max(columns, 1))
