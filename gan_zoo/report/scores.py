"""Lines of evaluations: when they were made, and which of them may be compared."""

import json
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, TypeGuard

from gan_zoo.metrics.protocol import comparable, same

Number = int | float
"""What JSON may hold where a number is due."""
Line = dict[str, Any]
"""Of evaluations.jsonl: step, images, seconds, metric, value, interval, protocol."""
REDRAWN = "latent_seed"
"""The part of a protocol that is another where a step is scored again, so that its choice does not flatter it."""


def is_number(value: Any) -> TypeGuard[Number]:
    return type(value) in (int, float)  # True is an int to isinstance, which also takes thrice the time


def protocol(line: Line) -> dict[str, Any]:
    """The conditions of an evaluation; empty if it does not say."""
    said = line.get("protocol")
    return said if isinstance(said, dict) else {}


def kind(metric: Any, conditions: dict[str, Any]) -> str:
    """What may be compared with each other: equal text, equal score and comparable protocol."""
    return json.dumps([metric, comparable(conditions)], sort_keys=True)


def redrawn(key: str) -> str:
    """A kind without the seed of its latents."""
    metric, conditions = json.loads(key)
    return kind(metric, {name: value for name, value in conditions.items() if name != REDRAWN})


def by_kind(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Evaluations by score and protocol, each by step. Two values of one step become a line without value."""
    found: dict[str, dict[int, Line]] = {}
    for line in lines:
        by_step = found.setdefault(kind(line.get("metric"), protocol(line)), {})
        by_step[line["step"]] = merged(by_step.get(line["step"], line), line)
    return {key: [line for _, line in sorted(lines.items())] for key, lines in found.items()}


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
    """The best of the lines that hold a number; of equal ones the first."""
    return (min if lower else max)((line for line in lines if is_number(line.get("value"))), key=lambda x: x["value"])


def timed(evaluations: Iterable[Line], metrics: list[Line]) -> list[Line]:
    """Lines with the seconds of training at their steps, taken from the lines of metrics around them."""
    known = [(line["step"], line["seconds"]) for line in metrics if is_number(line.get("seconds"))]
    return [line | {"seconds": at(line["step"], known) if has_step(line) else None} for line in evaluations]


def at(step: int, known: list[tuple[int, Number]]) -> Number | None:
    """What `known` has at `step`, on the line between the two known steps around it, from (0, 0) on.

    Past the last one it is that one; None if nothing is known.
    """
    place = bisect_left(known, step, key=lambda pair: pair[0])
    if step <= 0:
        return 0.0
    if place == len(known):
        return known[-1][1] if known else None
    (first, begun), (second, ended) = known[place - 1] if place else (0, 0), known[place]
    return ended if second == step else round(begun + (step - first) / (second - first) * (ended - begun), 3)
