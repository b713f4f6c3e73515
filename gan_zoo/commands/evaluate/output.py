"""Prints scores, and records them in a run."""

import sys
from typing import Any

from datamodules.names import visible
from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import Scores, lines
from gan_zoo.metrics.judges import Judge
from gan_zoo.metrics.names import suspicion
from gan_zoo.metrics.protocol import LikelihoodProtocol, Protocol
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines as lines_of


def note(evaluator: Judge, samples: int) -> None:
    """Print a note if there are too few images for an unbiased distance."""
    if rank() == 0 and (message := evaluator.few(samples)):
        print(message, file=sys.stderr)


def tell(scores: Scores, prefix: str, subset: str = "") -> None:
    """Print the scores, one a line, in the first process.

    Args:
        scores: Values by name.
        prefix: Beginning of each line: run and step, if there are several.
        subset: Which images the scores are about, if not all; it ends each line, in parentheses.
    """
    if rank() > 0:
        return
    for name, score in scores.items():
        interval = " [{:.6g}, {:.6g}]".format(*score.interval) if score.interval else ""
        print(visible(f"{prefix}{name} {score.value:.6g}{interval}{f' ({subset})' if subset else ''}"))
        if warning := suspicion(name, score.value, score.interval[1] if score.interval else None):
            print(f"Note: {warning}", file=sys.stderr)


def keep(run: Run, scores: Scores, protocol: Protocol | LikelihoodProtocol, step: int, real_images: int) -> None:
    """Add scores to the evaluations of a run, in the first process, unless they are there under the same protocol.

    The lines are marked by `origin`. A run that resumes drops its own lines from after its checkpoint, but keeps these.

    Args:
        run: The run.
        scores: Values by name.
        protocol: Protocol of the scores.
        step: Step of the checkpoint.
        real_images: Number of real images that the model was trained on by then.

    Raises:
        Mistake: The file cannot be written.
    """
    if rank() > 0:
        return
    recorded = [without_value(line) for line in lines_of(run.evaluations_file)]
    for line in lines(scores, protocol, step, real_images):
        if without_value(line) not in recorded:
            try:
                run.append(run.evaluations_file, line | {"origin": "evaluate"})
            except OSError as error:
                raise Mistake(f"{run.evaluations_file} cannot be written: {error.strerror}.") from error


def without_value(line: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a line that identify the score."""
    return {name: value for name, value in line.items() if name not in ("value", "interval", "origin")}
