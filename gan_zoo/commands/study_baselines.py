"""Scores real images against real ones after a study, once for all runs that were scored by the same protocol.

The scores are those of held-out images in the place of generated ones: what a perfect generator would have. They are
computed in a process of their own, so that the study itself loads no torch.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datamodules.names import visible
from gan_zoo.lookup import shorten
from gan_zoo.report import baselines, grouping, rank
from gan_zoo.report.collect import Result, collect
from gan_zoo.report.rank import Table
from gan_zoo.run.directory import Run

OURS = ("gan_zoo", "datamodules")


def score(folder: Path) -> None:
    """Add the scores that the tables of a study lack. If one cannot be computed, a note says why.

    Args:
        folder: The study's folder, with a finished run.
    """
    for run, options in missing(folder):
        print(f"Scoring real images against real ones, recorded in {visible(run.path)} ...", flush=True)
        command = [sys.executable, "-P", "-m", "gan_zoo", "evaluate", str(run.path), "--only-baseline", *options]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or [f"the process ended with {done.returncode}"]
            print(f"Note: no row of real against real: {visible(shorten(reason[0].removeprefix('gan-zoo: ')))}")


def missing(folder: Path) -> Iterator[tuple[Result, list[str]]]:
    """Yield a run for each protocol of the study that lacks its baseline, with the options of `evaluate`."""
    ordered: set[tuple[str, ...]] = set()
    for table in rank.tables(grouping.group(collect([folder]))):
        run = next((run for run in table.runs if run.status == "finished" and Run(run.path).model_file.exists()), None)
        if run is None or not is_wanted(table) or not is_of_evaluation(table, evaluation(run)):
            continue
        options = [*options_of(evaluation(run)), *allowed(run)]
        key = (*options, *(str(table.protocol.get(name)) for name in ("data_fingerprint", "real")))
        if key not in ordered:
            ordered.add(key)
            yield run, options


def is_wanted(table: Table) -> bool:
    """Return whether a table compares samples with real images, and has no row of real against real."""
    has_row = any(baseline.weights == baselines.REAL for baseline in table.aside)
    known_to_lack = any(run.record.get("held_out") == "none" for run in table.runs)
    return "generated" in table.protocol and "source" not in table.protocol and not (has_row or known_to_lack)


def is_of_evaluation(table: Table, settings: dict[str, Any]) -> bool:
    """Return whether the scores of a table are those that the run computed while it trained."""
    wanted = {"extractor": settings.get("extractor"), "generated": settings.get("samples")}
    return all(table.protocol.get(name) == value for name, value in wanted.items())


def evaluation(run: Result) -> dict[str, Any]:
    """Return the settings of the evaluation of a run."""
    start = "evaluation."
    return {name.removeprefix(start): value for name, value in run.config.items() if name.startswith(start)}


def options_of(settings: dict[str, Any]) -> list[str]:
    """Return the options of `evaluate` that repeat the evaluation of a run."""
    options = ["--metrics", *settings.get("metrics", ["fd"])]
    for name in ("extractor", "samples", "split", "resize", "weights"):
        if settings.get(name) is not None:
            options += [f"--{name}", str(settings[name])]
    return options


def allowed(run: Result) -> list[str]:
    """Return the options that allow the user's own packages, which the study has just trained with."""
    paths = (str(run.config.get(f"{section}.class_path", "")) for section in ("model", "data"))
    packages = sorted({path.partition(".")[0] for path in paths} - {"", *OURS})
    return [option for package in packages for option in ("--allow-module", package)]
