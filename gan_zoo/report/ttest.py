"""Two methods compared by a t-test, and the p-values of many pairs adjusted together.

Welch's test (Welch 1947) allows each method its own variance. Of distances the logarithms are compared, since they vary
in proportion to their size. The p-values of all pairs are adjusted by Holm's procedure (Holm 1979): if no method
differs, the chance that any pair is called different is 5 %.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, fsum, isfinite, log, sqrt
from statistics import fmean

LEAST = 3
"""Seeds of each method below which no test is made."""
LEVEL = 0.95
"""Of all intervals."""
ALPHA = 0.05
"""Adjusted p-values below it tell two methods apart."""
Interval = tuple[float, float]
Scores = Mapping[tuple[Hashable, str], float]
"""A method's score for each seed and block; a block is what else the runs were trained with, alike for both methods.
A run that failed has the worst score there is, an infinite one."""


@dataclass(frozen=True)
class Pair:
    """Two methods compared, by their places in the list of methods."""

    first: int
    second: int
    seeds: tuple[int, int]
    """Finished seeds of each method that took part."""
    effect: float | None = None
    """The first's mean divided by the second's (geometric means), or less the second's; None without a score."""
    interval: Interval | None = None
    """Of the effect, 95 %, for this pair alone; None under LEAST seeds."""
    p: float | None = None
    """Of the test, for this pair alone; None under LEAST seeds."""
    adjusted: float | None = None
    """The p-value adjusted for all pairs of the table."""
    first_is_lower: bool = False

    @property
    def apart(self) -> bool:
        return self.adjusted is not None and self.adjusted < ALPHA


@dataclass(frozen=True)
class Sample:
    """The values of a method's seeds."""

    values: Mapping[Hashable, float]
    failed: float = 0.0
    """Share of the method's seeds that failed."""

    @cached_property
    def mean(self) -> float:
        return fmean(self.values.values())

    @cached_property
    def variance(self) -> float:
        return fsum((value - self.mean) ** 2 for value in self.values.values()) / (len(self.values) - 1)

    @cached_property
    def error(self) -> float:
        """Standard error of the mean."""
        return sqrt(self.variance / len(self.values))

    def only(self, seeds: Sequence[Hashable]) -> "Sample":
        return Sample({seed: self.values[seed] for seed in seeds}, self.failed)


@dataclass(frozen=True)
class Comparison:
    """How the methods of a table are compared."""

    lower_is_better: bool = True
    logs: bool = False
    """Whether logarithms are compared."""
    paired: bool = False
    """Whether scores are compared seed by seed."""


def compare(methods: Sequence[Scores], test: Comparison) -> list[Pair]:
    """Compare every two methods, and adjust the p-values of all pairs together."""
    every = [sample(scores, test.logs) for scores in methods]
    pairs = [pair(every, a, b, test) for a in range(len(methods)) for b in range(a + 1, len(methods))]
    adjusted = iter(holm([pair.p for pair in pairs if pair.p is not None]))
    return [pair if pair.p is None else replace(pair, adjusted=next(adjusted)) for pair in pairs]


def pair(methods: Sequence[Sample], first: int, second: int, test: Comparison) -> Pair:
    """Compare two methods. A method of which more seeds failed is not shown to be better by those that did not."""
    a, b = methods[first], methods[second]
    if test.paired:
        common = [seed for seed in a.values if seed in b.values]
        a, b = a.only(common), b.only(common)
    seeds = len(a.values), len(b.values)
    if not all(seeds):
        return Pair(first, second, seeds)
    difference = a.mean - b.mean
    back = exp if test.logs else float
    found = Pair(first, second, seeds, back(difference), first_is_lower=difference < 0)
    if min(seeds) < LEAST:
        return found
    error, freedom = paired(a, b) if test.paired else welch(a, b)
    half = quantile((1 + LEVEL) / 2, freedom) * error
    p = two_sided(difference / error, freedom) if error else float(difference == 0)
    ahead, behind = (a, b) if found.first_is_lower == test.lower_is_better else (b, a)
    if ahead.failed > behind.failed:
        p = 1.0
    return replace(found, interval=(back(difference - half), back(difference + half)), p=p)


def sample(scores: Scores, logs: bool = False) -> Sample:
    """Return the values of a method's seeds that did not fail, or their logarithms."""
    every = by_seed(scores)
    values = {seed: log(value) if logs else value for seed, value in every.items() if isfinite(value)}
    return Sample(values, sum(not isfinite(value) for value in every.values()) / len(every) if every else 0.0)


def by_seed(scores: Scores) -> dict[Hashable, float]:
    """Return the mean of each seed's blocks, since runs of one seed are not independent."""
    found: dict[Hashable, list[float]] = {}
    for (seed, _), value in scores.items():
        found.setdefault(seed, []).append(value)
    return {seed: fmean(values) for seed, values in found.items()}


def paired(a: Sample, b: Sample) -> tuple[float, float]:
    """Return the standard error of the mean difference of two methods with equal seeds, and its degrees of freedom."""
    between = Sample({seed: value - b.values[seed] for seed, value in a.values.items()})
    return between.error, len(between.values) - 1.0


def welch(a: Sample, b: Sample) -> tuple[float, float]:
    """Return the standard error of a difference of means, and its degrees of freedom (Welch 1947)."""
    total = a.error**2 + b.error**2
    if not total:
        return 0.0, len(a.values) + len(b.values) - 2.0
    return sqrt(total), total**2 / sum(one.error**4 / (len(one.values) - 1) for one in (a, b))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many there are, in the same order (Holm 1979)."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, largest = [0.0] * len(values), 0.0
    for passed, place in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - passed) * values[place]))
        adjusted[place] = largest
    return adjusted


def quantile(probability: float, freedom: float) -> float:
    """Return the value that Student's t stays below with this probability."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def two_sided(t: float, freedom: float) -> float:
    """Return the probability of a value of Student's t at least as far from 0 as `t`."""
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))
