"""Compute the curves of the page: scores, losses and speed of each run, with as many points as a screen can show."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group
from gan_zoo.report.rank import Table
from gan_zoo.report.scores import Line, Number, at, is_number

POINTS = 300
"""Maximum number of points of a curve on the page, which is more than a screen shows. Tables and figures have all."""
ALL = 1 << 60
"""A maximum that no curve reaches: all points are kept."""
AXES = ("step", "images", "seconds")
Course = list[list[Number | None]]
"""Points of step, images, seconds and a value; for several runs, the value is mean, minimum and maximum."""


def scores(table: Table, groups: list[Group], most: int = POINTS) -> dict[str, Any]:
    """Return the curve of a score in each run, and the mean and range of each group.

    Mean and range cover the steps at which all averaged runs of the group have a score.

    Args:
        table: The table whose score is drawn.
        groups: The groups of runs, in the order of their colours.
        most: Maximum number of points of a curve.
    """
    panels: list[dict[str, Any]] = []
    for number, group in enumerate(groups):
        courses = {run.name: course(run.scores.get(table.key, []), "value") for run in group.runs}
        averaged = [courses[run.name] for row in table.rows if row.group is group for run in row.runs]
        runs = [{"name": name, "points": thin(points, most)} for name, points in courses.items() if points]
        if runs:
            mean = thin(band(averaged or list(filter(None, courses.values()))), most) if len(runs) > 1 else []
            panels.append({"group": number, "label": group.label, "runs": runs, "mean": mean, "events": events(group)})
    longest = max((len(run["points"]) for group in panels for run in group["runs"]), default=0)
    return {"metric": table.metric, "groups": panels if longest > 1 else []}


def losses(number: int, group: Group, most: int = POINTS) -> dict[str, Any]:
    """Return the curves of the loss terms of group `number`, a line for each run, with at most `most` points each."""
    terms: dict[str, list[dict[str, Any]]] = {}
    for run in group.runs:
        for term in dict.fromkeys(name for line in run.metrics for name in line if "/" in name):
            terms.setdefault(term, []).append({"name": run.name, "points": course(run.metrics, term, most)})
    return {
        "group": number,
        "label": group.label,
        "terms": [{"name": name, "runs": runs} for name, runs in terms.items()],
        "events": events(group),
    }


def speed(groups: list[Group], most: int = POINTS) -> dict[str, Any]:
    """Return the curves of images per second of each run, in the form that `scores` returns."""
    panels: list[dict[str, Any]] = []
    for number, group in enumerate(groups):
        courses = [(run.name, course(run.metrics, "images_per_second", most)) for run in group.runs]
        runs = [{"name": name, "points": points} for name, points in courses if any(p[3] is not None for p in points)]
        if runs:
            panels.append({"group": number, "label": group.label, "runs": runs, "mean": [], "events": []})
    return {"metric": "images per second", "groups": panels}


def course(lines: Sequence[Line], name: str, most: int = ALL) -> Course:
    """Return step, images, seconds and the value `name` of at most `most` lines, chosen by `telling`."""
    values = [known(line.get(name)) for line in lines]
    return [[*(known(lines[i].get(axis)) for axis in AXES), values[i]] for i in telling(values, most)]


def known(value: Any) -> Number | None:
    """Return `value` if it is a number, else None."""
    return value if is_number(value) else None


def band(courses: list[Course]) -> Course:
    """Return the mean curve of several runs with its range, at the steps that all runs have.

    Each point holds the means of step, images and seconds, then mean, minimum and maximum of the value.
    """
    by_step = [{point[0]: point for point in points} for points in courses]
    shared = [step for step in by_step[0] if all(step in points for points in by_step)] if by_step else []
    points_of_mean: Course = []
    for step in shared:
        columns = list(zip(*(points_at[step] for points_at in by_step), strict=True))
        points_of_mean.append(
            [over(fmean, column) for column in columns] + [over(min, columns[3]), over(max, columns[3])]
        )
    return points_of_mean


def over(function: Callable[[Sequence[Number]], Number], column: Sequence[Number | None]) -> Number | None:
    """Return `function` of all values in `column`; None if one of them is missing."""
    values = [value for value in column if value is not None]
    return function(values) if len(values) == len(column) else None


def events(group: Group) -> list[dict[str, Any]]:
    """Return the events that the watchdog recorded in a group's runs, with step, images and seconds."""
    events_of_runs = []
    for run in group.runs:
        for event in run.events:
            moment = [event["step"], *(reached(run, event["step"], axis) for axis in AXES[1:])]
            events_of_runs.append(
                {"run": run.name, "at": moment} | {key: str(event.get(key) or "") for key in ("kind", "message")}
            )
    return events_of_runs


def reached(run: Result, step: int, axis: str) -> Number | None:
    """Return the images or seconds of a run at `step`; None if the run recorded none."""
    return at(step, [(line["step"], line[axis]) for line in run.metrics if is_number(line.get(axis))])


def thin(points: Course, most: int) -> Course:
    """Return at most `most` of the points, chosen by `telling`."""
    return [points[i] for i in telling([point[3] for point in points], most)]


def telling(values: Sequence[Number | None], most: int) -> list[int]:
    """Return the indices of at most `most` values: both ends, and the minimum and maximum of each stretch between.

    A thinned curve therefore reaches as far up and down as the whole curve. A stretch without any number keeps one
    index, so that a gap stays a gap.
    """
    if len(values) <= most:
        return list(range(len(values)))
    indices, inner, count = [0], len(values) - 2, (most - 2) // 2
    for i in range(count):
        stretch = range(1 + inner * i // count, 1 + inner * (i + 1) // count)
        valued = [(value, index) for index in stretch if (value := values[index]) is not None]
        indices += sorted({min(valued)[1], max(valued)[1]}) if valued else [stretch[0]]
    return [*indices, len(values) - 1]
