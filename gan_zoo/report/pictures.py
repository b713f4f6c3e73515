"""Put sample grids into the page: images of each method from the same latents, at the same moments of training."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, differing

POSITIONS = 12
"""Maximum number of moments of training that the page shows."""
LINKED = 60
"""The same for a page that only names its pictures."""
ROOM = 8_000_000
"""Bytes of pictures that the page may hold. Beyond it, the page shows fewer moments, and then smaller pictures."""
LATENTS = ("grids.seed", "grids.count", "model.latent_dim", "model.latent_law")
"""Settings that determine the latents of a grid."""


def samples(groups: list[Group], room: int = ROOM) -> dict[str, Any]:
    """Return the columns of sample grids: a column for each group, with a cell for each moment of training.

    A column shows the group's first run that has pictures. If all finished runs have the same length, the moments are
    steps, and a run that ended earlier has empty cells after its last picture. Otherwise the moments are fractions of
    each run's own length.

    Args:
        groups: The groups of runs, in the order of their columns.
        room: Maximum size of all pictures, in bytes.
    """
    shown = [
        (number, run)
        for number, group in enumerate(groups)
        if (run := next((candidate for candidate in first(group) if candidate.grids), None))
    ]
    count = min(POSITIONS, max((len(run.grids) for _, run in shown), default=0))
    picked = moments([run for _, run in shown], count)
    while count > 1 and size(picked) > room:
        count -= 1
        picked = moments([run for _, run in shown], count)
    reduced = size(picked) > room
    columns = [
        column(groups[number], number, run, grids, reduced)
        for (number, run), grids in zip(shown, zip(*picked, strict=True), strict=True)
    ]
    return {
        "moments": [title(row, place, count) for place, row in enumerate(picked)],
        "columns": columns,
        "note": said_of_latents([run for _, run in shown])
        + (" Pictures are reduced, to keep the page small." if reduced else ""),
    }


Link = Callable[[Result, int | None], str]
"""Returns the address of a run's grid at a step; for None, of its picture of nearest neighbours."""


def linked(groups: list[Group], link: Link) -> dict[str, Any]:
    """Return what `samples` does, with addresses in place of pictures, and with a column for every run.

    Args:
        groups: The groups of runs, in the order of their columns.
        link: Returns the address of a picture.
    """
    shown = [(number, run) for number, group in enumerate(groups) for run in group.runs if run.grids]
    count = min(LINKED, max((len(run.grids) for _, run in shown), default=0))
    picked = moments([run for _, run in shown], count)
    columns = [
        {
            "group": number,
            "label": run.name,
            "run": run.name,
            "last": run.grids[-1][0],
            "foreign": run.is_foreign,
            "cells": [{"step": grid[0], "source": link(run, grid[0])} if grid else None for grid in grids],
            "neighbours": link(run, None) if run.neighbours else "",
        }
        for (number, run), grids in zip(shown, zip(*picked, strict=True), strict=True)
    ]
    return {
        "moments": [title(row, place, count) for place, row in enumerate(picked)],
        "columns": columns,
        "note": said_of_latents([run for _, run in shown], "A column a run") if len(shown) > 1 else "",
    }


def first(group: Group) -> list[Result]:
    """Return the runs of a group, finished runs before others, then by seed.

    The choice of the run that is shown therefore does not depend on its score.
    """
    return sorted(group.runs, key=lambda run: (run.status != "finished", run.seed if run.seed is not None else 0))


Grid = tuple[int, Path]
"""Step and file of a sample grid."""


def moments(runs: list[Result], count: int) -> list[list[Grid | None]]:
    """Return, for each of `count` moments, the grid of every run."""
    ends = {run.grids[-1][0] for run in runs if run.status == "finished"} or {run.grids[-1][0] for run in runs}
    shares = [i / (count - 1) if count > 1 else 1.0 for i in range(count)]
    return [[nearest(run, share, ends) for run in runs] for share in shares]


def nearest(run: Result, share: float, ends: set[int]) -> Grid | None:
    """Return the grid nearest to a fraction of the training; None if the run ended before.

    Args:
        run: The run.
        share: The fraction, 0 to 1.
        ends: Last steps of the finished runs. If there is a single one, the fraction refers to it for all runs.
    """
    last = run.grids[-1][0]
    target = share * (max(ends) if len(ends) == 1 else last)
    return min(run.grids, key=lambda grid: abs(grid[0] - target)) if target <= max(last, run.step) else None


def size(picked: list[list[Grid | None]]) -> int:
    """Return the size of all pictures in bytes, counting each file once."""
    files = {grid[1] for row in picked for grid in row if grid}
    return sum(file.stat().st_size for file in files if file.exists())


def title(row: list[Grid | None], place: int, count: int) -> str:
    """Return the title of a row of grids: its step, or its percentage of the training."""
    steps = {grid[0] for grid in row if grid}
    return f"step {max(steps):,}" if len(steps) == 1 else f"{place / max(count - 1, 1):.0%} of the training"


def column(group: Group, number: int, run: Result, grids: tuple[Grid | None, ...], reduced: bool) -> dict[str, Any]:
    """Return the column of one group: the run that it shows, and a picture for each moment."""
    sources = {file: data_uri(file, reduced) for file in {grid[1] for grid in grids if grid}}
    return {
        "group": number,
        "label": group.label,
        "run": run.name,
        "last": run.grids[-1][0],
        "foreign": run.is_foreign,
        "cells": [{"step": grid[0], "source": sources[grid[1]]} if grid else None for grid in grids],
        "neighbours": data_uri(run.neighbours, reduced) if run.neighbours else "",
    }


def data_uri(file: Path, reduced: bool) -> str:
    """Return a picture as a data URI; empty if the file cannot be read any more."""
    try:
        kind, content = smaller(file) if reduced else ("png", file.read_bytes())
    except OSError:
        return ""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def smaller(file: Path) -> tuple[str, bytes]:
    """Return the picture in `file` as JPEG of at most 640 x 640 pixels, with the name of the format."""
    from PIL import Image

    stream = io.BytesIO()
    with Image.open(file) as picture:
        picture.thumbnail((640, 640))
        picture.convert("RGB").save(stream, "JPEG", quality=80)
    return "jpeg", stream.getvalue()


def said_of_latents(runs: list[Result], columns: str = "One run a method, the first seed's") -> str:
    """Return a sentence that says whether all columns show the same latents.

    Models without latents translate images, so the sentence speaks of the images that they start from.
    """
    what = "latents" if any("model.latent_dim" in run.config for run in runs) else "images to start from"
    sentence = f"{columns}; the same {what} at every moment"
    different = [name for name in differing([run.config for run in runs]) if name in LATENTS]
    if len(runs) < 2:
        return f"{sentence}."
    return (
        f"{sentence}, and in every column."
        if not different
        else f"{sentence}. Columns have latents of their own: {', '.join(different)} differ."
    )
