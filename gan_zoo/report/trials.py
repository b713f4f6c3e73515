"""The trials of a study's search: the best score that a method can be expected to reach with so many trials.

A single best score says nothing without the number of trials that it took. The expected best score of k trials is the
mean, over all ways to choose k of the n trials, of the best score among them (Dodge 2019, "Show your work", with the
unbiased estimate of Tang 2020). With the scores sorted from the best, x(1), ..., x(n), the best of k is x(i) with the
probability

    C(n - i, k - 1) / C(n, k)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, fsum, isfinite
from typing import Any

from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import plain
from gan_zoo.report.rank import Row, Table
from gan_zoo.report.sheets import Sheet
from gan_zoo.report.tables import NONE, decimals, number, protocol_line, slug

TRIAL = "trial"
"""Name of a trial's number among the settings of a run."""
COUNTS = (1, 2, 5, 10, 20, 50, 100)
"""Numbers of trials that the table shows, and the number of all trials."""
BAND = (Fraction(1, 10), Fraction(9, 10))
"""Probabilities of the quantiles between which the band lies."""


@dataclass
class Point:
    """What to expect of the best of `trials` trials."""

    trials: int
    mean: float
    low: float
    """Value that the best score exceeds with a probability of 90 %."""
    high: float


@dataclass
class Searched:
    """The trials of one method in one table."""

    label: str
    """The study's method, with those settings of its matrix that differ."""
    points: list[Point]
    """The expected best score of 1, 2, ... trials."""
    best: dict[str, Any]
    """The settings that the best trial drew."""
    failed: int
    """Number of trials that failed. They count with the worst score of the table."""


def expected_best(scores: Sequence[float], lower: bool) -> list[Point]:
    """Return what to expect of the best of 1, 2, ... and all of some trials.

    Args:
        scores: The score of each trial.
        lower: Whether lower scores are better.
    """
    best_first = sorted(scores, reverse=not lower)
    return [Point(k, *summary(best_first, chances(len(scores), k))) for k in range(1, len(scores) + 1)]


def chances(n: int, k: int) -> list[Fraction]:
    """Return the probability of each of n places, the best first, to be the best of k that are chosen at random."""
    return [Fraction(comb(n - place, k - 1), comb(n, k)) for place in range(1, n + 1)]


def summary(best_first: Sequence[float], chances: Sequence[Fraction]) -> tuple[float, float, float]:
    """Return the mean and the lower and the upper end of the band of a score with these chances."""
    mean = fsum(float(chance) * score for score, chance in zip(best_first, chances, strict=True))
    ascending = sorted(zip(best_first, chances, strict=True))
    low, high = (quantile(ascending, probability) for probability in BAND)
    return mean, low, high


def quantile(ascending: Sequence[tuple[float, Fraction]], probability: Fraction) -> float:
    """Return the smallest score that is not exceeded with `probability`, of scores with their chances."""
    total = Fraction(0)
    for score, chance in ascending:
        total += chance
        if total >= probability:
            return score
    return ascending[-1][0]


def searched(table: Table) -> list[Searched]:
    """Return the trials of each method that has at least two in a table, the best expectation of all trials first.

    The score of a trial is the mean over its seeds.
    """
    by_method: dict[str, list[Row]] = {}
    trials = [row for row in table.rows if TRIAL in some_run(row).settings]
    several = len({some_run(row).study for row in trials}) > 1
    for row in trials:
        study = f"{some_run(row).study}: " if several else ""
        by_method.setdefault(f"{study}{method(row)}", []).append(row)
    finite = [row.mean for rows in by_method.values() for row in rows if isfinite(row.mean)]
    if not finite:
        return []
    worst = max(finite) if table.lower else min(finite)
    found = [of_method(label, rows, worst, table.lower) for label, rows in by_method.items() if len(rows) > 1]
    return sorted(found, key=lambda trials: trials.points[-1].mean if table.lower else -trials.points[-1].mean)


def of_method(label: str, rows: list[Row], worst: float, lower: bool) -> Searched:
    """Return the trials of one method, whose rows are in the order of the table."""
    scores = [row.mean if isfinite(row.mean) else worst for row in rows]
    run = some_run(rows[0])
    best = {name: value for name, value in run.settings.items() if name in run.drawn}
    failed = sum(not isfinite(row.mean) for row in rows)
    return Searched(label, expected_best(scores, lower), best, failed)


def method(row: Row) -> str:
    """Return the method of a row, with the settings of its study's matrix."""
    run = some_run(row)
    fixed = {name: value for name, value in run.settings.items() if name not in run.drawn and name != TRIAL}
    return ", ".join([run.method, *(f"{name.rpartition('.')[2]}={plain(value)}" for name, value in fixed.items())])


def some_run(row: Row) -> Result:
    """Return a run of a row, finished or not."""
    return (row.runs or row.group.runs)[0]


def sheet(table: Table) -> Sheet:
    """Return the table of expected best scores, empty unless a study has searched."""
    found = searched(table)
    most = max((len(trials.points) for trials in found), default=0)
    counts = [count for count in COUNTS if count < most] + [most]
    digits = decimals([point.mean for trials in found for point in trials.points])
    rows = [
        [
            trials.label,
            str(len(trials.points)),
            *(
                number(trials.points[count - 1].mean, digits) if count <= len(trials.points) else NONE
                for count in counts
            ),
            ", ".join(f"{name} {plain(value)}" for name, value in trials.best.items()),
        ]
        for trials in found
    ]
    head = ["method", "trials", *(f"best of {count}" for count in counts), "best trial"]
    numbers = [False, True, *(True for _ in counts), False]
    failed = [f"{trials.label} {trials.failed}" for trials in found if trials.failed]
    said = [
        "The score that the best of so many trials can be expected to have, over all choices among the trials that "
        "were run. The best of all trials was chosen by its score, so it is too good for its settings."
    ]
    if failed:
        said.append(f"Trials that failed count with the worst score of the table: {', '.join(failed)}.")
    below = [f"Protocol: {protocol_line(table)}."]
    return Sheet(f"{slug(table)}-trials", f"{table.metric}, best of several trials", head, numbers, rows, said, below)


def curves(table: Table) -> dict[str, Any]:
    """Return the curves of the expected best score as places from 0 to 1, and the ends of the axis as text."""
    found = searched(table)
    if not found:
        return {}
    values = [value for trials in found for point in trials.points for value in (point.mean, point.low, point.high)]
    low, high, most = min(values), max(values), max(len(trials.points) for trials in found)
    digits = decimals(values)

    def place(count: int, value: float) -> list[float]:
        return [round((count - 1) / max(most - 1, 1), 4), round((high - value) / ((high - low) or 1), 4)]

    lines = [
        {
            "label": trials.label,
            "mean": [place(point.trials, point.mean) for point in trials.points],
            "band": [place(point.trials, point.low) for point in trials.points]
            + [place(point.trials, point.high) for point in reversed(trials.points)],
        }
        for trials in found
    ]
    return {"low": number(low, digits), "high": number(high, digits), "most": most, "lines": lines}
