"""Groups into ranked tables: one table for each score and protocol.

The headline is the last step's score: mean and sample standard deviation over a method's seeds, lower is better. The
best step stands beside it; it was chosen on the score itself, so it flatters. Only finished runs are averaged, unless a
method has none: then it is ranked by how far its runs are, and its status says so.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any, TypeGuard

from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, plain

Number = int | float
"""What JSON may hold where a number is due."""
HASHES = ("extractor_weights", "data_fingerprint")


@dataclass
class Row:
    """A group's place in a table."""

    rank: int
    group: Group
    runs: list[Result]
    """Those whose scores are averaged."""
    mean: float
    spread: float | None
    """Sample standard deviation over the runs; None for one run."""
    best: float
    """Mean of each run's best score."""
    steps: list[int]
    """Of the scores averaged, one a run."""
    best_steps: list[int]
    images: list[Number]
    seconds: list[Number]


@dataclass
class Table:
    """Scores of one name and one protocol."""

    metric: str
    protocol: dict[str, Any]
    """Empty: the runs did not say."""
    rows: list[Row] = field(default_factory=list)
    unranked: list[tuple[Result, str]] = field(default_factory=list)
    """Runs that are not averaged, and why."""
    differs: str = ""
    """What is unlike the first table's protocol."""


def scores(run: Result) -> dict[str, list[dict[str, Any]]]:
    """A run's evaluations that hold a number, by score and protocol; of several at one step the last, by step."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for line in run.evaluations:
        found.setdefault(kind(line), {})[line["step"]] = line
    return {key: [line for _, line in sorted(lines.items())] for key, lines in found.items()}


def kind(line: dict[str, Any]) -> str:
    """What an evaluation's line may be compared with: equal text, equal score and protocol."""
    return json.dumps([line.get("metric"), protocol(line)], sort_keys=True)


def tables(groups: list[Group]) -> list[Table]:
    """One table for each score and protocol; the one that most runs have first, of those the most images."""
    found: dict[str, list[dict[str, Any]]] = {}
    for run in (run for one in groups for run in one.runs):
        for key, lines in scores(run).items():
            found.setdefault(key, []).append(lines[-1])
    keys = sorted(found, key=lambda key: (-len(found[key]), -generated(found[key][0]), key))
    made = [table(key, found[key][0], groups) for key in keys]
    for one in made[1:]:
        one.differs = unlike(one, made[0])
    return made


def generated(line: dict[str, Any]) -> Number:
    """How many images an evaluation generated; 0 if it does not say."""
    count = protocol(line).get("generated")
    return count if is_number(count) else 0


def protocol(line: dict[str, Any]) -> dict[str, Any]:
    """The conditions of an evaluation; empty if it does not say."""
    said = line.get("protocol")
    return said if isinstance(said, dict) else {}


def table(key: str, example: dict[str, Any], groups: list[Group]) -> Table:
    """The table of one score and protocol, those of `example`, over all groups."""
    made = Table(str(example.get("metric")), protocol(example))
    for one in groups:
        scored = [(run, scores(run).get(key, [])) for run in one.runs]
        good = [(run, lines) for run, lines in scored if not refusal(run, lines)]
        averaged = [(run, lines) for run, lines in good if run.status == "finished"] or good
        if averaged:
            made.rows.append(row(one, averaged))
        names = {run.name for run, _ in averaged}
        made.unranked += [
            (run, refusal(run, lines) or f"{run.status}, {lines[-1]['value']:.4g} at step {lines[-1]['step']}")
            for run, lines in scored
            if run.name not in names
        ]
    made.rows.sort(key=lambda row: row.mean)
    for place, one in enumerate(made.rows, 1):
        one.rank = place
    return made


def refusal(run: Result, lines: list[dict[str, Any]]) -> str:
    """Why a run takes no part in a table; empty if it does."""
    if run.status == "failed":
        return "failed"
    if not lines:
        return "no such score"
    return "" if is_number(lines[-1].get("value")) else f"the score at step {lines[-1]['step']} is not a finite number"


def is_number(value: Any) -> TypeGuard[Number]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def row(one: Group, scored: list[tuple[Result, list[dict[str, Any]]]]) -> Row:
    """Mean and spread over the runs of a group."""
    last = [lines[-1] for _, lines in scored]
    best = [min((line for line in lines if is_number(line.get("value"))), key=value) for _, lines in scored]
    values = [value(line) for line in last]
    return Row(
        rank=0,
        group=one,
        runs=[run for run, _ in scored],
        mean=fmean(values),
        spread=stdev(values) if len(values) > 1 else None,
        best=fmean(map(value, best)),
        steps=[line["step"] for line in last],
        best_steps=[line["step"] for line in best],
        images=[line["images"] for line in last if is_number(line.get("images"))],
        seconds=[line["seconds"] for line in last if is_number(line.get("seconds"))],
    )


def value(line: dict[str, Any]) -> float:
    return float(line["value"])


def unlike(one: Table, first: Table) -> str:
    """`generated 500, above 10000`: each part of the protocol that is not the first table's."""
    ours, theirs = ({"score": table.metric} | table.protocol for table in (one, first))
    names = [name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name)]
    if {"extractor", "data"} & set(names):  # hashes follow
        names = [name for name in names if name not in HASHES] or names
    return "; ".join(f"{name} {plain(ours.get(name, '-'))}, above {plain(theirs.get(name, '-'))}" for name in names)


def budget(table: Table) -> str:
    """Which of steps, images and seconds the ranked methods had alike, and how far apart the others were."""
    parts: dict[str, Callable[[Row], Sequence[Number]]] = {
        "steps": lambda row: row.steps,
        "images": lambda row: row.images,
        "seconds": lambda row: row.seconds,
    }
    spans = [(name, [one for row in table.rows for one in part(row)]) for name, part in parts.items()]
    said = []
    for name, found in ((name, found) for name, found in spans if found):
        low, high = min(found), max(found)
        equal = low == high
        said.append(f"{name} equal ({high:,.0f})" if equal else f"{name} {low:,.0f} to {high:,.0f}")
    return " · ".join(said)
