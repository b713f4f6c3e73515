"""What a run ends with: a mistake of the user's, or a failure that is not the code's."""

from math import inf


class Mistake(ValueError):
    """Something asked for that cannot be done: the message says what came, what was wanted and what to do.

    The commands print it as one line and end with exit code 2; in a notebook it is an ordinary `ValueError`.
    """


class MissingWeights(Mistake):
    """A file of weights that cannot be downloaded: the message says which, and the command adds its own options."""


class RunFailed(RuntimeError):
    """A run ended before its time: the message says why and what to do; its last checkpoint is good.

    The commands print it as one line and end with exit code 1.
    """


class NonFinite(RunFailed):
    """A loss term or a weight became infinite or not a number."""


def bounded(
    where: str,
    *,
    at_least: int | float = -inf,
    above: int | float = -inf,
    below: int | float = inf,
    **values: int | float | tuple[int | float, ...] | list[int | float],
) -> None:
    """Stop unless each of `values`, or each number in one, is finite and within the bounds.

    Args:
        where: what a user writes before the names: "model.", "--".
        at_least: the least value allowed.
        above: what values are greater than.
        below: what values are less than.
        values: by the names that the user knows.

    Raises:
        Mistake: names the first that is not.
    """
    bounds = {"at least": at_least, "above": above, "below": below}
    wanted = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if abs(bound) < inf)
    for name, value in values.items():
        numbers = value if isinstance(value, tuple | list) else (value,)
        if not all(at_least <= one and above < one < below for one in numbers):  # not so for a nan
            raise Mistake(f"{where}{name} is {value}: it must be {wanted}.")
