"""What a few seeds can tell: intervals of means, ranks, and the smallest difference that could have been shown.

Ranks follow from the tests of ttest.py alone: a method is behind all that are shown to be better and before all that
are shown to be worse, so methods that are not told apart share ranks.
"""

from collections.abc import Sequence
from math import exp, inf, sqrt
from statistics import fmean

from gan_zoo.report.ttest import (
    ALPHA,
    LEAST,
    LEVEL,
    Comparison,
    Interval,
    Pair,
    Scores,
    by_seed,
    compare,
    quantile,
    sample,
)

FEW = 5
"""Seeds below which ranks are called exploratory."""
WORST = {True: inf, False: -inf}
"""The score of a run that failed, by whether lower values are better."""


def suits_logs(methods: Sequence[Scores], lower_is_better: bool) -> bool:
    """Return whether all scores are distances above 0."""
    return lower_is_better and all(value > 0 for scores in methods for value in scores.values())


def mean_interval(values: Sequence[float], logs: bool = False) -> Interval | None:
    """Return the 95 % interval of the mean of independent values, or with `logs` of their geometric mean.

    None for fewer than two values.
    """
    if len(values) < 2:
        return None
    seen = sample({(place, ""): value for place, value in enumerate(values)}, logs)
    half = quantile((1 + LEVEL) / 2, len(values) - 1.0) * seen.error
    low, high = seen.mean - half, seen.mean + half
    return (exp(low), exp(high)) if logs else (low, high)


def smallest_difference(methods: Sequence[Scores], test: Comparison) -> float | None:
    """Return the smallest effect that these seeds could have shown between the first two methods to be told apart.

    It is the ratio of two means, or their difference, whose adjusted p-value is 5 % at the usual number of seeds and at
    the mean variance of the methods. None if no method has two seeds.
    """
    repeated = [one for one in (sample(scores, test.logs) for scores in methods) if len(one.values) > 1]
    if not repeated:
        return None
    count = sorted(len(one.values) for one in repeated)[len(repeated) // 2]
    pairs = len(methods) * (len(methods) - 1) / 2
    factor = quantile(1 - ALPHA / 2 / pairs, 2.0 * count - 2)
    least = factor * sqrt(fmean(one.variance for one in repeated) * 2 / count)
    return exp(least) if test.logs else least


def ranks(
    count: int, pairs: Sequence[Pair], lower_is_better: bool, failed: Sequence[int] = ()
) -> list[tuple[int, int]]:
    """Return for each of `count` methods the first and the last rank that it may have.

    `failed` are the methods of which no seed has a score: they share the last ranks.
    """
    first, last = [1] * count, [count - len(failed)] * count
    for one in pairs:
        if one.apart:
            ahead = one.first_is_lower == lower_is_better
            better, worse = (one.first, one.second) if ahead else (one.second, one.first)
            first[worse] += 1
            last[better] -= 1
    for method in failed:
        first[method], last[method] = count - len(failed) + 1, count
    return [(low, max(low, high)) for low, high in zip(first, last, strict=True)]


def ties(method: int, pairs: Sequence[Pair], failed: Sequence[int] = ()) -> list[int]:
    """Return the methods that `method` is not told apart from."""
    others = [
        p.second if p.first == method else p.first for p in pairs if method in (p.first, p.second) and not p.apart
    ]
    return [other for other in others if (other in failed) == (method in failed)]


def improvement(a: Scores, b: Scores, lower_is_better: bool) -> tuple[float, Interval] | None:
    """Return how probably a run of `a` is better than a run of `b`, and its 95 % interval (Agarwal 2021).

    It is the share of all pairs of their seeds; equal scores count half, and a run that failed is worse than any other.
    The interval is the percentile bootstrap's, 2,000 times with seed 0. None for fewer than two seeds of either.
    """
    import numpy

    first, second = (numpy.array(list(by_seed(scores).values())) for scores in (a, b))
    if min(len(first), len(second)) < 2:
        return None
    wins = (first[:, None] < second) if lower_is_better else (first[:, None] > second)
    share = wins + 0.5 * (first[:, None] == second)
    draw = numpy.random.default_rng(0)
    rows = draw.integers(len(first), size=(2000, len(first), 1))
    columns = draw.integers(len(second), size=(2000, 1, len(second)))
    low, high = numpy.quantile(share[rows, columns].mean((1, 2)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(share.mean()), (float(low), float(high))


__all__ = ["ALPHA", "FEW", "LEAST", "LEVEL", "WORST", "Comparison", "Interval", "Pair", "Scores", "by_seed", "compare"]
