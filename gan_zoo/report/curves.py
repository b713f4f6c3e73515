"""The curves of the page: scores, losses and speed of each run, thinned to what a screen can show."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group
from gan_zoo.report.rank import Table
from gan_zoo.report.scores import Line, Number, at, is_number

POINTS = 300
"""Most points of a curve on the page: more than a screen can show of it. Tables and figures have all."""
AXES = ("step", "images", "seconds")
Course = list[list[Number | None]]
"""Step, images and seconds, then a value, or of several runs mean, least and greatest."""


def scores(table: Table, groups: list[Group]) -> dict[str, Any]:
    """The score's course in each run, and of each group mean and range where all its runs have a score."""
    made: list[dict[str, Any]] = []
    for number, one in enumerate(groups):
        courses = {run.name: course(run.scores.get(table.key, []), "value") for run in one.runs}
        ranked = [courses[run.name] for row in table.rows if row.group is one for run in row.runs]
        runs = [{"name": name, "points": points} for name, points in courses.items() if points]
        if runs:
            mean = band(ranked or [points for points in courses.values() if points]) if len(runs) > 1 else []
            made.append({"group": number, "label": one.label, "runs": runs, "mean": mean, "events": events(one)})
    longest = max((len(run["points"]) for one in made for run in one["runs"]), default=0)
    return {"metric": table.metric, "groups": made if longest > 1 else []}


def losses(number: int, one: Group) -> dict[str, Any]:
    """The terms of a group's loss, a line a run."""
    terms: dict[str, list[dict[str, Any]]] = {}
    for run in one.runs:
        for term in dict.fromkeys(name for line in run.metrics for name in line if "/" in name):
            terms.setdefault(term, []).append({"name": run.name, "points": course(run.metrics, term)})
    return {
        "group": number,
        "label": one.label,
        "terms": [{"name": name, "runs": runs} for name, runs in terms.items()],
        "events": events(one),
    }


def speed(groups: list[Group]) -> dict[str, Any]:
    """Images per second of each run; in the form of `scores`."""
    made: list[dict[str, Any]] = []
    for number, one in enumerate(groups):
        courses = [(run.name, course(run.metrics, "images_per_second")) for run in one.runs]
        runs = [{"name": name, "points": points} for name, points in courses if any(p[3] is not None for p in points)]
        if runs:
            made.append({"group": number, "label": one.label, "runs": runs, "mean": [], "events": []})
    return {"metric": "images per second", "groups": made}


def course(lines: Sequence[Line], name: str) -> Course:
    """Step, images, seconds and one value of each line."""
    return [[known(line.get(axis)) for axis in AXES] + [known(line.get(name))] for line in lines]


def known(value: Any) -> Number | None:
    return value if is_number(value) else None


def band(courses: list[Course]) -> Course:
    """Means of steps, images and seconds, then mean, least and greatest value, at the steps that all runs have."""
    by_step = [{point[0]: point for point in points} for points in courses]
    shared = [step for step in by_step[0] if all(step in points for points in by_step)] if by_step else []
    made: Course = []
    for step in shared:
        columns = list(zip(*(one[step] for one in by_step), strict=True))
        made.append([over(fmean, column) for column in columns] + [over(min, columns[3]), over(max, columns[3])])
    return made


def over(function: Callable[[Sequence[Number]], Number], column: Sequence[Number | None]) -> Number | None:
    """The function of all values; None if one of them is missing."""
    values = [value for value in column if value is not None]
    return function(values) if len(values) == len(column) else None


def events(one: Group) -> list[dict[str, Any]]:
    """What the watchdog saw in a group's runs, and when."""
    found = []
    for run in one.runs:
        for event in run.events:
            when = [event["step"], *(reached(run, event["step"], axis) for axis in AXES[1:])]
            found.append(
                {"run": run.name, "at": when} | {key: str(event.get(key) or "") for key in ("kind", "message")}
            )
    return found


def reached(run: Result, step: int, axis: str) -> Number | None:
    """Images or seconds of a run at a step."""
    return at(step, [(line["step"], line[axis]) for line in run.metrics if is_number(line.get(axis))])


def thin(points: Course, most: int = POINTS) -> Course:
    """At most so many of the points, both ends among them, and of each stretch the least and the greatest value.

    So a curve on the page reaches as far up and down as the whole one does; stretches are as long as there are points.
    """
    if len(points) <= most:
        return points
    inner, count = points[1:-1], (most - 2) // 2
    kept: Course = [points[0]]
    for i in range(count):
        stretch = inner[len(inner) * i // count : len(inner) * (i + 1) // count]
        valued = [point for point in stretch if point[3] is not None] or stretch[:1]
        extremes = {id(end): end for end in (min(valued, key=level), max(valued, key=level))}
        kept += [point for point in valued if id(point) in extremes]
    return [*kept, points[-1]]


def level(point: list[Number | None]) -> Number:
    return point[3] if point[3] is not None else 0


def thinned(value: Any) -> Any:
    """A panel of curves with every course in it thinned, for the page."""
    if isinstance(value, dict):
        return {key: thin(one) if key in ("points", "mean") else thinned(one) for key, one in value.items()}
    return [thinned(one) for one in value] if isinstance(value, list) else value
