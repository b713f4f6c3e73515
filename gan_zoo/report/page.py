"""The page: everything it shows as one dictionary, and the one template that shows it.

The template gets `page` and nothing else, so that whatever serves it (a file today, a live page later) hands over the
same data. The part of it that is drawn by script travels in the page as one block of JSON.
"""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from gan_zoo import __version__
from gan_zoo.report import rank, tables
from gan_zoo.report.collect import Result
from gan_zoo.report.curves import curves, losses
from gan_zoo.report.grouping import Group, differing, plain
from gan_zoo.report.rank import Table

GRID_ROWS = 5
ENVIRONMENT = ("device", "devices", "threads", "host", "git")


def describe(heading: str, results: list[Result], groups: list[Group], ranked: list[Table]) -> dict[str, Any]:
    """All that the page shows.

    Args:
        heading: the page's title.
        results: all runs.
        groups: the same runs by method.
        ranked: the tables.
    """
    groups = best_first(groups, ranked)
    place = {run.name: number for number, one in enumerate(groups) for run in one.runs}
    sections = [section(table, groups, place) for table in ranked]
    return {
        "title": heading,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": __version__,
        "summary": summary(results, groups),
        "lead": lead(ranked),
        "groups": [one.label for one in groups],
        "head": tables.HEAD,
        "numbers": tables.NUMBERS,
        "tables": sections,
        "grids": grid_rows(groups),
        "losses": [panel for number, one in enumerate(groups) if (panel := losses(number, one))["terms"]],
        "differences": differences(groups),
        "runs": [run_row(run, place[run.name]) for one in groups for run in one.runs],
        "troubles": [trouble(run) for run in results if run.status != "finished"],
        "environment": environment(results),
    }


def render(page: dict[str, Any]) -> str:
    """The page as one HTML file that needs no other."""
    folder = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    drawn = {"tables": [table["curves"] for table in page["tables"]], "losses": page["losses"]}
    return folder.get_template("page.html.j2").render(page=page, curves=script_json(drawn), plotly=get_plotlyjs())


def script_json(value: Any) -> str:
    """JSON that can stand inside <script>: nothing in it ends the element or opens a comment."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def best_first(groups: list[Group], ranked: list[Table]) -> list[Group]:
    """The groups as the first table ranks them, then the others: their colours and columns follow this order."""
    order = {row.group.label: row.rank for row in ranked[0].rows} if ranked else {}
    return sorted(groups, key=lambda one: order.get(one.label, len(groups) + 1))


def summary(results: list[Result], groups: list[Group]) -> str:
    """`8 runs of 4 methods, 7 finished`."""
    finished = sum(run.status == "finished" for run in results)
    runs = f"{len(results)} run{'s' * (len(results) > 1)}"
    methods = f"{len(groups)} method{'s' * (len(groups) > 1)}"
    return f"{runs} of {methods}, {'all' if finished == len(results) else finished} finished"


def lead(ranked: list[Table]) -> dict[str, str] | None:
    """What the first table says, in words; None if nothing is ranked."""
    if not ranked or not ranked[0].rows:
        return None
    rows = [dict(zip(tables.HEAD, row, strict=True)) for row in tables.cells(ranked[0])]
    best, others = rows[0], rows[1:]
    return {"metric": ranked[0].metric, "next": others[0]["method"] if others else "", **best} | (
        {"next_mean": others[0]["mean"]} if others else {"next_mean": ""}
    )


def section(table: Table, groups: list[Group], place: dict[str, int]) -> dict[str, Any]:
    """One ranked table with its curves."""
    labels = [one.label for one in groups]
    rows = zip(table.rows, tables.cells(table), strict=True)
    return {
        "metric": table.metric,
        "differs": table.differs,
        "protocol": tables.protocol_line(table),
        "budget": rank.budget(table),
        "rows": [{"group": labels.index(row.group.label), "cells": cells} for row, cells in rows],
        "unranked": [{"group": place[run.name], "name": run.name, "why": why} for run, why in table.unranked],
        "curves": curves(table, groups),
    }


def grid_rows(groups: list[Group]) -> dict[str, Any]:
    """Sample grids: a column for each group, from its first run with pictures, a row for each part of the training.

    Rows are steps where the finished runs are equally long; a run that ended earlier has gaps below its last picture.
    Else they are shares of each run's own length.
    """
    shown = [(n, run) for n, one in enumerate(groups) if (run := next((r for r in best(one) if r.grids), None))]
    ends = {run.grids[-1][0] for _, run in shown if run.status == "finished"} or {run.grids[-1][0] for _, run in shown}
    count = min(GRID_ROWS, max((len(run.grids) for _, run in shown), default=0))
    rows = []
    for i in range(count):
        share = i / (count - 1) if count > 1 else 1.0
        picked = [nearest(run, share, ends) for _, run in shown]
        steps = sorted({grid[0] for grid in picked if grid})
        title = f"step {steps[0]:,}" if len(steps) == 1 else f"{share:.0%} of the training"
        cells = [{"step": grid[0], "source": data_uri(grid[1])} if grid else None for grid in picked]
        rows.append({"title": title, "cells": cells})
    columns = [{"group": n, "label": groups[n].label, "run": run.name, "last": run.grids[-1][0]} for n, run in shown]
    return {"columns": columns, "rows": rows}


def nearest(run: Result, share: float, ends: set[int]) -> tuple[int, Path] | None:
    """The grid nearest to a share of the training; None where the run ended before that."""
    last = run.grids[-1][0]
    wanted = share * (max(ends) if len(ends) == 1 else last)
    return min(run.grids, key=lambda grid: abs(grid[0] - wanted)) if wanted <= max(last, run.step) else None


def best(one: Group) -> list[Result]:
    """A group's runs, those that finished first: which of them is shown does not depend on its score."""
    return sorted(one.runs, key=lambda run: (run.status != "finished", run.seed if run.seed is not None else 0))


