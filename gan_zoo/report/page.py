"""The page: everything it shows as one JSON object, and the one template that shows it.

`describe` makes the object, `render` the page: whatever serves it (a file today, a live page later) hands over the
same data. The part of it that is drawn by script travels in the page as one block of JSON.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gan_zoo import __version__
from gan_zoo.report import curves, tables
from gan_zoo.report.collect import Result
from gan_zoo.report.details import differences, environment, run_sheet, trouble
from gan_zoo.report.grouping import Group
from gan_zoo.report.pictures import samples
from gan_zoo.report.rank import Row, Table
from gan_zoo.report.sheets import Sheet

TEMPLATES = Path(__file__).parent / "template"


def describe(heading: str, results: list[Result], groups: list[Group], ranked: list[Table]) -> dict[str, Any]:
    """All that the page shows, of JSON's types alone.

    Args:
        heading: the page's title.
        results: all runs.
        groups: the same runs by method, in the order of their colours and columns.
        ranked: the tables.
    """
    place = {run.name: number for number, one in enumerate(groups) for run in one.runs}
    panels = [curves.losses(number, one) for number, one in enumerate(groups)]
    return {
        "title": heading,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": __version__,
        "summary": summary(results, groups),
        "lead": lead(ranked),
        "groups": [one.label for one in groups],
        "matrices": [
            plain_sheet(tables.matrix(family)) | {"tables": [ranked.index(table) for table in family]}
            for family in tables.families(ranked)
        ],
        "tables": [section(table, groups, place) for table in ranked],
        "samples": samples(groups),
        "losses": [panel for panel in panels if panel["terms"]],
        "speed": curves.speed(groups),
        "events": [event | {"group": n} for n, one in enumerate(groups) for event in curves.events(one)],
        "differences": differences(groups),
        "runs": plain_sheet(run_sheet(groups)) | {"groups": [place[run.name] for one in groups for run in one.runs]},
        "troubles": [trouble(run) for run in results if run.status != "finished"],
        "environment": environment(results),
    }


def render(page: dict[str, Any], owned: dict[str, list[str]] | None = None) -> str:
    """The page as one HTML file that needs no other.

    Args:
        page: what `describe` made.
        owned: the digests of the files that belong to the page, as `owning.py` reads them again.
    """
    folder = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    drawn = {name: page[name] for name in ("losses", "speed", "samples")}
    drawn["tables"] = [table["curves"] for table in page["tables"]]
    return folder.get_template("page.html.j2").render(
        page=page, drawn=script_json(drawn), owned=json.dumps(owned or {})
    )


def script_json(value: Any) -> str:
    """JSON that can stand inside <script>: nothing in it ends the element or opens a comment."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def summary(results: list[Result], groups: list[Group]) -> str:
    """`8 runs of 4 methods, 7 finished`."""
    finished = sum(run.status == "finished" for run in results)
    runs = f"{len(results)} run{'s' * (len(results) != 1)}"
    methods = f"{len(groups)} method{'s' * (len(groups) != 1)}"
    return f"{runs} of {methods}, {'all' if finished == len(results) else finished} finished"


def lead(ranked: list[Table]) -> list[str]:
    """What the first table says, in words: method, verb, score; then how sure that is. Empty if nothing is ranked."""
    if not ranked or not ranked[0].rows:
        return []
    table, first = ranked[0], ranked[0].rows[0]
    cells = dict(zip(tables.ranking(table).head, tables.ranking(table).rows[0], strict=True))
    if len(table.rows) == 1:
        sure = ""
    elif not first.ties:
        sure = "Every other method is told apart from it."
    elif len(first.ties) == len(table.rows) - 1:
        sure = "No other method is told apart from it."
    else:
        sure = f"It is not told apart from {tables.listed(first)}."
    spread = f" ± {cells['spread']} over {cells['seeds']} seeds" if first.spread is not None else ""
    end = "lowest" if table.lower else "highest"
    return [
        first.group.label,
        f"has the {end} {table.metric} at its last step:",
        cells["mean"],
        spread,
        sure,
    ]


def section(table: Table, groups: list[Group], place: dict[str, int]) -> dict[str, Any]:
    """One ranked table with its pairs and curves."""
    sheet, labels = tables.ranking(table), [one.label for one in groups]
    columns = [column for column in tables.COLUMNS if column.name in sheet.head]
    return plain_sheet(sheet) | {
        "metric": table.metric,
        "differs": table.differs,
        "protocol": tables.protocol_line(table),
        "rows": [
            {
                "group": labels.index(row.group.label),
                "cells": [
                    {"text": text, "sort": column.value(row), "tip": tip(column.name, row, text)}
                    for column, text in zip(columns, cells, strict=True)
                ],
            }
            for row, cells in zip(table.rows, sheet.rows, strict=True)
        ],
        "unranked": [
            {"group": place[run.name], "text": text}
            for (run, _), text in zip(table.unranked, sheet.listed, strict=True)
        ],
        "papers": tables.paper_lines(table),
        "pairs": plain_sheet(tables.pairs(table)),
        "curves": curves.scores(table, groups),
    }


def tip(name: str, row: Row, text: str) -> str:
    """What is said of a score beside its protocol; empty for numbers that have none."""
    if name not in tables.SCORES or text == tables.NONE:
        return ""
    if name == "paper":
        return "; ".join(f"{one.protocol} ({one.source})" for one in row.papers)
    of_steps = len(row.steps) == len(row.runs)  # images of others have none
    runs = [f"{run.name} step {row.steps[place]:,}" if of_steps else run.name for place, run in enumerate(row.runs)]
    return f"{row.group.label}: {', '.join(runs[:6])}{' ...' * (len(runs) > 6)}"


def plain_sheet(sheet: Sheet) -> dict[str, Any]:
    """A table as JSON."""
    head: Sequence[dict[str, Any]] = [
        {"name": name, "number": number} for name, number in zip(sheet.head, sheet.numbers, strict=True)
    ]
    return {
        **{"name": sheet.name, "title": sheet.title, "head": head, "rows": sheet.rows},
        **{"above": sheet.above, "below": sheet.below},
    }
