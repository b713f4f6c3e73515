"""What a model's hyperparameters may be, by their names: one vocabulary, one bound."""

from collections.abc import Mapping
from typing import Any

from gan_zoo.errors import bounded

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
