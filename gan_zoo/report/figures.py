"""Write every plot as SVG, PDF and CSV and every table as CSV and TeX (booktabs), for use in a paper.

Matplotlib draws the same curves as the page. Papers need PDF files in which text stays text, and making these from the
page's drawings would take a browser.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from gan_zoo.report import curves, dots, for_paper, latex, pairs, pictures, seeds, tables, trials
from gan_zoo.report.grouping import Group
from gan_zoo.report.rank import Table
from gan_zoo.report.sheets import Sheet, as_csv

File = tuple[str, str | bytes]
COLOURS = ("#1f6feb", "#d1480f", "#0b8457", "#8a3ffc", "#a67c00", "#c2185b", "#00798c", "#6b5b4b")
DASHES = ("-", "--", ":", "-.")
AXES = {"steps": "step", "images": "real images shown", "time": "hours of training"}
HOUR = 3600
NAMED = 20
"""Number of curves up to which a figure has a legend; more do not fit."""
LOOK = {
    "pdf.fonttype": 42,  # TrueType: what publishers take
    "svg.hashsalt": "gan_zoo",  # equal results give equal files
    "text.usetex": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(groups: list[Group], ranked: list[Table], sheets: Sequence[Sheet], papers: Sequence[Sheet]) -> Iterator[File]:
    """Yield the names and contents of all files.

    Args:
        groups: The groups of runs, in the order of their colours.
        ranked: The tables whose scores are drawn.
        sheets: Tables to write as CSV, in addition to the comparisons of pairs.
        papers: Tables to write as LaTeX, in addition to the comparisons of pairs.
    """
    for sheet in filter(has_rows, (*sheets, *map(pairs.pairs, ranked))):
        yield f"{sheet.name}.csv", as_csv(sheet.head, [*sheet.rows, *sheet.aside])
    for sheet in filter(has_rows, (*papers, *map(for_paper.comparisons, ranked))):
        yield f"{sheet.name}.tex", latex.NEEDS + latex.table(sheet)
    for table in ranked:
        panel = curves.scores(table, groups, curves.ALL)
        if panel["groups"]:
            yield from plot(tables.slug(table), panel["groups"], table.metric)
        yield from seed_dots(table, groups)
        yield from best_of_trials(table)
    panel = curves.speed(groups, curves.ALL)
    if panel["groups"]:
        yield from plot("speed", panel["groups"], panel["metric"])
    for number, group in enumerate(groups):
        loss_terms = curves.losses(number, group, curves.ALL)["terms"]
        if loss_terms:
            lines = [
                term | {"group": place, "label": term["name"], "mean": []} for place, term in enumerate(loss_terms)
            ]
            yield from plot(f"losses-{number + 1}-{safe(group.label)}", lines, "loss", axes=("steps",))
    yield from sheet_of_samples(groups)


def has_rows(sheet: Sheet) -> bool:
    """Return whether a table has rows."""
    return bool(sheet.rows)


def plot(name: str, groups: list[dict[str, Any]], title: str, axes: Sequence[str] = tuple(AXES)) -> Iterator[File]:
    """Yield the figures of one set of curves, a figure for each axis, and a CSV file of the points.

    Args:
        name: Beginning of the file names.
        groups: The curves, in the form that `curves.scores` returns.
        title: Label of the vertical axis.
        axes: Keys of `AXES` to draw the curves against.
    """
    rows = [
        [group["label"], run["name"], *point] for group in groups for run in group["runs"] for point in run["points"]
    ]
    yield f"{name}-curves.csv", as_csv(["method", "run", *curves.AXES, title], rows)
    for column, axis in enumerate(AXES):
        if axis in axes:
            figure, axes_of_figure = sheet(3.4, 2.4)
            for group in groups:
                lines(axes_of_figure, group, column)
            axes_of_figure.set_xlabel(AXES[axis])
            axes_of_figure.set_ylabel(title, parse_math=False)
            if len(groups) <= NAMED:
                named(axes_of_figure)
            yield from saved(f"{name}-{axis}", figure)


def named(figure_axes: Axes) -> None:
    """Draw a legend whose names are taken literally, without formulas."""
    for text in figure_axes.legend(fontsize=7, frameon=False).get_texts():
        text.set_parse_math(False)


def lines(figure_axes: Axes, group: dict[str, Any], column: int) -> None:
    """Draw the mean of a group with the range of its seeds, or each run if the group has no mean."""
    style = {"color": COLOURS[group["group"] % 8], "linestyle": DASHES[group["group"] // 8 % 4], "linewidth": 1.2}
    if group["mean"]:
        figure_axes.plot(numbers(group["mean"], column), numbers(group["mean"], 3), label=group["label"], **style)
        low, high = numbers(group["mean"], 4), numbers(group["mean"], 5)
        figure_axes.fill_between(
            numbers(group["mean"], column), low, high, color=style["color"], alpha=0.18, linewidth=0
        )
        return
    for index, run in enumerate(group["runs"]):
        x, y = numbers(run["points"], column), numbers(run["points"], 3)
        figure_axes.plot(x, y, label=None if index else group["label"], **style)


def seed_dots(table: Table, groups: list[Group]) -> Iterator[File]:
    """Draw every seed of a table as a dot, with the means and their intervals, if a method has two seeds."""
    if not dots.strip(table):
        return
    labels = [group.label for group in groups]
    figure, figure_axes = sheet(3.4, 0.7 + 0.22 * len(table.rows))
    for line, row in enumerate(table.rows):
        colour = COLOURS[labels.index(row.group.label) % 8]
        values = seeds.finite_seeds(row.scores)
        if row.interval:
            figure_axes.plot(row.interval, (line, line), color=colour, alpha=0.45, linewidth=2.5)
        figure_axes.plot(values, [line] * len(values), "o", color=colour, markersize=3.5, alpha=0.75)
        if values:
            figure_axes.plot([row.mean], [line], "|", color="black", markersize=9)
    figure_axes.set_yticks(range(len(table.rows)), [row.group.label for row in table.rows], parse_math=False)
    figure_axes.invert_yaxis()
    if table.test.logs:
        figure_axes.set_xscale("log")
    figure_axes.set_xlabel(table.metric, parse_math=False)
    yield from saved(f"{tables.slug(table)}-seeds", figure)


def best_of_trials(table: Table) -> Iterator[File]:
    """Draw the expected best score of each method against the number of trials, with its band, if a study searched."""
    found = trials.searched(table)
    if not found:
        return
    figure, figure_axes = sheet(3.4, 2.4)
    for number, method in enumerate(found):
        counts, colour = [point.trials for point in method.points], COLOURS[number % 8]
        figure_axes.plot(counts, [point.mean for point in method.points], color=colour, label=method.label)
        low, high = [point.low for point in method.points], [point.high for point in method.points]
        figure_axes.fill_between(counts, low, high, color=colour, alpha=0.18, linewidth=0)
    figure_axes.set_xlabel("trials")
    figure_axes.set_ylabel(f"expected best {table.metric}", parse_math=False)
    named(figure_axes)
    yield from saved(f"{tables.slug(table)}-trials", figure)


def numbers(points: Sequence[Sequence[Any]], column: int) -> list[float]:
    """Return a column of `points` with NaN for missing values; seconds are converted to hours."""
    scale = HOUR if column == 2 else 1
    return [float("nan") if point[column] is None else point[column] / scale for point in points]


def sheet_of_samples(groups: list[Group]) -> Iterator[File]:
    """Yield a figure of the last sample grid of each method's first run, side by side."""
    shown = [(group.label, run.grids[-1][1]) for group in groups for run in pictures.first(group)[:1] if run.grids]
    if not shown:
        return
    figure = Figure(figsize=(1.8 * len(shown), 2.1), layout="constrained")
    for figure_axes, (label, file) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        with Image.open(file) as picture:
            figure_axes.imshow(picture.convert("RGB"), interpolation="none")
        figure_axes.set_title(label, fontsize=8, parse_math=False)
        figure_axes.set_axis_off()
    yield from saved("samples", figure)


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of the given size in inches, and its axes."""
    with matplotlib.rc_context(LOOK):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def saved(name: str, figure: Figure) -> Iterator[File]:
    """Yield `figure` as SVG and PDF, without a date, so that equal results give equal files."""
    for kind in ("svg", "pdf"):
        stream = io.BytesIO()
        with matplotlib.rc_context(LOOK), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # the glyph is drawn as a box
            figure.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else {"CreationDate": None})
        yield f"{name}.{kind}", stream.getvalue()


def safe(label: str) -> str:
    """Return `label` in a form that can be part of a file name."""
    return re.sub(r"\W+", "-", label, flags=re.ASCII).strip("-")[:60].lower()
