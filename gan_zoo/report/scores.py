"""Work with lines of evaluations.jsonl: which of them may be compared, which is the best, and when it was made."""

import json
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, TypeGuard

from gan_zoo.metrics.protocol import comparable, same

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
    """Return evaluations grouped by kind and sorted by step. Two values of one step become a line without value."""
    lines_by_step: dict[str, dict[int, Line]] = {}
    for line in lines:
        by_step = lines_by_step.setdefault(kind(line.get("metric"), protocol(line)), {})
        by_step[line["step"]] = merged(by_step.get(line["step"], line), line)
    return {key: [line for _, line in sorted(lines.items())] for key, lines in lines_by_step.items()}


def merged(before: Line, line: Line) -> Line:
    """Return a line of a step for two; if their values differ, it holds both as `conflict` and none as `value`."""
    if "conflict" in before:
        return before
    values = [one["value"] if is_number(one.get("value")) else None for one in (before, line)]
    return line if same(*values) else line | {"value": None, "interval": None, "conflict": values}


def has_step(line: Line) -> bool:
    """Return whether a score belongs to a step of a run; images that others generated have no step and no time."""
    return not protocol(line).get("images_fingerprint")


def best(lines: list[Line], lower: bool) -> Line:
    """Return the line with the best value; of equal values, the first. Lines without a number are ignored."""
    return (min if lower else max)(
        (line for line in lines if is_number(line.get("value"))), key=lambda line: line["value"]
    )


def timed(evaluations: Iterable[Line], metrics: list[Line]) -> list[Line]:
    """Return evaluations with the seconds of training at their steps, interpolated between lines of metrics."""
    points = [(line["step"], line["seconds"]) for line in metrics if is_number(line.get("seconds"))]
    return [line | {"seconds": at(line["step"], points) if has_step(line) else None} for line in evaluations]


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


def own_interval(line: Line) -> tuple[float, float] | None:
    """Return the interval that was computed with a score, or None."""
    ends = line.get("interval")
    if isinstance(ends, list) and len(ends) == 2 and all(is_number(end) for end in ends):
        return float(ends[0]), float(ends[1])
    return None
