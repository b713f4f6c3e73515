"""Make the page: `describe` collects everything that it shows in one object, `render` fills the template with it.

The object has JSON's types only, so that any other program could show it. The curves and samples, which a script draws
in the browser, are stored in the page as one block of JSON.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gan_zoo import __version__
from gan_zoo.report import curves, dots, tables
from gan_zoo.report.collect import Result
from gan_zoo.report.details import differences, environment, run_sheet, trouble
from gan_zoo.report.grouping import Group
from gan_zoo.report.pictures import Link, linked, samples
from gan_zoo.report.rank import Row, Table
from gan_zoo.report.sheets import Sheet

TEMPLATES = Path(__file__).parent / "template"


def describe(
    heading: str, results: list[Result], groups: list[Group], ranked: list[Table], link: Link | None = None
) -> dict[str, Any]:
    """Return everything that the page shows, in JSON's types only.

    Args:
        heading: Title of the page.
        results: All runs.
        groups: The same runs in groups, in the order of their colours and columns.
        ranked: The ranked tables.
        link: Returns the address of a picture, for a page that a server shows; None puts pictures into the page.
    """
    group_numbers = {run.name: number for number, group in enumerate(groups) for run in group.runs}
    panels = [curves.losses(number, group) for number, group in enumerate(groups)]
    return {
        "title": heading,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": __version__,
        "summary": summary(results, groups),
        "lead": lead(ranked),
        "groups": [group.label for group in groups],
        "matrices": [
            plain_sheet(tables.matrix(family)) | {"tables": [ranked.index(table) for table in family]}
            for family in tables.families(ranked)
        ],
        "tables": [section(table, groups, group_numbers) for table in ranked],
        "samples": linked(groups, link) if link else samples(groups),
        "losses": [panel for panel in panels if panel["terms"]],
        "speed": curves.speed(groups),
        "events": [event | {"group": number} for number, group in enumerate(groups) for event in curves.events(group)],
        "differences": differences(groups),
        "runs": plain_sheet(run_sheet(groups))
        | {"groups": [group_numbers[run.name] for group in groups for run in group.runs]},
        "troubles": [trouble(run) for run in results if run.status != "finished"],
        "environment": environment(results),
    }


def render(
    page: dict[str, Any], owned: dict[str, list[str]] | None = None, live: dict[str, dict[str, Any]] | None = None
) -> str:
    """Return the page as HTML that needs no other file, or the page of a server that goes on as the runs do.

    Args:
        page: The object that `describe` returns.
        owned: Digests of the files that belong to the page. `owning.py` reads them when the report is made again.
        live: For the page of a server, the name of each run and the cursor from which the page reads on, by id.
    """
    script_data = {name: page[name] for name in ("losses", "speed", "samples")}
    script_data["tables"] = [table["curves"] for table in page["tables"]]
    if live:
        script_data["live"] = live
    return (
        templates()
        .get_template("page.html.j2")
        .render(page=page, drawn=script_json(script_data), owned=json.dumps(owned or {}), live=bool(live))
    )


@cache
def templates() -> Environment:
    """Return the templates of the report, which are those of the dashboard too."""
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def script_json(value: Any) -> str:
    """Return `value` as JSON that is safe inside <script>: no text in it ends the element or opens a comment."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def summary(results: list[Result], groups: list[Group]) -> str:
    """Return the summary of all runs: `8 runs of 4 methods, 7 finished`."""
    finished = sum(run.status == "finished" for run in results)
    runs = f"{len(results)} run{'s' * (len(results) != 1)}"
    methods = f"{len(groups)} method{'s' * (len(groups) != 1)}"
    return f"{runs} of {methods}, {'all' if finished == len(results) else finished} finished"


def lead(ranked: list[Table]) -> list[str]:
    """Return the result of the first table in words; empty if nothing is ranked.

    The parts are the method, what it achieves, its score, the spread over seeds, and how certain the result is.
    """
    if not ranked or not ranked[0].rows:
        return []
    table, first = ranked[0], ranked[0].rows[0]
    cells = dict(zip(tables.ranking(table).head, tables.ranking(table).rows[0], strict=True))
    if len(table.rows) == 1:
        certainty = ""
    elif not first.ties:
        certainty = "Every other method is told apart from it."
    elif len(first.ties) == len(table.rows) - 1:
        certainty = "No other method is told apart from it."
    else:
        certainty = f"It is not told apart from {tables.listed(first)}."
    spread = f" ± {cells['spread']} over {cells['seeds']} seeds" if first.spread is not None else ""
    best_end = "lowest" if table.lower else "highest"
    return [
        first.group.label,
        f"has the {best_end} {table.metric} at its last step:",
        cells["mean"],
        spread,
        certainty,
    ]


def section(table: Table, groups: list[Group], group_numbers: dict[str, int]) -> dict[str, Any]:
    """Return what the page shows of one ranked table, with its comparisons of pairs and its curves."""
    sheet, labels = tables.ranking(table), [group.label for group in groups]
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
            {"group": group_numbers[run.name], "text": text}
            for (run, _), text in zip(table.unranked, sheet.listed, strict=True)
        ],
        "papers": tables.paper_lines(table),
        "dots": readable(dots.strip(table), table),
        "pairs": plain_sheet(tables.pairs(table)),
        "curves": curves.scores(table, groups),
    }


def readable(strip: dict[str, Any], table: Table) -> dict[str, Any]:
    """Return the dots of a table with the ends of the axis as text."""
    digits = tables.decimals([row.mean for row in table.rows])
    return strip | {end: tables.number(strip[end], digits) for end in ("low", "high")} if strip else {}


def tip(name: str, row: Row, text: str) -> str:
    """Return the tooltip of a score, which the page shows with the protocol; empty for numbers without a protocol."""
    if name not in tables.SCORES or text == tables.NONE:
        return ""
    if name == "paper":
        return "; ".join(f"{paper.protocol} ({paper.source})" for paper in row.papers)
    of_steps = len(row.steps) == len(row.runs)  # images of others have none
    runs = [f"{run.name} step {row.steps[place]:,}" if of_steps else run.name for place, run in enumerate(row.runs)]
    return f"{row.group.label}: {', '.join(runs[:6])}{' ...' * (len(runs) > 6)}"


def plain_sheet(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as an object of JSON's types."""
    head: Sequence[dict[str, Any]] = [
        {"name": name, "number": number} for name, number in zip(sheet.head, sheet.numbers, strict=True)
    ]
    return {
        **{"name": sheet.name, "title": sheet.title, "head": head, "rows": sheet.rows},
        **{"above": sheet.above, "below": sheet.below},
    }
