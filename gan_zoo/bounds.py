"""What a model's hyperparameters may be, by their names: one vocabulary, one bound."""

from collections.abc import Mapping
from math import inf
from typing import Any

from gan_zoo.errors import Mistake

BOUNDS: dict[str, dict[str, float]] = {
    "latent_dim": {"at_least": 1},
    "width": {"at_least": 1},
    "discriminator_width": {"at_least": 1},
    "n_critic": {"at_least": 1},
    "generator_batch": {"at_least": 1},
    "penalty_weight": {"at_least": 0},
    "class_weight": {"at_least": 0},
    "generator_class_weight": {"at_least": 0},
    "learning_rate": {"above": 0},
    "betas": {"at_least": 0, "below": 1},
    "decay_until": {"at_least": 0},
    "average_half_life": {"at_least": 0},
    "batch_size": {"at_least": 1},
    "stable_images": {"at_least": 0},
    "fade_images": {"at_least": 0},
    "stddev_group": {"at_least": 1},
}
"""Of the names that several models have; what is a paper's own is bounded in its file."""


def refuse_unusable(hyperparameters: Mapping[str, Any]) -> None:
    """Stop unless each of `hyperparameters` that is in `BOUNDS` keeps them.

    Raises:
        Mistake: names the first that does not.
    """
    for name, bounds in BOUNDS.items():
        if name in hyperparameters:
            bounded("model.", **bounds, **{name: hyperparameters[name]})


def bounded(
    where: str,
    *,
    at_least: int | float = -inf,
    at_most: int | float = inf,
    above: int | float = -inf,
    below: int | float = inf,
    **values: int | float | tuple[int | float, ...] | list[int | float],
) -> None:
    """Stop unless each of `values`, or each number in one, is finite and within the bounds.

    Args:
        where: what a user writes before the names: "model.", "--".
        at_least: the least value allowed.
        at_most: the largest value allowed.
        above: what values are greater than.
        below: what values are less than.
        values: by the names that the user knows.

    Raises:
        Mistake: names the first that is not.
    """
    bounds = {"at least": at_least, "at most": at_most, "above": above, "below": below}
    wanted = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if abs(bound) < inf)
    for name, value in values.items():
        numbers = value if isinstance(value, tuple | list) else (value,)
        if not all(at_least <= one <= at_most and above < one < below for one in numbers):  # not so for a nan
            raise Mistake(f"{where}{name} is {value}: it must be {wanted}.")
