"""Every seed of a ranked table as a dot, beside the mean and its interval: places on a page, from 0 to 1."""

from math import isfinite, log10
from typing import Any

from gan_zoo.report import seeds
from gan_zoo.report.rank import Table

MARGIN = 0.03
"""Share of the width that stays free on either side."""


def strip(table: Table) -> dict[str, Any]:
    """Return where the dots of a table lie: a line for each row, and the ends of the axis.

    The axis is logarithmic where distances are compared by their logarithms. A line has no dots if all of its runs
    failed; the dictionary is empty if no row has two seeds, since a dot then says what the mean says.
    """
    values = [seeds.finite_seeds(row.scores) for row in table.rows]
    if max(map(len, values), default=0) < 2:
        return {}
    ends = [end for row in table.rows if row.interval for end in row.interval]
    every = [value for row in values for value in row] + ends
    low, high = min(every), max(every)
    logs = table.test.logs
    lines = [
        {
            "label": row.group.label,
            "dots": [place(value, low, high, logs) for value in row_values],
            "mean": place(row.mean, low, high, logs) if isfinite(row.mean) else None,
            "interval": [place(end, low, high, logs) for end in row.interval] if row.interval else None,
        }
        for row, row_values in zip(table.rows, values, strict=True)
    ]
    return {"low": low, "high": high, "logs": logs, "lines": lines}


def place(value: float, low: float, high: float, logs: bool) -> float:
    """Return where a value lies between the ends of the axis, from MARGIN to 1 - MARGIN."""
    if high == low:
        return 0.5
    share = log10(value / low) / log10(high / low) if logs else (value - low) / (high - low)
    return round(MARGIN + (1 - 2 * MARGIN) * share, 4)
