"""The bootstrap interval of a Frechet distance, compared with the closed form of its influence function."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.metrics.bootstrap import FrechetBootstrap, deviation, repeated
from gan_zoo.metrics.frechet import FrechetDistance
from gan_zoo.metrics.moments import FeatureMoments, Gaussian

SIZE = 6
STANDARD = Gaussian(torch.zeros(SIZE, dtype=torch.float64), torch.eye(SIZE, dtype=torch.float64))


def drawn(n: int, seed: int, size: int = SIZE) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed)) * 1.3 + 0.3


def computed(real: torch.Tensor, fake: torch.Tensor) -> dict[str, float]:
    metric = FrechetBootstrap(real.shape[1])
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return {name: value.item() for name, value in metric.compute().items()}


@pytest.mark.parametrize("n", [40, 5])  # more images than features, and fewer
def test_a_set_drawn_with_replacement_has_the_moments_of_its_rows(n: int) -> None:
    x, order = drawn(n, seed=1).double(), torch.randint(n, (n,), generator=torch.Generator().manual_seed(2))
    fit = repeated(x, torch.bincount(order, minlength=n))
    covariance = fit.covariance if fit.rows is None else fit.rows.mT @ fit.rows
    assert_close(fit.mean, x[order].mean(0))
    assert_close(covariance, x[order].T.cov())


def test_the_deviation_is_that_of_the_influence_function() -> None:
    """To first order, image x moves the distance to N(0, I) by h(x) / n, with

        h(x) = 2 m·(x - m) + (x - m)' (I - C^(-1/2)) (x - m) + constant

    for images with mean m and covariance C, so that the deviation is that of h over the root of n.
    """
    x = drawn(4000, seed=1).double()
    mean, covariance = x.mean(0), x.T.cov()
    values, vectors = torch.linalg.eigh(covariance)
    slope = torch.eye(SIZE, dtype=torch.float64) - (vectors * values**-0.5) @ vectors.mT
    shifted = x - mean
    influence = 2 * shifted @ mean + ((shifted @ slope) * shifted).sum(1)
    expected = influence.std() / len(x) ** 0.5
    # 400 sets measure a standard deviation to 1 / (2 · 400)^½ = 3.5 %.
    assert_close(deviation(STANDARD, x, sets=400), expected, rtol=0.12, atol=0)


def test_intervals_cover_the_mean_of_other_sets() -> None:
    """Of 60 sets of 300 images, about 95 % of the intervals hold the mean distance of sets of 300 images."""
    sets = [drawn(300, seed) for seed in range(60)]
    moments = STANDARD.tensors()
    results = [FrechetBootstrap(SIZE).refer(moments) for _ in sets]
    for metric, fake in zip(results, sets, strict=True):
        metric.update(fake, real=False)
    found = [metric.compute() for metric in results]
    mean = torch.stack([values["fd_bootstrap"] for values in found]).mean()
    covered = [values["fd_bootstrap_low"] <= mean <= values["fd_bootstrap_high"] for values in found]
    assert 0.85 <= sum(map(bool, covered)) / len(found) <= 1


def test_the_value_is_the_frechet_distance_and_the_interval_is_never_negative() -> None:
    real, fake = drawn(50, seed=1), drawn(60, seed=2)
    plain = FrechetDistance(SIZE)
    plain.update(real, real=True)
    plain.update(fake, real=False)
    found = computed(real, fake)
    assert_close(found["fd_bootstrap"], plain.compute().item())
    spread = 1.96 * deviation(FeatureMoments.of(real).gaussian("real"), fake).item()
    assert_close(found["fd_bootstrap_high"], found["fd_bootstrap"] + spread)
    assert_close(found["fd_bootstrap_low"], found["fd_bootstrap"] / (1 + spread / found["fd_bootstrap"]))
    same = computed(real, real)
    assert 0 <= same["fd_bootstrap_low"] <= same["fd_bootstrap"] < 1e-9 < same["fd_bootstrap_high"]
