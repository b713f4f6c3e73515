"""Prints scores, and records them in a run."""

import json
import sys
from typing import Any

from datamodules.names import visible
from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import Scores, lines
from gan_zoo.metrics.judges import Judge
from gan_zoo.metrics.names import suspicion
from gan_zoo.metrics.protocol import BASELINES, LikelihoodProtocol, Protocol, completed, same
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


def keep(run: Run, scores: Scores, protocol: Protocol | LikelihoodProtocol, step: int, real_images: int | None) -> None:
    """Add scores to the evaluations of a run, in the first process, unless they are there under the same protocol.

    The lines are marked by `origin`, and by `baseline` if no model made the images. A run that resumes drops its own
    lines from after its checkpoint, but keeps these.

    Args:
        run: The run.
        scores: Values by name.
        protocol: Protocol of the scores.
        step: Step of the checkpoint.
        real_images: Number of real images that the model was trained on by then; None: unknown.

    Raises:
        Mistake: The file cannot be written, or holds another value of a score.
    """
    if rank() > 0:
        return
    recorded = {identity(line): line.get("value") for line in lines_of(run.evaluations_file) if isinstance(line, dict)}
    found = lines(scores, protocol, step, real_images)
    is_baseline = isinstance(protocol, Protocol) and protocol.conditions.weights in BASELINES
    marks = {"origin": "evaluate"} | ({"baseline": True} if is_baseline else {})
    for line in found:
        if identity(line) in recorded:
            refuse_changed(run, line, recorded[identity(line)])
    for line in found:
        if identity(line) not in recorded:
            try:
                run.append(run.evaluations_file, line | marks)
            except OSError as error:
                raise Mistake(f"{run.evaluations_file} cannot be written: {error.strerror}.") from error


def identity(line: dict[str, Any]) -> str:
    """Return the fields of a line that identify the score, as text: the step, the score and its protocol."""
    protocol = line.get("protocol")
    conditions = completed(protocol) if isinstance(protocol, dict) else {}
    return json.dumps([line.get("step"), line.get("metric"), conditions], sort_keys=True)


def refuse_changed(run: Run, line: dict[str, Any], before: int | float | None) -> None:
    """Raise `Mistake` if a score has another value than before; devices may round it differently."""
    if not same(before, line["value"]):
        raise Mistake(
            f"{run.evaluations_file} has {line['metric']} {before} at step {line['step']} under the same protocol, and "
            f"this is {line['value']:.6g}: the model or the code has changed since, so remove the old line first."
        )
