"""Bounds on the hyperparameters of models, by name. A name has the same bounds in all models."""

from collections.abc import Mapping
from math import inf
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten

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
    "mapping_layers": {"at_least": 1, "at_most": 1000},
    "mixing_probability": {"at_least": 0, "at_most": 1},
}
"""Bounds of the names that several models have. Hyperparameters of one paper are bounded in its file."""
LARGEST = 2**53
"""Largest whole number that all parts take alike; more than any count of images, steps or bytes."""


def refuse_unusable(hyperparameters: Mapping[str, Any]) -> None:
    """Raise a `Mistake` if any of `hyperparameters` is outside its bounds in `BOUNDS`.

    Raises:
        Mistake: A value is out of bounds. The message names the first one.
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
    """Raise a `Mistake` unless all `values`, or all numbers of a list of values, are finite and within the bounds.

    Args:
        where: What a user writes before the names, such as "model." or "--".
        at_least: Smallest value allowed.
        at_most: Largest value allowed.
        above: Values must be greater than this.
        below: Values must be less than this.
        values: The values, by the names that the user knows.

    Raises:
        Mistake: A value is out of bounds. The message names the first one.
    """
    bounds = {"at least": at_least, "at most": at_most, "above": above, "below": below}
    requirement = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if abs(bound) < inf) or "finite"
    for name, value in values.items():
        numbers = value if isinstance(value, tuple | list) else (value,)
        # A comparison with NaN is false, so NaN is never within the bounds.
        if any(isinstance(number, int) and abs(number) > LARGEST for number in numbers):
            raise Mistake(f"{where}{name} is {shorten(str(value), 60)}: whole numbers go up to {LARGEST:,}.")
        if not all(at_least <= number <= at_most and above < number < below for number in numbers):
            raise Mistake(f"{where}{name} is {value}: it must be {requirement}.")
