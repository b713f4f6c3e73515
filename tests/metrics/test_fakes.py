"""Generated images: their classes, and whole batches where batch norm depends on the batch."""

from typing import Any

import pytest
import torch

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import fakes
from gan_zoo.metrics.fakes import Sampled, Sampling
from tests.metrics.scored import model, sampled
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
