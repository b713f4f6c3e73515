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
ALL = 1 << 60
AXES = ("step", "images", "seconds")
Course = list[list[Number | None]]
"""Step, images and seconds, then a value, or of several runs mean, least and greatest."""


def scores(table: Table, groups: list[Group], most: int = POINTS) -> dict[str, Any]:
    """The score's course in each run, and of each group mean and range where all its runs have a score.

    Args:
        table: whose score.
        groups: the runs, in the order of their colours.
        most: points of a curve.
    """
    made: list[dict[str, Any]] = []
    for number, one in enumerate(groups):
        courses = {run.name: course(run.scores.get(table.key, []), "value") for run in one.runs}
        ranked = [courses[run.name] for row in table.rows if row.group is one for run in row.runs]
        runs = [{"name": name, "points": thin(points, most)} for name, points in courses.items() if points]
        if runs:
            mean = thin(band(ranked or list(filter(None, courses.values()))), most) if len(runs) > 1 else []
            made.append({"group": number, "label": one.label, "runs": runs, "mean": mean, "events": events(one)})
    longest = max((len(run["points"]) for one in made for run in one["runs"]), default=0)
    return {"metric": table.metric, "groups": made if longest > 1 else []}


def losses(number: int, one: Group, most: int = POINTS) -> dict[str, Any]:
    """The terms of a group's loss, a line a run, of so many points at most."""
    terms: dict[str, list[dict[str, Any]]] = {}
    for run in one.runs:
        for term in dict.fromkeys(name for line in run.metrics for name in line if "/" in name):
            terms.setdefault(term, []).append({"name": run.name, "points": course(run.metrics, term, most)})
    return {
        "group": number,
        "label": one.label,
        "terms": [{"name": name, "runs": runs} for name, runs in terms.items()],
        "events": events(one),
    }


def speed(groups: list[Group], most: int = POINTS) -> dict[str, Any]:
    """Images per second of each run; in the form of `scores`."""
    made: list[dict[str, Any]] = []
    for number, one in enumerate(groups):
        courses = [(run.name, course(run.metrics, "images_per_second", most)) for run in one.runs]
        runs = [{"name": name, "points": points} for name, points in courses if any(p[3] is not None for p in points)]
        if runs:
            made.append({"group": number, "label": one.label, "runs": runs, "mean": [], "events": []})
    return {"metric": "images per second", "groups": made}


def course(lines: Sequence[Line], name: str, most: int = ALL) -> Course:
    """Step, images, seconds and one value of each line, or of so many lines that show the course."""
    values = [known(line.get(name)) for line in lines]
    return [[*(known(lines[i].get(axis)) for axis in AXES), values[i]] for i in telling(values, most)]


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


def thin(points: Course, most: int) -> Course:
    """At most so many of the points."""
    return [points[i] for i in telling([point[3] for point in points], most)]


def telling(values: Sequence[Number | None], most: int) -> list[int]:
    """The places of at most so many values: both ends, and of each stretch between them the least and the greatest.

    So a thinned curve reaches as far up and down as the whole one does. Of a stretch without any number, one place
    is kept: a gap stays a gap.
    """
    if len(values) <= most:
        return list(range(len(values)))
    kept, inner, count = [0], len(values) - 2, (most - 2) // 2
    for i in range(count):
        stretch = range(1 + inner * i // count, 1 + inner * (i + 1) // count)
        valued = [(value, place) for place in stretch if (value := values[place]) is not None]
        kept += sorted({min(valued)[1], max(valued)[1]}) if valued else [stretch[0]]
    return [*kept, len(values) - 1]
