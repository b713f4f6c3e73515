"""A table of text with its sentences above and below, and its conversion to text, Markdown and CSV."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from datamodules.names import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""Beginnings of a cell that spreadsheets run as a formula, and the sign that says that it is text."""
NUMBER = re.compile(r"[-+]?[\d.][\d.eE+-]*( to [-+]?[\d.][\d.eE+-]*)?")
"""A number, or an interval."""


@dataclass
class Sheet:
    """A table of text, the same for all formats."""

    name: str
    """The name for files: letters, digits and `-`."""
    title: str
    head: Sequence[str]
    numbers: Sequence[bool]
    """Which columns hold numbers and are aligned to the right."""
    rows: list[list[str]]
    above: list[str] = field(default_factory=list)
    """Sentences that a reader needs before the table."""
    below: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    """Lines that follow the table, such as runs that are not ranked."""
    aside: list[list[str]] = field(default_factory=list)
    """Rows that follow the others and are none of their kind, such as images that no method made."""
    caption: str = ""
    """The caption in a paper; empty: the title."""
    notes: list[str] = field(default_factory=list)
    """Sentences below the table in a paper."""
    comments: list[str] = field(default_factory=list)
    """Lines in the file of a paper's table that are not printed."""
    bold: set[tuple[int, int]] = field(default_factory=set)
    """The cells with the best values, by row and column."""

    def without(self, names: set[str]) -> "Sheet":
        """Return the same table without the columns in `names`."""
        return self.only([name for name in self.head if name not in names])

    def only(self, names: Sequence[str]) -> "Sheet":
        """Return the same table with the columns `names`, in this order."""
        places = [self.head.index(name) for name in names]
        rows, aside = ([[row[place] for place in places] for row in part] for part in (self.rows, self.aside))
        numbers = [self.numbers[place] for place in places]
        bold = {(number, places.index(place)) for number, place in self.bold if place in places}
        return replace(self, head=list(names), numbers=numbers, rows=rows, aside=aside, bold=bold)


def text(sheet: Sheet) -> str:
    """Return the table as plain text with aligned columns."""
    lines = [[visible(cell) for cell in line] for line in (sheet.head, *sheet.rows, *sheet.aside)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(sheet.head))]
    shown = [visible(line) for line in (sheet.title, *sheet.above)]
    if sheet.rows:
        shown += [justify(line, widths, sheet.numbers) for line in lines]
    return "\n".join([*shown, *(f"  {visible(line)}" for line in sheet.listed)])


def justify(line: list[str], widths: list[int], numbers: Sequence[bool]) -> str:
    """Return one line of a table, with numbers aligned to the right and other cells to the left."""
    pairs = zip(line, widths, numbers, strict=True)
    return "  ".join(cell.rjust(width) if number else cell.ljust(width) for cell, width, number in pairs).rstrip()


def markdown(sheet: Sheet, level: int = 2) -> str:
    """Return the table as Markdown, with its title as a heading of `level` and its sentences."""
    lines = [f"{'#' * level} {md(sheet.title)}", ""]
    lines += [part for sentence in sheet.above for part in (md(sentence), "")]
    if sheet.rows:
        rule = "|".join("---:" if number else "---" for number in sheet.numbers)
        lines += [f"| {' | '.join(map(md, sheet.head))} |", f"|{rule}|"]
        lines += [f"| {' | '.join(map(md, row))} |" for row in (*sheet.rows, *sheet.aside)] + [""]
    lines += [part for sentence in sheet.below for part in (md(sentence), "")]
    lines += [f"- {md(line)}" for line in sheet.listed]
    return "\n".join(lines).rstrip() + "\n"


def md(cell: str) -> str:
    """Return `cell` on one line, with the characters escaped that Markdown or HTML would interpret."""
    line = visible(" ".join(cell.split()))
    for character in "\\`*_|[]#~":
        line = line.replace(character, f"\\{character}")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return the table as comma-separated values; None becomes an empty cell, and no text is a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([harmless(cell) for cell in row] for row in (head, *rows))
    return stream.getvalue()


def harmless(cell: object) -> object:
    """Return a cell with a `'` before text that a spreadsheet would run as a formula. Numbers and intervals stay."""
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA) and not NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def original(cell: str) -> str:
    """Return the text that `harmless` has made into `cell`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