def data_uri(file: Path) -> str:
    """A picture inside the page; empty if it has gone meanwhile."""
    try:
        return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()
    except OSError:
        return ""


def differences(groups: list[Group]) -> list[dict[str, Any]]:
    """The settings that are not alike in all runs, with each group's values; the seed only if groups differ."""
    found = []
    for name in differing([run.config for one in groups for run in one.runs if run.config]):
        values = [values_of(name, one) for one in groups]
        if name != "seed" or len(set(values)) > 1:
            found.append({"setting": name, "values": values})
    return found


def values_of(name: str, one: Group) -> str:
    """A group's value of a setting, or its runs' several; a dash where it has no such setting."""
    known = [plain(run.config[name]) for run in one.runs if name in run.config]
    return " | ".join(sorted(set(known))) or "–"


def run_row(run: Result, number: int) -> dict[str, Any]:
    """A run in the list of all runs."""
    speed = run.record.get("images_per_second")
    images, seconds = run.last.get("images"), run.last.get("seconds")
    return {
        "group": number,
        "name": run.name,
        "cells": [
            str(run.seed) if run.seed is not None else "–",
            f"{run.step:,}",
            f"{images:,}" if rank.is_number(images) else "–",
            tables.duration([seconds]) if rank.is_number(seconds) else "–",
            f"{speed:,.0f}" if rank.is_number(speed) else "–",
            run.status,
        ],
    }


def trouble(run: Result) -> dict[str, Any]:
    return {"name": run.name, "status": run.status, "step": f"{run.step:,}", "error": run.error}


def environment(results: list[Result]) -> list[dict[str, str]]:
    """What the runs were made with; several values where they differ."""
    found: dict[str, dict[str, int]] = {}
    for run in results:
        versions = run.record.get("versions")
        known = versions if isinstance(versions, dict) else {}
        known = {**known, **{name: run.record.get(name) for name in ENVIRONMENT}}
        known["git"] = str(known["git"])[:12] if known["git"] else None
        for name, value in known.items():
            if value is not None:
                counts = found.setdefault(name, {})
                counts[str(value)] = counts.get(str(value), 0) + 1
    return [{"name": name, "value": spread_out(counts)} for name, counts in found.items()]


def spread_out(counts: dict[str, int]) -> str:
    """The one value, or each with the number of its runs."""
    if len(counts) == 1:
        return next(iter(counts))
    return " | ".join(f"{value} ({count} runs)" for value, count in counts.items())
