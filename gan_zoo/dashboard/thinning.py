"""Keep as many lines of a file as a screen can show, however many there were: a line stays if it is extreme.

The lines so far are cut into stretches of equal length. Of each stretch, the first and last line stay, and those with
the lowest and the highest value of each column, so that no peak is lost. When there are too many stretches, each two of
them become one.
"""

import sys
from typing import Any

from gan_zoo.run.schemas import is_number

Line = dict[str, Any]
Numbered = tuple[int, Line]
Stretch = dict[str, tuple[Numbered, Numbered]]
"""The lines with the lowest and the highest value of each column."""

STRETCHES = 160
"""Most stretches of a file: a curve gets two points of each, and a page shows 300 points of it."""
COLUMNS = 32
"""Most columns of a line beside its step, images and seconds."""
AXES = ("step", "images", "seconds")


class Thinned:
    """The lines that stay.

    Args:
        most: Largest number of stretches. Up to this number of lines, all stay.
        columns: Columns whose extremes stay; none: every column that holds numbers.
    """

    def __init__(self, most: int = STRETCHES, columns: tuple[str, ...] = ()) -> None:
        self.most, self.columns = most, columns
        self.count = 0
        """Number of lines that were added."""
        self._length = 1
        self._stretches: list[Stretch] = []

    def add(self, line: Line) -> None:
        """Add the next line of the file."""
        if self.count == self._length * len(self._stretches):
            self._stretches.append({})
            if len(self._stretches) > self.most:
                self._halve()
        columns = self.columns or [name for name in line if name not in AXES]
        for column in ("step", *columns):
            if column in line:
                widen(self._stretches[-1], column, (self.count, line))
        self.count += 1

    def lines(self) -> list[Line]:
        """Return the lines that stayed, in their order."""
        kept = {number: line for one in self._stretches for pair in one.values() for number, line in pair}
        return [kept[number] for number in sorted(kept)]

    def _halve(self) -> None:
        """Join each two stretches. The last one stays open for the lines that follow."""
        even, odd = self._stretches[::2], self._stretches[1::2]
        for left, right in zip(even, odd, strict=False):
            for column, pair in right.items():
                for numbered in pair:
                    widen(left, column, numbered)
        self._stretches, self._length = even, 2 * self._length


def widen(stretch: Stretch, column: str, numbered: Numbered) -> None:
    """Let `numbered` be an extreme of `column` if it is one. A column without any number keeps its first line."""
    value = numbered[1][column]
    low, high = stretch.setdefault(column, (numbered, numbered))
    if not is_number(value):
        return
    lowest, highest = low[1][column], high[1][column]
    stretch[column] = (
        numbered if not is_number(lowest) or value < lowest else low,
        numbered if not is_number(highest) or value >= highest else high,
    )


def slim(line: Line) -> Line:
    """Return the numbers of a line of metrics, in no more columns than a run writes."""
    names = [name for name in line if name not in AXES and (line[name] is None or is_number(line[name]))]
    return {sys.intern(name): line[name] for name in (*AXES, *names[:COLUMNS]) if name in line}
