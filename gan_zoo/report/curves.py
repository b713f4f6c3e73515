"""The curves of the page: scores and losses of each run, thinned to what a screen can show."""

from statistics import fmean
from typing import Any

from gan_zoo.report import rank
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group
from gan_zoo.report.rank import Number, Table

POINTS = 400
"""Most points of a curve: more than a screen can show of it."""
AXES = ("step", "images", "seconds")
Course = list[list[Number | None]]
"""Step, images, seconds and value of each score."""


def curves(table: Table, groups: list[Group]) -> dict[str, Any]:
    """The score's course in each run, and each group's mean where all its runs have a score."""
    made: list[dict[str, Any]] = []
    for number, one in enumerate(groups):
        courses = {run.name: course(run, table) for run in one.runs}
        lines = [{"name": name, "points": thin(points)} for name, points in courses.items() if points]
        if lines:
            ranked = [courses[run.name] for row in table.rows if row.group is one for run in row.runs]
            mean = thin(average(ranked or list(courses.values())))
            made.append({"group": number, "label": one.label, "runs": lines, "mean": mean if len(lines) > 1 else []})
    longest = max((len(line["points"]) for one in made for line in one["runs"]), default=0)
    return {"metric": table.metric, "groups": made if longest > 1 else []}


def course(run: Result, table: Table) -> Course:
    """Step, images, seconds and value of each score of a run that belongs in the table."""
    key = rank.kind({"metric": table.metric, "protocol": table.protocol})
    return [[line.get(axis) for axis in AXES] + [line.get("value")] for line in rank.scores(run).get(key, [])]


def average(courses: list[Course]) -> Course:
    """The mean of each column over the runs, at the steps that all of them have."""
    by_step = [{point[0]: point for point in points} for points in courses]
    shared = [step for step in by_step[0] if all(step in points for points in by_step)] if by_step else []
    return [[mean(column) for column in zip(*(one[step] for one in by_step), strict=True)] for step in shared]


def mean(values: tuple[Number | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def thin(points: list[Any]) -> list[Any]:
    """At most POINTS of the points, evenly spread, the first and the last among them."""
    if len(points) <= POINTS:
        return points
    return [points[round(i * (len(points) - 1) / (POINTS - 1))] for i in range(POINTS)]


def losses(number: int, one: Group) -> dict[str, Any]:
    """The terms of a group's loss, a line a run."""
    terms: dict[str, list[dict[str, Any]]] = {}
    for run in one.runs:
        lines = thin(run.metrics)
        for term in dict.fromkeys(name for line in lines for name in line if "/" in name):
            points = [[line["step"], line.get(term)] for line in lines]
            terms.setdefault(term, []).append({"name": run.name, "points": points})
    return {
        "group": number,
        "label": one.label,
        "terms": [{"name": name, "runs": runs} for name, runs in terms.items()],
    }
