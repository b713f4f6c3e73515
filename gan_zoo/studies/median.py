"""The median rule: a trial is stopped if its best score is worse than what half of the other trials had by that step.

The rule is that of Google Vizier (Golovin 2017, 3.2.2), with the best score of a trial in place of its running average,
because the scores of a generator jump. A trial competes with those of its own method, seed and other settings alone, so
that no method loses trials because another is better. At least `FEWEST` of them must have come so far.
"""

from collections.abc import Callable
from contextlib import suppress
from statistics import median

from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.run.reading import Damaged
from gan_zoo.studies.board import Board, Job
from gan_zoo.studies.expand import Cell

FEWEST = 3
"""Number of other trials that a trial is compared with, at least."""
Scores = list[tuple[int, float]]
"""Steps and scores of a run, in their order."""


class MedianRule:
    """The rule for the trials of a study; without `search.median_stopping` no trial is hopeless.

    Args:
        board: The study and the directories of its cells.
        direction: Returns `lower` or `higher` for the name of a score: what is better.
    """

    def __init__(self, board: Board, direction: Callable[[str], str]) -> None:
        search = board.study.search
        self.direction = direction
        self.board, self.steps = board, search.median_stopping if search else None
        self._judged: dict[str, int] = {}
        """The step at which each cell was looked at last."""
        self._rivals: dict[str, list[Cell]] = {}
        by_rest: dict[str, list[Cell]] = {}
        for cell in board.cells if self.steps else ():
            by_rest.setdefault(rest(cell), []).append(cell)
        for cells in by_rest.values():
            self._rivals |= {cell.name: [other for other in cells if other is not cell] for cell in cells}

    def hopeless(self, job: Job) -> str:
        """Return why the trial of `job` is to be stopped, in one line; "" if it is not."""
        if self.steps is None:
            return ""
        metric, scored = scores(job.run)
        step = scored[-1][0] if scored else -1
        if step < self.steps or step == self._judged.get(job.cell):
            return ""
        self._judged[job.cell] = step
        others = [scores(self.board.run(rival.name))[1] for rival in self._rivals[job.cell]]
        lower = self.direction(metric) == "lower"
        return verdict(metric, step, scored, [other for other in others if other and other[-1][0] >= step], lower)


def verdict(metric: str, step: int, scored: Scores, others: list[Scores], lower: bool) -> str:
    """Return why a trial is hopeless at a step that all others have reached; "" if it is not."""
    own, bests = best_by(step, scored, lower), [best_by(step, other, lower) for other in others]
    if len(bests) < FEWEST or (own <= median(bests) if lower else own >= median(bests)):
        return ""
    return (
        f"stopped at step {step}: its best {metric}, {own:.4g}, is worse than {median(bests):.4g}, the median of "
        f"{len(bests)} other trials"
    )


def rest(cell: Cell) -> str:
    """Return a text that is equal for trials that differ only in what they drew."""
    return repr((cell.method, [(name, value) for name, value in cell.settings.items() if name not in cell.drawn]))


def scores(run: Run) -> tuple[str, Scores]:
    """Return the name of the first score of a run, which decides which of its steps is best, and its finite values."""
    found: Scores = []
    metric = ""
    with suppress(Damaged):  # a damaged run is none of the rule's business: its trial is reported as damaged
        for line in lines(run.evaluations_file):
            metric = metric or str(line.get("metric"))
            if line.get("metric") == metric and line.get("value") is not None:
                found.append((line["step"], float(line["value"])))
    return metric, found


def best_by(step: int, scored: Scores, lower: bool) -> float:
    """Return the best score up to a step."""
    return (min if lower else max)(value for at, value in scored if at <= step)
