"""`gan-zoo evaluate`: scores of runs at their checkpoints, or of other people's images, with their protocol."""

from gan_zoo.commands.evaluate.foreign import score_foreign
from gan_zoo.commands.evaluate.likelihood import is_likelihood, score_likelihoods
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.processes import spread
from gan_zoo.commands.evaluate.runs import score_runs


def evaluate(asked: Order) -> int:
    """Score what was asked for, print the values, and add them to the runs' evaluations.

    Raises:
        Mistake: of the user's, in names, files or options.
        DataError: The data cannot be used.
    """
    spread(work, asked, asked.devices)
    return 0


def work(asked: Order) -> None:
    """All of it, as one process of a group or alone."""
    if is_likelihood(asked):
        score_likelihoods(asked)
    elif asked.fake:
        score_foreign(asked)
    else:
        score_runs(asked)
