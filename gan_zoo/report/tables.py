"""Make sheets of the results: the ranking of each score, its comparisons of pairs, and methods x data."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from math import isfinite
from typing import NamedTuple

from gan_zoo.metrics import names
from gan_zoo.metrics.protocol import BASELINES
from gan_zoo.report import seeds
from gan_zoo.report.certainty import standing
from gan_zoo.report.rank import HASHES, Row, Table, budget
from gan_zoo.report.scores import Number, kind
from gan_zoo.report.sheets import Sheet

NONE = "–"
"""The text of an empty cell."""
OF_DATA = ("data", "data_fingerprint", "real")
"""The parts of a protocol that name the real images."""


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
    digits = decimals([row.mean for row in table.rows])
    rows = [[column.text(row, digits) for column in COLUMNS] for row in table.rows]
    sheet = Sheet(
        name=slug(table),
        title=table.metric,
        head=[column.name for column in COLUMNS],
        numbers=[column.number for column in COLUMNS],
        rows=rows,
        above=above(table),
        below=[f"Protocol: {protocol_line(table)}.", *(f"Paper: {line}." for line in paper_lines(table))],
        listed=[f"not ranked: {run.name}: {why}{f': {run.error}' if run.error else ''}" for run, why in table.unranked],
    )
    return sheet.without(silent(table, sheet))


def silent(table: Table, sheet: Sheet) -> set[str]:
    """Return the columns that are empty, or whose values are clear without them."""
    columns = dict(zip(sheet.head, zip(*sheet.rows, strict=True), strict=False))
    unneeded = {name for name, cells in columns.items() if set(cells) <= {NONE}}
    if all(row.steps == row.best_steps for row in table.rows):
        unneeded.add("best step")
    if not labels(table):
        unneeded.add("labels")
    return unneeded | ({"status"} if set(columns.get("status", ())) <= {"finished"} else set())


def above(table: Table) -> list[str]:
    """Return the sentences that a reader needs before the numbers."""
    better = f"{names.title(table.metric)}, {names.direction(table.metric)} is better."
    sentences = [f"{better} Budget: {equal}." if (equal := budget(table)) else better]
    if table.differs:
        sentences.append(f"Apart from the first table: {table.differs}.")
    if baseline := BASELINES.get(str(table.protocol.get("weights"))):
        sentences.append(f"No model made these: {baseline}, beside the scores of the runs named.")
    warnings = [(row.group.label, names.suspicion(table.metric, row.mean)) for row in table.rows]
    sentences += [f"{label}: {warning}" for label, warning in warnings if warning]
    return [*sentences, *filter(None, [standing(table), labels(table)])]


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


def pairs(table: Table) -> Sheet:
    """Return the comparison of every two methods of a ranking, with its p-values."""
    digits = 3 if table.test.logs else decimals([row.mean for row in table.rows])
    rows = [[*names_of(table, pair), *comparison(table, pair, digits)] for pair in table.pairs]
    effect = "ratio of means" if table.test.logs else "difference of means"
    head = ("method", "and", effect, "95 % interval", "seeds", "p", "adjusted p", "first better", "verdict")
    numbers = (False, False, True, True, True, True, True, True, False)
    what = "geometric mean divided by" if table.test.logs else "mean less"
    said = (
        f"The first method's {what} the second's; its interval and p are of this pair alone, the adjusted p of all "
        "pairs together (Holm), and the verdict follows from it. First better: how probably a run of the first is "
        "better than a run of the second, with the bootstrap's 95 % interval."
    )
    return Sheet(f"{slug(table)}-pairs", f"{table.metric}, pair by pair", head, numbers, rows, [said])


def names_of(table: Table, pair: seeds.Pair) -> list[str]:
    """Return the names of the two methods of a pair."""
    return [table.rows[place].group.label for place in (pair.first, pair.second)]


def comparison(table: Table, pair: seeds.Pair, digits: int) -> list[str]:
    """Return the cells of one pair, after the methods' names."""
    a, b = (table.rows[place].scores for place in (pair.first, pair.second))
    better = seeds.improvement(a, b, table.lower)
    same = pair.seeds[0] == pair.seeds[1]
    verdict = "apart" if pair.apart else "not told apart" if pair.p is not None else "too few seeds"
    return [
        number(pair.effect, digits),
        interval(pair.interval, digits),
        str(pair.seeds[0]) if same else f"{pair.seeds[0]} and {pair.seeds[1]}",
        probability(pair.p),
        probability(pair.adjusted),
        NONE if better is None else f"{better[0]:.2f} ({better[1][0]:.2f} to {better[1][1]:.2f})",
        verdict,
    ]


def probability(value: float | None) -> str:
    """Return `0.034`, or `< 0.001`."""
    return NONE if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def families(tables: Sequence[Table]) -> list[list[Table]]:
    """Return the tables of each score that was measured by the same protocol on several data sets."""
    alike: dict[str, list[Table]] = {}
    for table in tables:
        conditions = {name: value for name, value in table.protocol.items() if name not in OF_DATA}
        alike.setdefault(kind(table.metric, conditions), []).append(table)
    return [family for family in alike.values() if len({table.protocol.get("data") for table in family}) > 1]


def matrix(family: list[Table]) -> Sheet:
    """Return the table of mean, spread and rank of each method on each data set; ranks are within the column."""
    short_names = {row.group.short for table in family for row in table.rows}
    unique = all(len({row.group.short for row in table.rows}) == len(table.rows) for table in family)
    labels = sorted(short_names if unique else {row.group.label for table in family for row in table.rows})
    rows = []
    for label in labels:
        matches = [
            [row for row in table.rows if label == (row.group.short if unique else row.group.label)] for table in family
        ]
        cells = (cell(row[0], table) if row else NONE for row, table in zip(matches, family, strict=True))
        rows.append([label, *cells])
    head = ["method", *(str(table.protocol.get("data", "?")) for table in family)]
    explanation = (
        "Mean ± spread over seeds, in brackets the rank within the column: scores against unlike data are not compared."
    )
    title = f"{family[0].metric} by data"
    better = f"{names.direction(family[0].metric).capitalize()} is better. {explanation}"
    return Sheet(f"{slug(family[0])}-by-data", title, head, [False] + [True] * len(family), rows, [better])


def cell(row: Row, table: Table) -> str:
    """Return mean, spread and rank of one method on one data set: `21.7 ± 0.3 (2)`."""
    digits = decimals([other.mean for other in table.rows])
    spread = f" ± {number(row.spread, digits)}" if row.spread is not None else ""
    return f"{number(row.mean, digits)}{spread} ({ranks(row)})"


def slug(table: Table) -> str:
    """Return a name for files, which is unique to the score and protocol of the table."""
    sign = f"-{sha256(table.key.encode()).hexdigest()[:6]}" if table.differs else ""
    return re.sub(r"\W+", "-", table.metric).strip("-") + sign


def decimals(means: Sequence[float]) -> int:
    """Return the number of decimals that shows at least three digits of the smallest mean."""
    smallest = min((abs(mean) for mean in means if isfinite(mean)), default=0.0)
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
