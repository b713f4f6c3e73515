"""The bounds of hyperparameters: every model enforces those of its hyperparameters' names."""

import inspect
import math
from typing import Any

import pytest

from gan_zoo import bounds, models
from gan_zoo.errors import Mistake
from gan_zoo.module import GenerativeModule
from tests.models.test_resume import LABELS, found

REST = {"image_shape": (3, 32, 32), "num_classes": 3, "label_sets": (LABELS,)}
"""Arguments of the models that have no default."""
OUTSIDE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("latent_dim", "n_critic", "generator_batch", "width", "discriminator_width"), (0, -1)),
    **dict.fromkeys(("batch_size", "stddev_group"), (0, -1)),
    **dict.fromkeys(("penalty_weight", "class_weight", "generator_class_weight"), (-0.1, math.nan, math.inf)),
    "mapping_layers": (0, 1001),
    "mixing_probability": (-0.1, 1.1, math.nan),
    "learning_rate": (0.0, math.nan, math.inf),
    "betas": ((-0.1, 0.9), (0.5, 1.0)),
    **dict.fromkeys(("decay_until", "average_half_life", "stable_images", "fade_images"), (-1,)),
}
INSIDE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("latent_dim", "n_critic", "generator_batch", "batch_size", "stddev_group"), (1,)),
    **dict.fromkeys(("width", "discriminator_width"), (1, (1, 2))),
    **dict.fromkeys(("penalty_weight", "class_weight", "generator_class_weight"), (0.0,)),
    "mapping_layers": (1, 1000),
    "mixing_probability": (0.0, 1.0),
    "learning_rate": (1e-9,),
    "betas": ((0.0, 0.999),),
    **dict.fromkeys(("decay_until", "average_half_life", "stable_images", "fade_images"), (0,)),
}

BOUNDED = [
    (kind, name)
    for kind in found(models, GenerativeModule)
    for name in inspect.signature(kind).parameters
    if name in bounds.BOUNDS
]


@pytest.mark.parametrize(("kind", "name"), BOUNDED, ids=[f"{kind.__name__}-{name}" for kind, name in BOUNDED])
def test_every_model_refuses_values_out_of_bounds(kind: type, name: str) -> None:
    parameters = inspect.signature(kind).parameters
    rest = {argument: value for argument, value in REST.items() if argument in parameters}
    widths = name == "width" and isinstance(parameters[name].default, tuple)
    for value in OUTSIDE[name]:
        with pytest.raises(Mistake, match=rf"^model\.{name} is "):
            kind(**rest | {name: (value,) if widths else value})


@pytest.mark.parametrize("name", bounds.BOUNDS)
def test_values_on_the_bounds_are_allowed(name: str) -> None:
    for value in INSIDE[name]:
        bounds.refuse_unusable({name: value, "activation": -1})


def test_each_number_of_a_list_is_bounded() -> None:
    with pytest.raises(Mistake, match=r"^model\.width is \(8, 0\): it must be at least 1\.$"):
        bounds.refuse_unusable({"width": (8, 0)})
