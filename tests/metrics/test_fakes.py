"""Images that are scored: of the classes that were asked for, in whole batches where they depend on them."""

from typing import Any

import pytest
import torch

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import fakes
from gan_zoo.metrics.fakes import Sampled, Sampling
from tests.metrics.scored import drawn, model
from tests.test_sampling import classes_of, conditional


@pytest.mark.parametrize(("labels", "said"), [("uniform", "uniform"), ("data", "data"), (3, "class 3")])
def test_classes_are_those_asked_for(labels: Any, said: str) -> None:
    real = torch.tensor([7] * 30 + [2] * 10)
    sampled = Sampled(conditional(), Sampling(labels=labels), real)
    found = torch.cat([classes_of(images.to_float(sampled.images(first, 250))) for first in (0, 250)])
    assert sampled.conditions.labels == said
    if labels == "data":
        assert set(found.tolist()) == {7, 2} and 0.6 < (found == 7).double().mean() < 0.9  # .75 of them
        assert torch.equal(classes_of(images.to_float(sampled.images(100, 20))), found[100:120]), (
            "a function of the index"
        )
    elif labels == "uniform":
        assert set(found.tolist()) == set(range(10))
    else:
        assert set(found.tolist()) == {3}


@pytest.mark.parametrize(
    ("labels", "knows", "says"), [("data", False, "has no classes"), (10, True, "0 to 9"), ("data", True, "real")]
)
def test_classes_that_are_not_there_are_refused(labels: Any, knows: bool, says: str) -> None:
    with pytest.raises(Mistake, match=says):
        Sampled(conditional() if knows else model(), Sampling(labels=labels))


def test_processes_begin_at_whole_batches_where_images_depend_on_them() -> None:
    assert drawn(batch_norm="train").unit == fakes.CHUNK and drawn().unit == 1
