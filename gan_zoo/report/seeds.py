"""Compute confidence intervals over a few seeds, and decide which methods are told apart.

Methods are compared in pairs, seed by seed. Runs with equal seeds share the order of the data and the latents that are
scored, so their difference varies less than either score. Two methods are told apart if the 95 % interval of the mean
difference (Student 1908) excludes 0. A method ranks behind all methods that are shown to be better and before all that
are shown to be worse; within these bounds its rank is open, and methods that are not told apart share ranks. Each
interval is for a single pair: with many methods, some pair will look different by chance.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import atan, cos, pi, prod, sin, sqrt
from statistics import fmean, stdev

LEAST = 3
"""Minimum number of common seeds for telling two methods apart."""
LEVEL = 0.95
"""Confidence level of all intervals."""
Interval = tuple[float, float]
Scores = Mapping[tuple[Hashable, str], float]
"""The scores of a method by seed and block. A block is the settings that differ between the runs of one method."""


@dataclass(frozen=True)
class Pair:
    """The comparison of two methods."""

    first: int
    second: int
    """Place in the list of methods, as `first`."""
    seeds: int
    """Number of seeds that both methods have."""
    difference: float | None
    """Mean over the common seeds of the first score minus the second; None without a common seed."""
    interval: Interval | None
    """95 % interval of the mean difference; None for fewer than `LEAST` common seeds."""

    @property
    def apart(self) -> bool:
        """Whether the two methods are told apart: the interval excludes 0."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the mean of independent values; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean, half = fmean(values), t_quantile((1 + LEVEL) / 2, len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean - half, mean + half


def compare(methods: Sequence[Scores]) -> list[Pair]:
    """Return the comparison of every two methods."""
    return [pair(methods, a, b) for a in range(len(methods)) for b in range(a + 1, len(methods))]


def pair(methods: Sequence[Scores], first: int, second: int) -> Pair:
    """Return the comparison of the methods at places `first` and `second`."""
    scores, others = methods[first], methods[second]
    differences = by_seed({cell: scores[cell] - others[cell] for cell in scores if cell in others})
    interval = mean_interval(differences) if len(differences) >= LEAST else None
    return Pair(first, second, len(differences), fmean(differences) if differences else None, interval)


def by_seed(scores: Scores) -> list[float]:
    """Return the mean score of each seed over its blocks, since runs with the same seed are not independent."""
    values_by_seed: dict[Hashable, list[float]] = {}
    for (seed, _), value in scores.items():
        values_by_seed.setdefault(seed, []).append(value)
    return [fmean(values) for values in values_by_seed.values()]


def ranks(count: int, pairs: Sequence[Pair], lower_is_better: bool) -> list[tuple[int, int]]:
    """Return, for each of `count` methods, the first and the last rank that it may have."""
    first, last = [1] * count, [count] * count
    for pair in pairs:
        if pair.apart and pair.difference:
            ahead = (pair.difference < 0) == lower_is_better
            better, worse = (pair.first, pair.second) if ahead else (pair.second, pair.first)
            first[worse] += 1
            last[better] -= 1
    return [(low, max(low, high)) for low, high in zip(first, last, strict=True)]


def ties(method: int, pairs: Sequence[Pair]) -> list[int]:
    """Return the places of the methods that `method` is not told apart from."""
    return [
        pair.second if pair.first == method else pair.first
        for pair in pairs
        if method in (pair.first, pair.second) and not pair.apart
    ]


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution.

    Args:
        probability: Probability that t is below the quantile, above 1/2.
        freedom: Degrees of freedom.
    """
    return root(lambda t: t_within(t, freedom) - (2 * probability - 1), 0.0, 1.0)


def t_within(t: float, freedom: int) -> float:
    """Return the probability that |T| < t for t > 0 (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    terms = [
        prod((k - 1) / k for k in range(2 + odd, power + 1, 2)) * cos(angle) ** power
        for power in range(odd, freedom - 1, 2)
    ]
    series = sin(angle) * sum(terms)
    return 2 / pi * (angle + series) if odd else series


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where an increasing function crosses 0 above `low`, found by bisection to the last digits."""
    while function(high) < 0:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return high
