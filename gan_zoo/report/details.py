"""What stands below the scores: runs, what went wrong, which settings differ, and what the runs were made with."""

from typing import Any

from gan_zoo.report import tables
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, differing, plain
from gan_zoo.report.scores import is_number
from gan_zoo.report.sheets import Sheet

ENVIRONMENT = ("device", "devices", "threads", "host", "git")


def run_sheet(groups: list[Group]) -> Sheet:
    """Every run, by method."""
    head = ("run", "seed", "step", "images", "time", "images/s", "status")
    numbers = tuple(name not in ("run", "status") for name in head)
    return Sheet("runs", "Runs", head, numbers, [run_row(run) for one in groups for run in one.runs])


def run_row(run: Result) -> list[str]:
    speed = run.record.get("images_per_second")
    images, seconds = run.last.get("images"), run.last.get("seconds")
    return [
        run.name,
        str(run.seed) if run.seed is not None else tables.NONE,
        tables.NONE if run.is_foreign else f"{run.step:,}",
        f"{images:,}" if is_number(images) else tables.NONE,
        tables.duration([seconds] if is_number(seconds) else []),
        f"{speed:,.0f}" if is_number(speed) else tables.NONE,
        run.status,
    ]


def trouble(run: Result) -> dict[str, Any]:
    """A run that did not finish: why, and what it printed last."""
    return {"name": run.name, "status": run.status, "step": f"{run.step:,}", "error": run.error, "log": run.log}


def differences(groups: list[Group]) -> list[dict[str, Any]]:
    """The settings that are not alike in all runs: each value, and whose it is; the seed only if groups differ."""
    found = []
    for name in differing([run.config for one in groups for run in one.runs if run.config]):
        values: dict[str, list[int]] = {}
        for number, one in enumerate(groups):
            values.setdefault(values_of(name, one), []).append(number)
        if name != "seed" or len(values) > 1:
            found.append({"setting": name, "values": [{"value": v, "groups": n} for v, n in values.items()]})
    return found


def values_of(name: str, one: Group) -> str:
    """A group's value of a setting, or its runs' several; a dash where it has no such setting."""
    known = [plain(run.config[name]) for run in one.runs if name in run.config]
    return " | ".join(sorted(set(known))) or tables.NONE


def environment(results: list[Result]) -> list[dict[str, str]]:
    """What the runs were made with; several values where they differ."""
    found: dict[str, dict[str, int]] = {}
    for run in results:
        versions = run.record.get("versions")
        known = versions if isinstance(versions, dict) else {}
        known = {**known, **{name: run.record.get(name) for name in ENVIRONMENT}}
        known["git"] = str(known["git"])[:12] if known["git"] else None
        for name, value in known.items():
            if value is not None:
                counts = found.setdefault(name, {})
                counts[str(value)] = counts.get(str(value), 0) + 1
    return [{"name": name, "value": spread_out(counts)} for name, counts in found.items()]


def spread_out(counts: dict[str, int]) -> str:
    """The one value, or each with the number of its runs."""
    if len(counts) == 1:
        return next(iter(counts))
    return " | ".join(f"{value} ({count} runs)" for value, count in counts.items())
