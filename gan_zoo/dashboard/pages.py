"""The pages: the list of runs, and the report of the runs that are open. Both are made from the report's templates."""

from functools import cache
from pathlib import Path
from typing import Any

from gan_zoo import __version__
from gan_zoo.dashboard.courses import Courses
from gan_zoo.dashboard.rows import Watched, short
from gan_zoo.report import grouping, page, rank
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import plain
from gan_zoo.run.files import tail
from gan_zoo.run.layout import LOG

SETTINGS = 2000
"""Most settings of a configuration that a page shows."""
SEEN = ("state", "scored", "grid", "events")
"""What a row says that changes more of a page than its curves."""
LOG_LINES = 200
"""Most lines of a log that a page shows."""


def listing(root: Path) -> str:
    """Return the page with the list of runs. Its rows come from the stream of events."""
    return (
        page.templates()
        .get_template("runs.html.j2")
        .render(live=True, title=short(root.resolve().name or root), version=__version__)
    )


def runs(watched: list[Watched], courses: Courses) -> str:
    """Return the page of some runs: the report of them, with what they write from now on.

    Args:
        watched: The runs. If there is a single one, the page shows its configuration and its log too.
        courses: The curves.
    """
    results: list[Result] = []
    live: dict[str, Any] = {}
    for one in watched:
        row = one.row  # before the files are read, so that no change is missed
        result, cursor = courses.of(one).result()
        results.append(result)
        seen = [row.get(name) for name in SEEN]
        live[one.id] = cursor | {"name": result.name, "seen": seen, "lines": row.get("lines")}
    groups = grouping.group(results)
    ranked = rank.tables(groups)
    heading = short(watched[0].name) if len(watched) == 1 else f"{len(watched)} runs"
    ids = {result.name: one.id for result, one in zip(results, watched, strict=True)}

    def link(run: Result, step: int | None) -> str:
        return f"runs/{ids[run.name]}/" + ("neighbours.png" if step is None else f"grids/{step}.png")

    described = page.describe(heading, results, groups, ranked, link)
    described["troubles"] = [one for one in described["troubles"] if one["status"] != "running"]
    alone = details(watched[0], results[0]) if len(watched) == 1 else {"settings": [], "log": []}
    return page.render(described | alone, live=live)


def details(watched: Watched, result: Result) -> dict[str, Any]:
    """Return what only the page of a single run shows: its id, its configuration, and the end of its log."""
    log = tail(watched.run.path / LOG)
    return {
        "id": watched.id,
        "settings": [[name, short(plain(value))] for name, value in list(result.config.items())[:SETTINGS]],
        "log": [line for line in log if line.strip()][-LOG_LINES:],
    }


@cache
def shared() -> dict[str, str]:
    """Return the report's own script and style, which a report holds within itself, as files."""
    templates = page.templates()
    return {name: templates.get_template(f"{name}.j2").render() for name in ("report.js", "style.css")}
