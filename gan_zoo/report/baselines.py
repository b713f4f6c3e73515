"""Rows of a ranking that no method made, such as real images scored as if they were generated. They have no rank.

A baseline belongs into a table if it was compared with the same real images in the same way. How images are generated,
and the seed of the latents, mean nothing for it.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gan_zoo.metrics.protocol import BASELINES
from gan_zoo.report.collect import Result
from gan_zoo.report.scores import Line, is_number, own_interval, protocol

REAL = "held-out images"
"""Value of `weights` for held-out real images in the place of generated ones."""
NAMES = {
    REAL: "real against real",
    "untranslated": "no translation",
    "mean image": "mean target",
    "real images": "real targets",
}
"""Names of the rows, by the value of `weights`."""
OF_GENERATOR = ("weights", "batch_norm", "truncation", "labels", "latent_seed")
"""Fields of a protocol that say how images were generated."""
OF_SOURCE = ("source", "source_fingerprint")
"""Fields that name the images which were translated, or which stand in the place of generated ones."""
NO_OTHER_SPLIT = "No row of real against real: the data have no other split."


@dataclass(frozen=True)
class Baseline:
    """The score of images that no method made."""

    weights: str
    """What the images are: a key of `NAMES`."""
    value: float
    interval: tuple[float, float] | None
    images: int
    """Number of images that were scored."""
    source: str
    """Name of the images."""
    fewer: bool = False
    """Whether they are fewer than the generated images of the table, which makes distances too high."""

    @property
    def name(self) -> str:
        """The name of its row."""
        return f"{NAMES[self.weights]} (no method)"

    @property
    def meaning(self) -> str:
        """A sentence that says what the row is."""
        if self.weights == REAL:
            few = ", fewer than the methods have, which makes a distance too high," if self.fewer else ""
            what = f"{self.images:,} images of {self.source}{few} in the place of generated ones"
        else:
            what = BASELINES[self.weights]
        return f"{NAMES[self.weights].capitalize()}: {what}; not ranked."


def is_baseline(conditions: dict[str, Any]) -> bool:
    """Return whether the conditions of a score are those of images that no method made."""
    return conditions.get("weights") in NAMES


def beside(key: str, others: Collection[str]) -> list[str]:
    """Return the baselines that belong into a table: with as many images, or else with the most that there are.

    Args:
        key: The kind of the table's scores (`scores.kind`).
        others: The kinds of all scores.
    """
    matches = [other for other in others if is_baseline(conditions_of(other)) and belongs(other, key)]
    wanted = generated(key)
    chosen = []
    for name in NAMES:
        alike = [other for other in matches if conditions_of(other)["weights"] == name]
        count = wanted if any(generated(other) == wanted for other in alike) else max(map(generated, alike), default=0)
        chosen += [other for other in alike if generated(other) == count]
    return chosen


def belongs(other: str, key: str) -> bool:
    """Return whether a baseline of kind `other` was compared in the same way as the scores of kind `key`."""
    left_out = (*OF_GENERATOR, "generated")
    if conditions_of(other)["weights"] in (REAL, "real images"):
        left_out += OF_SOURCE
    if is_baseline(conditions_of(key)) or generated(other) > generated(key):
        return False
    theirs, ours = (
        {name: value for name, value in conditions_of(each).items() if name not in left_out} for each in (other, key)
    )
    return theirs == ours and measured(other) == measured(key)


def conditions_of(key: str) -> dict[str, Any]:
    """Return the conditions in a kind of scores."""
    return json.loads(key)[1]


def generated(key: str) -> int:
    """Return the number of images of a kind of scores; 0 if it does not say so."""
    count = conditions_of(key).get("generated")
    return count if isinstance(count, int) else 0


def measured(key: str) -> str:
    """Return the name of a kind of scores without the number of images at its end: `fd_lenet` for `fd_lenet_10k`."""
    return re.sub(r"_\d+k?$", "", str(json.loads(key)[0]))


def rows(key: str, others: Iterable[str], lines_by_kind: dict[str, list[list[Line]]]) -> list[Baseline]:
    """Return the rows of baselines in a table; several runs may have recorded the same score.

    Args:
        key: The kind of the table's scores.
        others: The kinds of the baselines, as from `beside`.
        lines_by_kind: For each kind, the lines of every run that has it.
    """
    made = []
    for other in others:
        last = [lines[-1] for lines in lines_by_kind[other]]
        values = [float(line["value"]) for line in last if is_number(line.get("value"))]
        if values:
            source = str(protocol(last[0]).get("source", ""))
            weights, images = conditions_of(other)["weights"], generated(other)
            fewer = images < generated(key)
            made.append(Baseline(weights, fmean(values), own_interval(last[0]), images, source, fewer))
    return made


def missing(runs: Iterable[Result], found: Iterable[Baseline]) -> str:
    """Return a note if a table has no row of real against real because its data have no other split; else nothing."""
    if any(baseline.weights == REAL for baseline in found):
        return ""
    return NO_OTHER_SPLIT if any(run.record.get("held_out") == "none" for run in runs) else ""
