"""Work with lines of evaluations.jsonl: which of them may be compared, which is the best, and when it was made."""

import json
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, TypeGuard

from gan_zoo.metrics.protocol import comparable

Number = int | float
"""A number in a JSON file."""
Line = dict[str, Any]
"""One line of evaluations.jsonl: step, images, seconds, metric, value, interval, protocol."""
REDRAWN = "latent_seed"
"""The part of a protocol that changes when a best step is scored again, so that its score is not too good."""


def is_number(value: Any) -> TypeGuard[Number]:
    """Return whether `value` is an int or a float, but not a bool."""
    return type(value) in (int, float)  # isinstance takes True for an int, and is three times as slow


def protocol(line: Line) -> dict[str, Any]:
    """Return the conditions of an evaluation; empty if they were not recorded."""
    conditions = line.get("protocol")
    return conditions if isinstance(conditions, dict) else {}


def kind(metric: Any, conditions: dict[str, Any]) -> str:
    """Return the kind of a score as text. Scores of the same kind may be compared: their protocols are comparable."""
    return json.dumps([metric, comparable(conditions)], sort_keys=True)


def redrawn(key: str) -> str:
    """Return a kind without the seed of its latents."""
    metric, conditions = json.loads(key)
    return kind(metric, {name: value for name, value in conditions.items() if name != REDRAWN})


def by_kind(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Return evaluations grouped by kind and sorted by step; of several at the same step, the last counts."""
    lines_by_step: dict[str, dict[int, Line]] = {}
    for line in lines:
        lines_by_step.setdefault(kind(line.get("metric"), protocol(line)), {})[line["step"]] = line
    return {key: [line for _, line in sorted(lines.items())] for key, lines in lines_by_step.items()}


def best(lines: list[Line], lower: bool) -> Line:
    """Return the line with the best value; of equal values, the first. Lines without a number are ignored."""
    return (min if lower else max)(
        (line for line in lines if is_number(line.get("value"))), key=lambda line: line["value"]
    )


def timed(evaluations: Iterable[Line], metrics: list[Line]) -> list[Line]:
    """Return evaluations with the seconds of training at their steps, interpolated between lines of metrics."""
    points = [(line["step"], line["seconds"]) for line in metrics if is_number(line.get("seconds"))]
    return [line | {"seconds": at(line["step"], points)} for line in evaluations]


def at(step: int, points: list[tuple[int, Number]]) -> Number | None:
    """Return the value at `step`, interpolated linearly between the two nearest points.

    Args:
        step: The step.
        points: Steps and values, sorted by step. The point (0, 0) is implied.

    Returns:
        The value; after the last point its value, and None if there are no points.
    """
    place = bisect_left(points, step, key=lambda pair: pair[0])
    if step <= 0:
        return 0.0
    if place == len(points):
        return points[-1][1] if points else None
    (first, begun), (second, ended) = points[place - 1] if place else (0, 0), points[place]
    return ended if second == step else round(begun + (step - first) / (second - first) * (ended - begun), 3)
