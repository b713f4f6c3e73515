"""Write results.csv from runs, read it again, and put results into a Markdown page.

experiments/results/ holds the results.csv of studies. From these files, anyone who has the repository can write
experiments/README.md again, or check it, without the runs themselves.
"""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.report.baselines import NAMES, is_baseline
from gan_zoo.report.collect import Result
from gan_zoo.report.scores import Line, has_step, is_number, own_interval, protocol
from gan_zoo.report.sheets import as_csv, original
from gan_zoo.run.reading import Damaged, parse_json, read_text, to_int
from gan_zoo.run.schemas import LINE, NAMED, NUMBER, Schema, optional

COLUMNS = (
    *("study", "run", "model", "data", "split", "seed", "step", "images", "seconds", "metric", "value", "low", "high"),
    *("status", "images_per_second", "settings", "protocol", "method", "drawn"),
)
ROW = Schema({**LINE.rules, "images": optional(NUMBER)}, LINE.needed)
"""What the values of a row of results.csv must be."""
BEGIN, END = "<!-- results, written by gan-zoo report -->", "<!-- end of results -->"


def table_csv(results: Sequence[Result]) -> str:
    """Return results.csv, which holds the last value of each run's scores; a run without a score has one row.

    Scores of images that no method made come last among those of the run that recorded them, and name no model.
    """
    rows = []
    for run in results:
        last = [lines[-1] for lines in run.scores.values()]
        others = [line for line in last if is_baseline(protocol(line))]
        own = [line for line in last if line not in others] or [run.last | {"metric": "", "value": None}]
        rows += [csv_row(run, line) for line in (*own, *others)]
    return as_csv(COLUMNS, rows)


def csv_row(run: Result, line: Line) -> list[Any]:
    """Return the row of results.csv for one run and one line of its evaluations."""
    low, high = own_interval(line) or (None, None)
    value = line.get("value") if is_number(line.get("value")) else None
    step = line.get("step") if has_step(line) else None
    other = NAMES[protocol(line)["weights"]] if is_baseline(protocol(line)) else ""
    return [
        *(run.study, run.name, "" if other else run.model, run.data, run.config.get("data.split", ""), run.seed),
        *(step, line.get("images"), line.get("seconds"), line.get("metric"), value, low, high, run.status),
        *(
            run.record.get("images_per_second"),
            packed(run.settings),
            packed(line.get("protocol") or {}),
            other or run.method,
            " ".join(sorted(run.drawn)),
        ),
    ]


def packed(value: dict[str, Any]) -> str:
    """Return `value` as JSON text for one cell of the table."""
    return json.dumps(value, ensure_ascii=False, default=str)


def read(file: Path) -> list[Result]:
    """Return the runs in a results.csv, with the fields that the file holds.

    Raises:
        Mistake: The file cannot be read as results.csv.
    """
    try:
        lines = csv.reader(io.StringIO(read_text(file, follow=True)))
        head, *rest = [[original(cell) for cell in cells] for cells in lines if cells]
        rows = [dict(zip(head, cells, strict=True)) for cells in rest]
        runs: dict[str, Result] = {}
        for row in rows:
            run = runs.setdefault(row["run"], result(file, row))
            if row["metric"]:
                run.evaluations.append(line(row))
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise Mistake(shorten(f"{file} is no results.csv of `gan-zoo report`: {error}")) from error
    return list(runs.values())


def result(file: Path, row: dict[str, str]) -> Result:
    """Return the run that a row of results.csv describes, without its scores."""
    return Result(
        path=file,
        name=row["run"],
        study=row["study"],
        method=row["method"],
        settings=unpacked(row["settings"]),
        drawn=frozenset(row.get("drawn", "").split()),
        seed=to_int(row["seed"]) if row["seed"] else None,
        status=row["status"],
        record={"model": row["model"], "data": row["data"]},
        config={"data.split": row["split"]} if row["split"] else {},
    )


def line(row: dict[str, str]) -> Line:
    """Return the evaluation in a row of results.csv, in the form of a line of evaluations.jsonl."""
    numbers = {name: float(row[name]) if row[name] else None for name in ("images", "seconds", "value", "low", "high")}
    ends = [numbers["low"], numbers["high"]]
    scored = {
        "step": to_int(row["step"] or "0"),
        "images": numbers["images"],
        "seconds": numbers["seconds"],
        "metric": row["metric"],
        "value": numbers["value"],
        "interval": None if None in ends else ends,
        "protocol": unpacked(row["protocol"]),
    }
    return ROW.check(scored, "a row")


def unpacked(cell: str) -> dict[str, Any]:
    """Return the object in a cell that `packed` has made."""
    value = parse_json(cell, "a cell")
    if not NAMED.fits(value):
        raise Damaged(f"a cell is {shorten(cell, 40)}, and should be {NAMED.wanted}.")
    return value


def filled(page: str, name: str, content: str) -> str:
    """Return `page` with `content` in place of the text between its two marks.

    Args:
        page: Text of the Markdown page.
        name: File name of the page, for the error message.
        content: Markdown to insert.

    Raises:
        Mistake: The page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Mistake(f"{name} has no place for results: write the lines `{BEGIN}` and `{END}` where they belong.")
    return f"{before}{BEGIN}\n\n{content.strip()}\n\n{END}{after}"
