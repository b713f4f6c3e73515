"""Steps scored again with other latents.

Nothing flatters a best step that is scored with other latents than those that it was chosen by. The last step's score
is the mean over all latents that it was scored with.
"""

from gan_zoo.metrics import names
from gan_zoo.report.collect import Result
from gan_zoo.report.scores import Line, best, is_number, redrawn


def second_looks(found: dict[str, list[list[Line]]], runs: list[Result]) -> set[str]:
    """The kinds that are nothing but best or last steps of another kind, scored again with other latents."""
    looks = set[str]()
    for key in sorted(found, key=lambda key: (sum(map(len, found[key])), key)):
        others = [one for one in found if one != key and one not in looks and redrawn(one) == redrawn(key)]
        if any(all(looks_again(run, key, other) for run in runs if key in run.scores) for other in others):
            looks.add(key)
    return looks


def looks_again(run: Result, key: str, other: str) -> bool:
    """Return whether all that a run has of kind `key` are scores of the best or the last step of kind `other`."""
    lines = run.scores.get(other, [])
    if not any(is_number(line.get("value")) for line in lines):
        return False
    step = best(lines, names.direction(str(lines[0].get("metric"))) == "lower")["step"]
    return all(line["step"] in (step, lines[-1]["step"]) for line in run.scores[key])


def rescored(run: Result, key: str, step: int) -> list[float]:
    """Return the scores of a run's step with other latents than those of kind `key`."""
    return [
        float(line["value"])
        for other, lines in run.scores.items()
        if other != key and redrawn(other) == redrawn(key)
        for line in lines
        if line["step"] == step and is_number(line.get("value"))
    ]
