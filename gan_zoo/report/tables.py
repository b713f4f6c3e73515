"""Make sheets of the results: the ranking of each score."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from math import isfinite
from typing import NamedTuple

from gan_zoo.metrics import names
from gan_zoo.metrics.protocol import BASELINES
from gan_zoo.report.baselines import Baseline, missing
from gan_zoo.report.certainty import standing
from gan_zoo.report.rank import HASHES, Row, Table, budget
from gan_zoo.report.scores import Number
from gan_zoo.report.sheets import Sheet

NONE = "–"
"""The text of an empty cell."""


class Column(NamedTuple):
    """One column of a ranking."""

    name: str
    text: Callable[[Row, int], str]
    """Returns the text of a row's cell, with the given number of decimals for scores."""
    value: Callable[[Row], str | Number | None]
    """Returns the value by which the page sorts the column."""
    number: bool = True


def of(row: Row) -> str:
    """Return how many of a group's runs are averaged: `3`, or `2 of 3`."""
    used, runs = len(row.runs), len(row.group.runs)
    return str(used) if used == runs else f"{used} of {runs}"


COLUMNS = (
    Column("rank", lambda row, _: ranks(row), lambda row: sum(row.ranks)),
    Column("method", lambda row, _: row.group.label, lambda row: row.group.label, number=False),
    Column("mean", lambda row, digits: number(row.mean, digits), lambda row: row.mean if isfinite(row.mean) else None),
    Column("spread", lambda row, digits: number(row.spread, digits), lambda row: row.spread),
    Column("latent spread", lambda row, digits: number(row.latent_spread, digits), lambda row: row.latent_spread),
    Column(
        "95 % interval", lambda row, digits: interval(row.interval, digits), lambda row: (row.interval or [None])[0]
    ),
    Column("seeds", lambda row, _: of(row), lambda row: len(row.runs)),
    Column("not told from", lambda row, _: listed(row), lambda row: len(row.ties), number=False),
    Column("labels", lambda row, _: ", ".join(row.labels) or NONE, lambda row: ", ".join(row.labels), number=False),
    Column("last step", lambda row, _: span(row.steps), lambda row: max(row.steps, default=None)),
    Column("best step", lambda row, _: span(row.best_steps), lambda row: max(row.best_steps, default=None)),
    Column("best, scored again", lambda row, digits: number(row.again, digits), lambda row: row.again),
    Column("images", lambda row, _: span(row.images), lambda row: max(row.images, default=None)),
    Column("time", lambda row, _: duration(row.seconds), lambda row: max(row.seconds, default=None)),
    Column("paper", lambda row, _: "; ".join(one.value for one in row.papers) or NONE, lambda row: None),
    Column("status", lambda row, _: row.group.status, lambda row: row.group.status, number=False),
)
SCORES = ("mean", "95 % interval", "best, scored again", "paper")
"""Columns whose numbers depend on a protocol."""


def ranking(table: Table) -> Sheet:
    """Return the ranked table of one score and protocol, without the columns that `silent` names."""
    sheet = whole(table)
    return sheet.without(silent(table, sheet))


def whole(table: Table) -> Sheet:
    """Return the ranked table of one score and protocol with all columns."""
    digits = decimals([row.mean for row in table.rows])
    rows = [[column.text(row, digits) for column in COLUMNS] for row in table.rows]
    return Sheet(
        name=slug(table),
        title=table.metric,
        head=[column.name for column in COLUMNS],
        numbers=[column.number for column in COLUMNS],
        rows=rows,
        aside=[aside(baseline) for baseline in table.aside],
        above=above(table),
        below=[
            *beside(table),
            f"Protocol: {protocol_line(table)}.",
            *(f"Paper: {line}." for line in paper_lines(table)),
        ],
        listed=[f"not ranked: {run.name}: {why}{f': {run.error}' if run.error else ''}" for run, why in table.unranked],
    )


def best_rows(table: Table) -> list[int]:
    """Return the rows whose mean reads like the best one; none if there is nothing to compare."""
    digits = decimals([row.mean for row in table.rows])
    means = [number(row.mean, digits) for row in table.rows]
    if len(means) < 2 or not isfinite(table.rows[0].mean):
        return []
    return [place for place, text in enumerate(means) if text == means[0]]


def beside(table: Table) -> list[str]:
    """Return a sentence for each row that is no method, or why there is none."""
    return [*(baseline.meaning for baseline in table.aside), *filter(None, [missing(table.runs, table.aside)])]


def aside(baseline: Baseline) -> list[str]:
    """Return the row of images that no method made: a name and a score, and no rank."""
    digits = decimals([baseline.value])
    texts = {
        "method": baseline.name,
        "mean": number(baseline.value, digits),
        "95 % interval": interval(baseline.interval, digits),
    }
    return [texts.get(column.name, NONE) for column in COLUMNS]


