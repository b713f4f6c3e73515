"""Every plot as SVG, PDF and CSV and every table as CSV and TeX (booktabs), for use in a paper.

Drawn by matplotlib, from the same curves as the page's: papers need PDF with text that stays text, which a browser's
drawing would need a browser for.
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

from gan_zoo.report import curves, pictures, tables
from gan_zoo.report.grouping import Group
from gan_zoo.report.rank import Table
from gan_zoo.report.sheets import Sheet, as_csv, latex

File = tuple[str, str | bytes]
COLOURS = ("#1f6feb", "#d1480f", "#0b8457", "#8a3ffc", "#a67c00", "#c2185b", "#00798c", "#6b5b4b")
DASHES = ("-", "--", ":", "-.")
AXES = {"steps": "step", "images": "real images shown", "time": "hours of training"}
HOUR = 3600
LOOK = {
    "pdf.fonttype": 42,  # TrueType: what publishers take
    "svg.hashsalt": "gan_zoo",  # equal results give equal files
    "text.usetex": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(groups: list[Group], ranked: list[Table], sheets: Sequence[Sheet]) -> Iterator[File]:
    """Names and contents of all files, one after another.

    Args:
        groups: the runs.
        ranked: the tables whose scores are drawn.
        sheets: tables to be written beside those of pairs.
    """
    for sheet in [*sheets, *map(tables.pairs, ranked)]:
        if sheet.rows:
            yield f"{sheet.name}.csv", as_csv(sheet.head, sheet.rows)
            yield f"{sheet.name}.tex", "% \\usepackage{booktabs}\n" + latex(sheet)
    for table in ranked:
        panel = curves.scores(table, groups, curves.ALL)
        if panel["groups"]:
            yield from plot(tables.slug(table), panel["groups"], table.metric)
    panel = curves.speed(groups, curves.ALL)
    if panel["groups"]:
        yield from plot("speed", panel["groups"], panel["metric"])
    for number, one in enumerate(groups):
        terms = curves.losses(number, one, curves.ALL)["terms"]
        if terms:
            lines = [term | {"group": n, "label": term["name"], "mean": []} for n, term in enumerate(terms)]
            yield from plot(f"losses-{number + 1}-{safe(one.label)}", lines, "loss", axes=("steps",))
    yield from sheet_of_samples(groups)


def plot(name: str, groups: list[dict[str, Any]], title: str, axes: Sequence[str] = tuple(AXES)) -> Iterator[File]:
    """One set of curves against each axis; and the points themselves."""
    rows = [[one["label"], run["name"], *point] for one in groups for run in one["runs"] for point in run["points"]]
    yield f"{name}-curves.csv", as_csv(["method", "run", *curves.AXES, title], rows)
    for column, axis in enumerate(AXES):
        if axis in axes:
            figure, place = sheet(3.4, 2.4)
            for one in groups:
                lines(place, one, column)
            place.set_xlabel(AXES[axis])
            place.set_ylabel(title, parse_math=False)
            legend = place.legend(fontsize=7, frameon=False)
            for text in legend.get_texts():
                text.set_parse_math(False)
            yield from saved(f"{name}-{axis}", figure)


def lines(place: Axes, one: dict[str, Any], column: int) -> None:
    """A group's mean with the range of its seeds, or its runs where it has no mean."""
    look = {"color": COLOURS[one["group"] % 8], "linestyle": DASHES[one["group"] // 8 % 4], "linewidth": 1.2}
    if one["mean"]:
        place.plot(numbers(one["mean"], column), numbers(one["mean"], 3), label=one["label"], **look)
        low, high = numbers(one["mean"], 4), numbers(one["mean"], 5)
        place.fill_between(numbers(one["mean"], column), low, high, color=look["color"], alpha=0.18, linewidth=0)
        return
    for i, run in enumerate(one["runs"]):
        x, y = numbers(run["points"], column), numbers(run["points"], 3)
        place.plot(x, y, label=None if i else one["label"], **look)


def numbers(points: Sequence[Sequence[Any]], column: int) -> list[float]:
    """A column, with gaps where it has none; seconds as hours."""
    scale = HOUR if column == 2 else 1
    return [float("nan") if point[column] is None else point[column] / scale for point in points]


def sheet_of_samples(groups: list[Group]) -> Iterator[File]:
    """The last grid of each method's first run, side by side."""
    shown = [(one.label, run.grids[-1][1]) for one in groups for run in pictures.first(one)[:1] if run.grids]
    if not shown:
        return
    figure = Figure(figsize=(1.8 * len(shown), 2.1), layout="constrained")
    for place, (label, file) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        with Image.open(file) as picture:
            place.imshow(picture.convert("RGB"), interpolation="none")
        place.set_title(label, fontsize=8, parse_math=False)
        place.set_axis_off()
    yield from saved("samples", figure)


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of so many inches."""
    with matplotlib.rc_context(LOOK):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def saved(name: str, figure: Figure) -> Iterator[File]:
    """The figure as SVG and PDF, without a date."""
    for kind in ("svg", "pdf"):
        stream = io.BytesIO()
        with matplotlib.rc_context(LOOK), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # drawn as a box
            figure.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else {"CreationDate": None})
        yield f"{name}.{kind}", stream.getvalue()


def safe(label: str) -> str:
    """`label` as a part of a file's name."""
    return re.sub(r"\W+", "-", label, flags=re.ASCII).strip("-")[:60].lower()
