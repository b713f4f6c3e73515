"""The Inception score, compared with closed forms and with torch-fidelity."""

import math

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics.inception_score import InceptionScore, inception_scores


def logits(n: int, classes: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, classes, generator=torch.Generator().manual_seed(seed)) * 3


@pytest.mark.parametrize("n", [10, 57, 1000])
def test_it_equals_torch_fidelitys(n):
    fidelity = pytest.importorskip("torch_fidelity.metric_isc")
    metric = InceptionScore(12)
    for part in logits(n).split(64):
        metric.update(part)
    theirs = fidelity.isc_features_to_metric(logits(n))
    mean, spread = (theirs[f"inception_score_{part}"] for part in ("mean", "std"))
    expected = {"is": mean, "is_low": mean - spread, "is_high": mean + spread}
    assert_close({name: value.item() for name, value in metric.compute().items()}, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("classes", [2, 5])
def test_certain_and_equally_frequent_classes_score_their_number(classes):
    certain = 100 * torch.eye(classes).repeat(20, 1)
    assert_close(inception_scores(certain, splits=1), torch.tensor([classes], dtype=torch.float64))


def test_equal_images_score_one():
    assert_close(inception_scores(logits(1).expand(50, 12)), torch.ones(10, dtype=torch.float64))


def test_two_images_by_hand():
    """With p(y|x) = (.9, .1) and (.1, .9), and so p(y) = (.5, .5), the score is exp(.9 log 1.8 + .1 log .2)."""
    x = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log()
    expected = math.exp(0.9 * math.log(1.8) + 0.1 * math.log(0.2))
    assert_close(inception_scores(x, splits=1).item(), expected, atol=1e-7, rtol=0)  # logarithms are float32


def test_real_images_are_ignored():
    metric = InceptionScore(12)
    metric.update(logits(40, seed=1), real=True)
    metric.update(logits(40, seed=2), real=False)
    assert_close(metric.compute()["is"], inception_scores(logits(40, seed=2)).mean())


def test_fewer_images_than_splits_are_refused():
    inception_scores(logits(10))
    with pytest.raises(Mistake, match="at least 10 generated images; there are 9"):
        inception_scores(logits(9))
