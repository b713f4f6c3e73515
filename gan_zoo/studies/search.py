"""Random search: trials whose settings are drawn at random, the same ones for every method.

    search:
      trials: 20                                          # of each method
      seed: 0                                             # of the draws
      median_stopping: 1000                               # steps after which hopeless trials are stopped; see median.py
      model.learning_rate: {log_uniform: [1e-5, 1e-3]}    # equally often below and above 1e-4
      model.penalty_weight: {uniform: [1, 20]}
      data.batch_size: {integers: [16, 128]}              # both ends are drawn too
      model.betas: {choice: [[0.5, 0.999], [0.0, 0.9]]}

With equal numbers of trials, methods differ less than papers say (Lucic 2018, "Are GANs created equal?"). A draw
depends on the seed, the trial and the name of the setting alone: more trials, or another setting, change no earlier
draw.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeGuard

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, shorten

OPTIONS = ("trials", "seed", "median_stopping")
"""Entries that are no settings."""
DIGITS = 4
"""Number of significant digits of a number that is drawn, so that it can be read and copied."""


@dataclass(frozen=True)
class Search:
    """The `search` of a study."""

    trials: int
    """Number of trials of each method."""
    seed: int
    median_stopping: int | None
    """Number of steps that every trial gets; None: no trial is stopped early."""
    space: dict[str, "Range"]
    """What each setting is drawn from."""

    def draw(self, trial: int) -> dict[str, Any]:
        """Return the settings of a trial, counted from 0."""
        return {name: values.at(Random(f"{self.seed} {trial} {name}").random()) for name, values in self.space.items()}


@dataclass(frozen=True)
class Range:
    """The values that one setting is drawn from."""

    kind: str
    """A key of `KINDS`."""
    values: tuple[Any, ...]
    """Both ends, or the values to choose from."""

    def at(self, share: float) -> Any:
        """Return the value at a share from 0 (included) to 1 (excluded) of the range."""
        return KINDS[self.kind](self.values, share)


def uniform(ends: Sequence[float], share: float) -> float:
    """Return the number at a share of the way between two ends."""
    return rounded(ends[0] + (ends[1] - ends[0]) * share)


def log_uniform(ends: Sequence[float], share: float) -> float:
    """Return the number at a share of the way between the logarithms of two positive ends."""
    return rounded(ends[0] * (ends[1] / ends[0]) ** share)


def integers(ends: Sequence[int], share: float) -> int:
    """Return the whole number at a share of those from the first to the last, both included."""
    return ends[0] + math.floor((ends[1] - ends[0] + 1) * share)


def choice(values: Sequence[Any], share: float) -> Any:
    """Return the value at a share of a list."""
    return values[math.floor(len(values) * share)]


def rounded(value: float) -> float:
    """Return a number with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


KINDS: dict[str, Callable[[Sequence[Any], float], Any]] = {
    "uniform": uniform,
    "log_uniform": log_uniform,
    "integers": integers,
    "choice": choice,
}
"""The kinds of ranges, each with the function from values and a share to one value."""


def read(content: dict[str, Any]) -> Search:
    """Return the search that a study's file describes.

    Raises:
        Mistake: Names the first entry that is wrong.
    """
    trials, seed = content.get("trials", 0), content.get("seed", 0)
    median_stopping = content.get("median_stopping", 1)
    for name, value, least in (("trials", trials, 2), ("seed", seed, 0), ("median_stopping", median_stopping, 1)):
        if not is_whole(value) or value < least:
            raise Mistake(f"search.{name} is {short(value)}: it takes a whole number from {least}.")
    space = {name: read_range(name, value) for name, value in content.items() if name not in OPTIONS}
    if not space:
        raise Mistake(
            "search names no setting: give at least one, as in model.learning_rate: {log_uniform: [1e-5, 1]}."
        )
    return Search(trials, seed, content.get("median_stopping"), space)


def read_range(name: str, value: Any) -> Range:
    """Return the range of a setting.

    Raises:
        Mistake: It is no range, or an empty one.
    """
    if not isinstance(value, dict) or len(value) != 1:
        raise Mistake(f"search.{name} is {short(value)}: it takes one range, as in {{uniform: [0, 1]}}.")
    [(kind, values)] = value.items()
    if kind not in KINDS:
        raise Mistake(f"search.{name} has no {short(kind)}{closest(str(kind), KINDS)}: there are {', '.join(KINDS)}.")
    if not isinstance(values, list) or not values:
        raise Mistake(f"search.{name}.{kind} is {short(values)}: it takes a list of values.")
    if kind != "choice":
        refuse_ends(f"search.{name}.{kind}", kind, values)
    return Range(kind, tuple(map(float, values)) if kind in ("uniform", "log_uniform") else tuple(values))


def refuse_ends(where: str, kind: str, ends: list[Any]) -> None:
    """Raise a `Mistake` unless `ends` are two numbers of the right kind, the lower first."""
    is_right = is_whole if kind == "integers" else is_finite
    if len(ends) != 2 or not all(map(is_right, ends)):
        what = "whole numbers" if kind == "integers" else "numbers"
        raise Mistake(f"{where} is {short(ends)}: it takes two {what}, the lower end and the upper.")
    if not ends[0] < ends[1]:
        raise Mistake(f"{where} is {short(ends)}, which is empty: the lower end comes first.")
    if kind == "log_uniform" and ends[0] <= 0:
        raise Mistake(f"{where} is {short(ends)}: the logarithm needs ends above 0.")


def is_whole(value: Any) -> TypeGuard[int]:
    """Return whether `value` is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """Return whether `value` is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def short(value: Any) -> str:
    """Return `value` for a message."""
    return shorten(repr(value), 40)
