"""Find scores that were computed again with other latents.

The best step was chosen by its own score, so that score is too good; a second score with other latents is not. The last
step's score is the mean over all latents that it was scored with.
"""

from gan_zoo.metrics import names
from gan_zoo.report.collect import Result
from gan_zoo.report.scores import Line, best, is_number, redrawn


def second_looks(lines_by_kind: dict[str, list[list[Line]]], runs: list[Result]) -> set[str]:
    """Return the kinds of scores that hold nothing but second scores of the best or last steps of another kind.

    Args:
        lines_by_kind: For each kind, the lines of every run that has it.
        runs: All runs.
    """
    looks = set[str]()
    for key in sorted(lines_by_kind, key=lambda key: (sum(map(len, lines_by_kind[key])), key)):
        others = [kind for kind in lines_by_kind if kind != key and kind not in looks and redrawn(kind) == redrawn(key)]
        if any(all(looks_again(run, key, other) for run in runs if key in run.scores) for other in others):
            looks.add(key)
    return looks


def looks_again(run: Result, key: str, other: str) -> bool:
    """Return whether all scores of kind `key` in `run` are at the best or the last step of kind `other`."""
    lines = run.scores.get(other, [])
    if not any(is_number(line.get("value")) for line in lines):
        return False
    step = best(lines, names.direction(str(lines[0].get("metric"))) == "lower")["step"]
    return all(line["step"] in (step, lines[-1]["step"]) for line in run.scores[key])


def rescored(run: Result, key: str, step: int) -> list[float]:
    """Return the scores at `step` with other latents than those of kind `key`."""
    return [
        float(line["value"])
        for other, lines in run.scores.items()
        if other != key and redrawn(other) == redrawn(key)
        for line in lines
        if line["step"] == step and is_number(line.get("value"))
    ]
