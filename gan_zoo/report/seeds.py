"""What a few seeds can tell: intervals of means, and which methods are told apart.

Methods are compared in pairs, seed by seed: equal seeds share the order of the data and the latents that are scored,
so their difference is steadier than either score. Two methods are apart if the 95 % interval of the mean difference
(Student 1908) excludes 0. A method's ranks are those that are left to it: behind all that are shown to be better and
before all that are shown to be worse, so methods that are not told apart share them. Intervals are of one pair each:
with many methods some pair will look apart by chance.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import atan, cos, pi, prod, sin, sqrt
from statistics import fmean, stdev

LEAST = 3
"""Common seeds below which nothing is told apart."""
LEVEL = 0.95
Interval = tuple[float, float]
Scores = Mapping[tuple[Hashable, str], float]
"""A method's score for each seed and block; a block is what else the runs were trained with, alike for both methods."""


@dataclass(frozen=True)
class Pair:
    """Two methods compared: `difference` is the first's score less the second's, over their common seeds."""

    first: int
    second: int
    """Places in the list of methods."""
    seeds: int
    difference: float | None
    """Mean; None without a common seed."""
    interval: Interval | None
    """None under LEAST common seeds."""

    @property
    def apart(self) -> bool:
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % interval of the mean of independent values; None for fewer than two."""
    if len(values) < 2:
        return None
    mean, half = fmean(values), t_quantile((1 + LEVEL) / 2, len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean - half, mean + half


def compare(methods: Sequence[Scores]) -> list[Pair]:
    """Every two methods."""
    return [pair(methods, a, b) for a in range(len(methods)) for b in range(a + 1, len(methods))]


def pair(methods: Sequence[Scores], first: int, second: int) -> Pair:
    a, b = methods[first], methods[second]
    apart = by_seed({cell: a[cell] - b[cell] for cell in a if cell in b})
    interval = mean_interval(apart) if len(apart) >= LEAST else None
    return Pair(first, second, len(apart), fmean(apart) if apart else None, interval)


def by_seed(scores: Scores) -> list[float]:
    """The mean of each seed's blocks: runs of one seed are not independent."""
    found: dict[Hashable, list[float]] = {}
    for (seed, _), value in scores.items():
        found.setdefault(seed, []).append(value)
    return [fmean(values) for values in found.values()]


def ranks(count: int, pairs: Sequence[Pair], lower_is_better: bool) -> list[tuple[int, int]]:
    """For each of `count` methods, the first and the last rank that it may have."""
    first, last = [1] * count, [count] * count
    for one in pairs:
        if one.apart and one.difference:
            ahead = (one.difference < 0) == lower_is_better
            better, worse = (one.first, one.second) if ahead else (one.second, one.first)
            first[worse] += 1
            last[better] -= 1
    return [(low, max(low, high)) for low, high in zip(first, last, strict=True)]


def ties(method: int, pairs: Sequence[Pair]) -> list[int]:
    """The methods that one is not told apart from."""
    return [p.second if p.first == method else p.first for p in pairs if method in (p.first, p.second) and not p.apart]


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """The value that Student's t with so many degrees of freedom stays below with a probability above one half."""
    return root(lambda t: t_within(t, freedom) - (2 * probability - 1), 0.0, 1.0)


def t_within(t: float, freedom: int) -> float:
    """Probability that |T| < t, t > 0 (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    terms = [
        prod((k - 1) / k for k in range(2 + odd, power + 1, 2)) * cos(angle) ** power
        for power in range(odd, freedom - 1, 2)
    ]
    series = sin(angle) * sum(terms)
    return 2 / pi * (angle + series) if odd else series


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where an increasing function crosses 0 above `low`, by bisection to the last digits."""
    while function(high) < 0:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return high
