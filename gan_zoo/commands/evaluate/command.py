"""`gan-zoo evaluate`: scores of runs at their checkpoints, or of other people's images, with their protocol."""

from gan_zoo.commands.evaluate.foreign import score_foreign
from gan_zoo.commands.evaluate.likelihood import is_likelihood, score_likelihoods
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.processes import spread
from gan_zoo.commands.evaluate.runs import score_runs


def evaluate(order: Order) -> int:
    """Compute the scores of an order, print them, and add them to the evaluations of the runs.

    Raises:
        Mistake: The user made a mistake in names, files or options.
        DataError: The data cannot be used.
    """
    spread(work, order, order.devices)
    return 0


def work(order: Order) -> None:
    """Carry out the order, alone or as one process of a group."""
    if is_likelihood(order):
        score_likelihoods(order)
    elif order.fake:
        score_foreign(order)
    else:
        score_runs(order)
