"""The tables of a paper: few columns, the protocol in the caption, the best mean in bold, and notes below."""

import re
from collections.abc import Sequence
from dataclasses import replace

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.report import matrix, pairs, tables, trials
from gan_zoo.report.rank import HASHES, Table, budget
from gan_zoo.report.scores import is_number
from gan_zoo.report.sheets import Sheet

HEAD = [column.name for column in tables.COLUMNS]
COLUMNS = ("rank", "method", "mean", "spread", "95 % interval", "seeds", "paper")
"""Columns of a table in a paper, unless others are named."""
DEFAULTS = {"batch_norm": "eval", "truncation": 1, "labels": "own", "dtype": "float32", "resize": "none"}
"""Values of a protocol's fields that a caption does not mention."""


def sheets(ranked: list[Table], columns: Sequence[str] = ()) -> list[Sheet]:
    """Return the tables of a paper: methods x data where there are several data sets, then each ranking.

    Where a study searched, the best of several trials stand in place of the ranking of every trial.
    """
    searches = [trials.sheet(table) for table in ranked]
    rankings = [
        of_trials(found, table) if found.rows else ranking(table, columns)
        for found, table in zip(searches, ranked, strict=True)
    ]
    compared = [table for found, table in zip(searches, ranked, strict=True) if not found.rows]
    return [*map(matrix.matrix, matrix.families(compared)), *rankings]


def of_trials(sheet: Sheet, table: Table) -> Sheet:
    """Return the best of several trials with a caption for a paper."""
    what = f"Score to expect of the best of so many trials. {tables.better(table)}."
    return replace(sheet, caption=f"{what} Protocol: {short_protocol(table)}.", notes=sheet.above[1:])


def ranking(table: Table, columns: Sequence[str] = ()) -> Sheet:
    """Return the ranked table with the columns for a paper: those named, or those of `COLUMNS` that say something.

    Args:
        table: The table.
        columns: Columns by the names in `words`.

    Raises:
        Mistake: There is no such column.
    """
    known = words()
    for column in columns:
        if column not in known:
            raise Mistake(f"No column is called {column}{closest(column, known)}: there are {', '.join(known)}.")
    sheet = replace(
        tables.whole(table),
        caption=caption(table),
        notes=notes(table),
        comments=[table.metric, f"Protocol: {tables.protocol_line(table)}."],
        bold={(place, HEAD.index("mean")) for place in tables.best_rows(table)},
    )
    shown = [known[column] for column in columns]
    return sheet.only(shown or [name for name in COLUMNS if name not in tables.silent(table, sheet)])


def comparisons(table: Table) -> Sheet:
    """Return the comparison of every two methods without the columns that a paper has no room for."""
    sheet = pairs.pairs(table)
    return sheet.only([name for name in sheet.head if name not in ("seeds", "p", "first better", "verdict")])


def caption(table: Table) -> str:
    """Return the name of the score, which values are better, and the protocol."""
    bold = ", the best mean in bold" if tables.best_rows(table) else ""
    return f"{tables.better(table)}{bold}. Protocol: {short_protocol(table)}."


def notes(table: Table) -> list[str]:
    """Return what a paper says below a table: the budget, and what a reader needs to judge the numbers."""
    equal = budget(table)
    papers = [f"Paper: {line}." for line in tables.paper_lines(table)]
    return [*([f"Budget: {equal}."] if equal else []), *tables.reservations(table), *tables.beside(table), *papers]


def words() -> dict[str, str]:
    """Return the names of the columns by the words that `--columns` takes: `best-step` for `best step`."""
    return {re.sub(r"\W+", "-", name.removeprefix("95 % ")): name for name in HEAD}


def short_protocol(table: Table) -> str:
    """Return the conditions of the score as a caption states them: without hashes and usual values."""
    if not table.protocol:
        return "unknown"
    shown = {name: value for name, value in table.protocol.items() if name not in HASHES and value not in (None, "")}
    parts = [(name, value) for name, value in shown.items() if DEFAULTS.get(name) != value]
    return ", ".join(f"{name.replace('_', ' ')} {f'{value:,}' if is_number(value) else value}" for name, value in parts)
