"""Sample grids: what each method makes of the same latents, at the same moments of its training, inside the page."""

import base64
import io
from pathlib import Path
from typing import Any

from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, differing

POSITIONS = 12
"""Most moments of the training that the page can show."""
ROOM = 8_000_000
"""Bytes of pictures that the page holds before it shows fewer moments, and then smaller pictures."""
LATENTS = ("grids.seed", "grids.count", "model.latent_dim", "model.latent_law")
"""Settings that the latents of a grid follow from."""


def samples(groups: list[Group], room: int = ROOM) -> dict[str, Any]:
    """Columns of grids: one for each group, from its first run with pictures, a cell for each moment.

    Moments are steps where the finished runs are equally long; a run that ended earlier has gaps past its last
    picture. Else they are shares of each run's own length.
    """
    shown = [(n, run) for n, one in enumerate(groups) if (run := next((r for r in first(one) if r.grids), None))]
    count = min(POSITIONS, max((len(run.grids) for _, run in shown), default=0))
    picked = moments([run for _, run in shown], count)
    while count > 1 and size(picked) > room:
        count -= 1
        picked = moments([run for _, run in shown], count)
    reduced = size(picked) > room
    columns = [
        column(groups[n], n, run, grids, reduced)
        for (n, run), grids in zip(shown, zip(*picked, strict=True), strict=True)
    ]
    return {
        "moments": [title(row, i, count) for i, row in enumerate(picked)],
        "columns": columns,
        "note": said_of_latents([run for _, run in shown])
        + (" Pictures are reduced, to keep the page small." if reduced else ""),
    }


def first(one: Group) -> list[Result]:
    """A group's runs, those that finished first: which of them is shown does not depend on its score."""
    return sorted(one.runs, key=lambda run: (run.status != "finished", run.seed if run.seed is not None else 0))


Grid = tuple[int, Path]


def moments(runs: list[Result], count: int) -> list[list[Grid | None]]:
    """For each of `count` moments, every run's picture."""
    ends = {run.grids[-1][0] for run in runs if run.status == "finished"} or {run.grids[-1][0] for run in runs}
    shares = [i / (count - 1) if count > 1 else 1.0 for i in range(count)]
    return [[nearest(run, share, ends) for run in runs] for share in shares]


def nearest(run: Result, share: float, ends: set[int]) -> Grid | None:
    """The grid nearest to a share of the training; None where the run ended before that."""
    last = run.grids[-1][0]
    wanted = share * (max(ends) if len(ends) == 1 else last)
    return min(run.grids, key=lambda grid: abs(grid[0] - wanted)) if wanted <= max(last, run.step) else None


def size(picked: list[list[Grid | None]]) -> int:
    """Bytes of the pictures, each counted once."""
    files = {grid[1] for row in picked for grid in row if grid}
    return sum(file.stat().st_size for file in files if file.exists())


def title(row: list[Grid | None], place: int, count: int) -> str:
    steps = {grid[0] for grid in row if grid}
    return f"step {max(steps):,}" if len(steps) == 1 else f"{place / max(count - 1, 1):.0%} of the training"


def column(one: Group, number: int, run: Result, grids: tuple[Grid | None, ...], reduced: bool) -> dict[str, Any]:
    sources = {file: data_uri(file, reduced) for file in {grid[1] for grid in grids if grid}}
    return {
        "group": number,
        "label": one.label,
        "run": run.name,
        "last": run.grids[-1][0],
        "cells": [{"step": grid[0], "source": sources[grid[1]]} if grid else None for grid in grids],
        "neighbours": data_uri(run.neighbours, reduced) if run.neighbours else "",
    }


def data_uri(file: Path, reduced: bool) -> str:
    """A picture inside the page; empty if it has gone meanwhile."""
    try:
        kind, content = smaller(file) if reduced else ("png", file.read_bytes())
    except OSError:
        return ""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def smaller(file: Path) -> tuple[str, bytes]:
    """A picture as JPEG, of at most 640 pixels either way."""
    from PIL import Image

    stream = io.BytesIO()
    with Image.open(file) as picture:
        picture.thumbnail((640, 640))
        picture.convert("RGB").save(stream, "JPEG", quality=80)
    return "jpeg", stream.getvalue()


def said_of_latents(runs: list[Result]) -> str:
    """Whether the columns show the same latents; models without any make their images of others."""
    what = "latents" if any("model.latent_dim" in run.config for run in runs) else "images to start from"
    said = f"One run a method, the first seed's; the same {what} at every moment"
    apart = [name for name in differing([run.config for run in runs]) if name in LATENTS]
    if len(runs) < 2:
        return f"{said}."
    return (
        f"{said}, and in every column."
        if not apart
        else f"{said}. Columns have latents of their own: {', '.join(apart)} differ."
    )
