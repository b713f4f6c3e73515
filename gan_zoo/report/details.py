"""Describe the runs for the lower part of the page: runs, failures, settings that differ, and environment."""

from typing import Any

from gan_zoo.report import tables
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, differing, plain
from gan_zoo.report.scores import is_number
from gan_zoo.report.sheets import Sheet

ENVIRONMENT = ("device", "devices", "threads", "host", "git")


def run_sheet(groups: list[Group]) -> Sheet:
    """Return the table of all runs, method by method."""
    head = ("run", "seed", "step", "images", "time", "images/s", "status")
    numbers = tuple(name not in ("run", "status") for name in head)
    return Sheet("runs", "Runs", head, numbers, [run_row(run) for group in groups for run in group.runs])


def run_row(run: Result) -> list[str]:
    """Return the cells of one run in the table of all runs."""
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
    """Return what the page shows of a run that did not finish: the reason, and the last lines of its log."""
    return {"name": run.name, "status": run.status, "step": f"{run.step:,}", "error": run.error, "log": run.log}


def differences(groups: list[Group]) -> list[dict[str, Any]]:
    """Return the settings that are not the same in all runs: each value, and the numbers of the groups that have it.

    The seed is included only if the groups have different seeds.
    """
    settings = []
    for name in differing([run.config for group in groups for run in group.runs if run.config]):
        values: dict[str, list[int]] = {}
        for number, group in enumerate(groups):
            values.setdefault(values_of(name, group), []).append(number)
        if name != "seed" or len(values) > 1:
            settings.append(
                {"setting": name, "values": [{"value": value, "groups": numbers} for value, numbers in values.items()]}
            )
    return settings


def values_of(name: str, group: Group) -> str:
    """Return the values of a setting in a group, as one text; a dash if no run of the group has the setting."""
    values = [plain(run.config[name]) for run in group.runs if name in run.config]
    return " | ".join(sorted(set(values))) or tables.NONE


def environment(results: list[Result]) -> list[dict[str, str]]:
    """Return the devices, versions and commits that the runs were trained with; all values where runs differ."""
    counts_by_name: dict[str, dict[str, int]] = {}
    for run in results:
        versions = run.record.get("versions")
        items = versions if isinstance(versions, dict) else {}
        items = {**items, **{name: run.record.get(name) for name in ENVIRONMENT}}
        items["git"] = str(items["git"])[:12] if items["git"] else None
        for name, value in items.items():
            if value is not None:
                counts = counts_by_name.setdefault(name, {})
                counts[str(value)] = counts.get(str(value), 0) + 1
    return [{"name": name, "value": spread_out(counts)} for name, counts in counts_by_name.items()]


def spread_out(counts: dict[str, int]) -> str:
    """Return the only value, or every value with the number of its runs."""
    if len(counts) == 1:
        return next(iter(counts))
    return " | ".join(f"{value} ({count} runs)" for value, count in counts.items())
