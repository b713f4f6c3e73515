"""The ranked tables as text: for a terminal, Markdown, LaTeX (booktabs), and each run's scores as CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from gan_zoo.report.collect import Result
from gan_zoo.report.rank import Number, Row, Table, budget, is_number, scores

HEAD = (
    *("rank", "method", "mean", "spread", "seeds", "last step"),
    *("best", "best step", "images", "seconds", "status"),
)
"""Columns of a ranked table."""
NUMBERS = tuple(name not in ("method", "status") for name in HEAD)
"""Which columns are set to the right."""
COLUMNS = (
    *("study", "run", "model", "data", "split", "seed", "step", "images", "seconds", "metric", "value", "low", "high"),
    *("status", "images_per_second", "settings", "protocol"),
)
"""Columns of results.csv."""
TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{one: f"\\{one}" for one in "&%$#_{}"},
}
NO_SCORE = "no score"


def cells(table: Table) -> list[list[str]]:
    """The rows of a ranked table as they are shown everywhere, in the columns of HEAD."""
    digits = decimals(table.rows)
    return [
        [
            str(row.rank),
            row.group.label,
            f"{row.mean:,.{digits}f}",
            "–" if row.spread is None else f"{row.spread:,.{digits}f}",
            f"{len(row.runs)} of {len(row.group.runs)}" if len(row.runs) < len(row.group.runs) else str(len(row.runs)),
            span(row.steps),
            f"{row.best:,.{digits}f}",
            span(row.best_steps),
            span(row.images),
            duration(row.seconds),
            row.group.status,
        ]
        for row in table.rows
    ]


def decimals(rows: Sequence[Row]) -> int:
    """Decimals that show three digits or more of the smallest mean, and of what the others differ in."""
    smallest = min((abs(row.mean) for row in rows), default=0.0)
    return next((digits for digits, least in enumerate((1000, 100, 1, 0.1, 0.01)) if smallest >= least), 5)


def span(values: Sequence[Number]) -> str:
    """`400`, or `300–400` where the runs differ."""
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{low:,.0f}" if low == high else f"{low:,.0f}–{high:,.0f}"


def duration(seconds: Sequence[Number]) -> str:
    """The mean, with a decimal where it is short."""
    mean = sum(seconds) / len(seconds) if seconds else 0.0
    return f"{mean:,.{1 if mean < 100 else 0}f}" if seconds else "–"


def title(table: Table) -> str:
    """The score's name and what is wrong with it, if anything."""
    return table.metric + (f" (apart: {table.differs})" if table.differs else "")


def protocol_line(table: Table) -> str:
    """All conditions of the score in one line."""
    if not table.protocol:
        return "protocol unknown: the runs did not record it"
    shown = {name: value for name, value in table.protocol.items() if value is not None}
    return " · ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())


def left_out(table: Table) -> list[str]:
    """A line for each run that is not in the ranking."""
    return [f"{run.name}: {why}{f': {run.error}' if run.error else ''}" for run, why in table.unranked]


def text(tables: list[Table], results: list[Result]) -> str:
    """The tables for a terminal, columns under each other."""
    parts = []
    for table in tables:
        lines = [list(HEAD), *cells(table)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
        parts.append(f"{title(table)}, lower is better\n{budget(table)}" if table.rows else title(table))
        if table.rows:
            parts.append("\n".join(justify(line, widths) for line in lines))
        parts.append("\n".join(f"  not ranked: {line}" for line in left_out(table)))
    if not tables:
        parts = [f"{run.name}: {run.status}, {run.error or NO_SCORE}" for run in results]
    return "\n".join(part for part in parts if part)


def justify(line: list[str], widths: list[int]) -> str:
    pairs = zip(line, widths, NUMBERS, strict=True)
    return "  ".join(cell.rjust(width) if number else cell.ljust(width) for cell, width, number in pairs).rstrip()


def markdown(tables: list[Table]) -> str:
    """results.md: a heading, the table and its protocol for each score."""
    parts = []
    for table in tables:
        rule = "|".join("---:" if number else "---" for number in NUMBERS)
        lines = [f"## {table.metric}", "", f"Lower is better. {budget(table)}.", ""]
        if table.differs:
            lines += [f"Apart from the first table: {md(table.differs)}.", ""]
        lines += [f"| {' | '.join(HEAD)} |", f"|{rule}|"]
        lines += [f"| {' | '.join(map(md, row))} |" for row in cells(table)]
        lines += ["", f"Protocol: {md(protocol_line(table))}.", ""]
        lines += [f"- not ranked: {md(line)}" for line in left_out(table)]
        parts.append("\n".join(lines).rstrip() + "\n")
    return "\n".join(parts) or "No run has a score yet.\n"


def md(cell: str) -> str:
    """`cell` on one line, with nothing that Markdown or HTML would take for its own."""
    line = " ".join(cell.split())
    for one in "\\`*_|[]#":
        line = line.replace(one, f"\\{one}")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def latex(tables: list[Table]) -> str:
    """results.tex: a booktabs table for each score, protocol in the caption."""
    parts = ["% \\usepackage{booktabs}"]
    for table in tables:
        kinds = "".join("r" if number else "l" for number in NUMBERS)
        rows = [" & ".join(map(tex, row)) + r" \\" for row in cells(table)]
        caption = f"{tex(table.metric)}, lower is better. {tex(budget(table))}. {tex(protocol_line(table))}."
        lines = [r"\begin{table}", r"\centering", f"\\caption{{{caption}}}", f"\\begin{{tabular}}{{{kinds}}}"]
        lines += [r"\toprule", " & ".join(HEAD) + r" \\", r"\midrule", *rows, r"\bottomrule"]
        parts.append("\n".join([*lines, r"\end{tabular}", r"\end{table}"]))
    return "\n\n".join(parts) + "\n"


def tex(cell: str) -> str:
    """`cell` with the letters escaped that TeX takes for its own."""
    line = "".join(TEX.get(one, one) for one in " ".join(cell.split()))
    return line.replace("–", "--").replace("·", r"\textperiodcentered{}")


def table_csv(results: list[Result]) -> str:
    """results.csv: each run's last score, a line for every score and protocol; a run without any has one line too."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in results:
        last = [lines[-1] for lines in scores(run).values()] or [run.last | {"metric": "", "value": None}]
        writer.writerows(csv_row(run, line) for line in last)
    return stream.getvalue()


def csv_row(run: Result, line: dict[str, Any]) -> dict[str, Any]:
    interval = line.get("interval")
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
    return {
        "study": run.study,
        "run": run.name,
        "model": run.record.get("model", run.config.get("model.class_path", "")),
        "data": run.record.get("data", run.config.get("data.class_path", "")),
        "split": run.config.get("data.split", ""),
        "seed": run.seed,
        "step": line.get("step"),
        "images": line.get("images"),
        "seconds": line.get("seconds"),
        "metric": line.get("metric"),
        "value": line.get("value") if is_number(line.get("value")) else None,
        "low": low,
        "high": high,
        "status": run.status,
        "images_per_second": run.record.get("images_per_second"),
        "settings": json.dumps(run.settings, sort_keys=True, ensure_ascii=False),
        "protocol": json.dumps(line.get("protocol") or {}, sort_keys=True, ensure_ascii=False),
    }