def silent(table: Table, sheet: Sheet) -> set[str]:
    """Return the columns that are empty, or whose values are clear without them."""
    columns = dict(zip(sheet.head, zip(*sheet.rows, strict=True), strict=False))
    unneeded = {name for name, cells in columns.items() if set(cells) <= {NONE}}
    if all(row.steps == row.best_steps for row in table.rows):
        unneeded.add("best step")
    if not labels(table):
        unneeded.add("labels")
    return unneeded | ({"status"} if set(columns.get("status", ())) <= {"finished"} else set())


def better(table: Table) -> str:
    """Return the name of a table's score and which values are better."""
    return f"{names.title(table.metric)}, {names.direction(table.metric)} is better"


def above(table: Table) -> list[str]:
    """Return the sentences that a reader needs before the numbers."""
    equal = budget(table)
    return [f"{better(table)}. Budget: {equal}." if equal else f"{better(table)}.", *reservations(table)]


def reservations(table: Table) -> list[str]:
    """Return how certain a table is, and what is odd about it."""
    sentences = [f"Apart from the first table: {table.differs}."] if table.differs else []
    if baseline := BASELINES.get(str(table.protocol.get("weights"))):
        sentences.append(f"No model made these: {baseline}, beside the scores of the runs named.")
    return [*sentences, *suspicions(table), *filter(None, [standing(table), labels(table)])]


def suspicions(table: Table) -> list[str]:
    """Return a sentence for each method whose score shows that something is wrong, such as copies of real images."""
    warnings = [(row.group.label, names.suspicion(table.metric, row.mean)) for row in table.rows]
    return [f"{label}: {warning}" for label, warning in warnings if warning]


def labels(table: Table) -> str:
    """Return a note on how classes were drawn if the models of a table differ in that; otherwise empty."""
    if len({label for row in table.rows for label in row.labels}) < 2:
        return ""
    return (
        "Labels: every model as it draws by itself. uniform: it knows classes and draws each equally often, which need "
        "not be how often the real images have it; none: it knows none."
    )


def paper_lines(table: Table) -> list[str]:
    """Return a line for each number in the column `paper`, with its method, protocol and source."""
    return [
        f"{row.group.label} {paper.metric} {paper.value}, {paper.protocol} ({paper.source}); not ranked with ours"
        for row in table.rows
        for paper in row.papers
    ]


def slug(table: Table) -> str:
    """Return a name for files, which is unique to the score and protocol of the table."""
    sign = f"-{sha256(table.key.encode()).hexdigest()[:6]}" if table.differs else ""
    return re.sub(r"\W+", "-", table.metric).strip("-") + sign


def decimals(means: Sequence[float]) -> int:
    """Return the number of decimals that shows at least three digits of the smallest mean that is not 0."""
    smallest = min((abs(mean) for mean in means if isfinite(mean) and mean), default=1.0)
    return next((digits for digits, least in enumerate((1000, 100, 1, 0.1, 0.01)) if smallest >= least), 5)


def number(value: float | None, digits: int) -> str:
    """Return a score as text; `failed` where it is infinite, since no run has one."""
    if value is None:
        return NONE
    return f"{value:,.{digits}f}" if isfinite(value) else "failed"


def interval(ends: tuple[float, float] | None, digits: int) -> str:
    """Return an interval as text: `10.2 to 13.8`."""
    return NONE if ends is None else f"{ends[0]:,.{digits}f} to {ends[1]:,.{digits}f}"


def ranks(row: Row) -> str:
    """Return the ranks that a method may have: `2`, or `1–3`."""
    first, last = row.ranks
    return str(first) if first == last else f"{first}–{last}"


def listed(row: Row) -> str:
    """Return the methods that `row` is not told apart from; of four or more, two by name and the number of others."""
    labels = [group.label for group in row.ties]
    return ", ".join(labels if len(labels) < 4 else [*labels[:2], f"{len(labels) - 2} others"]) or NONE


def span(values: Sequence[Number]) -> str:
    """Return the range of `values`: `400` if they are equal, else `300–400`."""
    if not values:
        return NONE
    low, high = min(values), max(values)
    return f"{low:,.0f}" if low == high else f"{low:,.0f}–{high:,.0f}"


def duration(seconds: Sequence[Number]) -> str:
    """Return the mean duration: `31 s`, `12 min`, `2.7 h`."""
    if not seconds:
        return NONE
    mean = sum(seconds) / len(seconds)
    amount, unit = (mean, "s") if mean < 100 else (mean / 60, "min") if mean < 6000 else (mean / 3600, "h")
    return f"{amount:,.{1 if amount < 10 else 0}f} {unit}"


def protocol_line(table: Table) -> str:
    """Return all conditions of the score in one line."""
    if not table.protocol:
        return "unknown: the runs did not record it"
    ordered = sorted(table.protocol.items(), key=lambda item: item[0] in HASHES)
    return " · ".join(f"{name.replace('_', ' ')} {value}" for name, value in ordered if value is not None)
