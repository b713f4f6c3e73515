"""What `evaluate` says, and what it adds to a run."""

import sys
from typing import Any

from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import Scores, lines
from gan_zoo.metrics.judges import Judge
from gan_zoo.metrics.protocol import LikelihoodProtocol, Protocol
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines as lines_of


def note(judge: Judge, samples: int) -> None:
    if rank() == 0 and (said := judge.few(samples)):
        print(said, file=sys.stderr)


def tell(scores: Scores, where: str, of: str = "") -> None:
    """Print the values, once for all processes.

    Args:
        scores: by name.
        where: begins each line: run and step, where there are several.
        of: ends each line: which of the images, where not all.
    """
    if rank() > 0:
        return
    for name, one in scores.items():
        interval = " [{:.6g}, {:.6g}]".format(*one.interval) if one.interval else ""
        print(f"{where}{name} {one.value:.6g}{interval}{f' ({of})' if of else ''}")


def keep(run: Run, scores: Scores, protocol: Protocol | LikelihoodProtocol, step: int, shown: int) -> None:
    """Add the lines that are not there yet: the same score under the same conditions is the same line.

    They are marked by `origin`: a run that goes on drops its own lines past its checkpoint, and not those.

    Raises:
        Mistake: the file cannot be written.
    """
    if rank() > 0:
        return
    there = [without_value(line) for line in lines_of(run.evaluations_file)]
    for line in lines(scores, protocol, step, shown):
        if without_value(line) not in there:
            try:
                run.append(run.evaluations_file, line | {"origin": "evaluate"})
            except OSError as error:
                raise Mistake(f"{run.evaluations_file} cannot be written: {error.strerror}.") from error


def without_value(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("value", "interval", "origin")}
