"""Generated images: their classes, and whole batches where batch norm depends on the batch."""

import math
from typing import Any

import pytest
import torch

from gan_zoo import images
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.metrics import fakes
from gan_zoo.metrics.fakes import Sampled, Sampling, grey_levels
from tests.metrics.scored import Counting, make_evaluator, model, sampled
from tests.test_sampling import classes_of, conditional


@pytest.mark.parametrize(("labels", "recorded"), [("uniform", "uniform"), ("data", "data"), (3, "class 3")])
def test_images_have_the_requested_classes(labels: Any, recorded: str) -> None:
    real = torch.tensor([7] * 30 + [2] * 10)
    samples = Sampled(conditional(), Sampling(labels=labels), real)
    classes = torch.cat([classes_of(images.to_float(samples.images(first, 250))) for first in (0, 250)])
    assert samples.conditions.labels == recorded
    if labels == "data":
        assert set(classes.tolist()) == {7, 2} and 0.6 < (classes == 7).double().mean() < 0.9  # .75 of them
        assert torch.equal(classes_of(images.to_float(samples.images(100, 20))), classes[100:120]), (
            "a function of the index"
        )
    elif labels == "uniform":
        assert set(classes.tolist()) == set(range(10))
    else:
        assert set(classes.tolist()) == {3}


@pytest.mark.parametrize(
    ("labels", "has_classes", "message"),
    [("data", False, "has no classes"), (10, True, "0 to 9"), ("data", True, "real")],
)
def test_unknown_classes_are_refused(labels: Any, has_classes: bool, message: str) -> None:
    with pytest.raises(Mistake, match=message):
        Sampled(conditional() if has_classes else model(), Sampling(labels=labels))


def test_shares_begin_at_whole_batches_if_images_depend_on_them() -> None:
    assert sampled(batch_norm="train").unit == fakes.CHUNK and sampled().unit == 1


def test_images_that_are_not_finite_have_no_score(few: Counting) -> None:
    """NaN has no grey level, yet some number comes out of a cast to uint8: such a generator once scored 1,444."""
    broken = model()
    with torch.no_grad():
        next(broken.generator.parameters())[0, 0] = math.nan
    with pytest.raises(NonFinite, match="GAN generated NaN or infinite values in 20 of 20 images"):
        make_evaluator(few).score(Sampled(broken, Sampling()), 20)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_the_images_that_are_not_finite_are_counted(value: float) -> None:
    image = torch.zeros(5, 1, 4, 4)
    image[3, 0, 1, 1] = value
    with pytest.raises(NonFinite, match="in 1 of 5 images"):
        grey_levels(image, "GAN")
    assert torch.equal(grey_levels(image[:3], "GAN"), torch.full((3, 1, 4, 4), 128, dtype=torch.uint8))
