"""The Frechet distance of infinitely many images: it is unbiased, and its interval covers the true value."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics.frechet import gaussian_distance
from gan_zoo.metrics.infinity import GROUPS, LEAST, FrechetInfinity, frechet_infinity
from gan_zoo.metrics.moments import FeatureMoments, Gaussian

SIZE = 8
STANDARD = Gaussian(torch.zeros(SIZE, dtype=torch.float64), torch.eye(SIZE, dtype=torch.float64))


def drawn(n: int, seed: int) -> torch.Tensor:
    """Draw from N(0.2, 1.44 I), whose distance to N(0, I) is exactly 8 (0.04 + 0.04) = 0.64."""
    return torch.randn(n, SIZE, generator=torch.Generator().manual_seed(seed)) * 1.2 + 0.2


def test_it_is_unbiased_and_its_interval_covers_the_true_value():
    """Of 200 sets of 500 images, the mean is within 3 standard errors and about 95 % of intervals cover the value."""
    estimates = [frechet_infinity(STANDARD, drawn(500, seed)) for seed in range(200)]
    values, halves = (torch.stack(side) for side in zip(*estimates, strict=True))
    error = values.std() / 200**0.5
    assert abs(values.mean() - 0.64) < 3 * error
    plain = [gaussian_distance(STANDARD, FeatureMoments.of(drawn(500, seed)).gaussian("fake")) for seed in range(200)]
    assert torch.stack(plain).mean() - 0.64 > 3 * error, "the plain distance is measurably too high"
    coverage = ((values - 0.64).abs() <= halves).double().mean()
    assert 0.90 <= coverage <= 0.995


def line_at_infinity(parts: list[torch.Tensor]) -> float:
    """Return the value at 0 of the line through the distances of the whole set and of its parts, over 1 / n."""

    def distance(x: torch.Tensor) -> float:
        return gaussian_distance(STANDARD, FeatureMoments.of(x).gaussian("fake")).item()

    whole, mean_of_parts = distance(torch.cat(parts)), sum(map(distance, parts)) / len(parts)
    n, m = sum(map(len, parts)), len(parts[0])
    return whole - (mean_of_parts - whole) / (1 / m - 1 / n) / n


def test_the_value_is_extrapolated_and_the_interval_is_the_jackknifes():
    """The interval is Student's t, 6 degrees of freedom, times (6/7 sum of squares of the leave-one-out values)^½."""
    x = drawn(70, seed=0)
    parts = [x[part] for part in torch.randperm(70, generator=torch.Generator().manual_seed(0)).tensor_split(GROUPS)]
    left_out = [line_at_infinity(parts[:i] + parts[i + 1 :]) for i in range(GROUPS)]
    squares = sum((value - sum(left_out) / GROUPS) ** 2 for value in left_out)
    value, half = frechet_infinity(STANDARD, x)
    assert_close(value.item(), line_at_infinity(parts))
    assert_close(half.item(), 2.4469 * (6 / 7 * squares) ** 0.5)


def test_sets_sorted_by_class_are_shuffled():
    """The images form seven clusters in order; without shuffling each group would be one cluster."""
    x = drawn(700, seed=0) + torch.arange(7).repeat_interleave(100)[:, None]
    real = FeatureMoments.of(x).gaussian("real")
    value, half = frechet_infinity(real, x)
    assert abs(value) < half + 0.1 and half < 1  # the clusters are 1 apart in each of 8 features


def test_equal_seeds_give_equal_values_and_other_seeds_do_not():
    x = drawn(100, seed=0)
    assert torch.equal(frechet_infinity(STANDARD, x, seed=3)[0], frechet_infinity(STANDARD, x, seed=3)[0])
    assert not torch.equal(frechet_infinity(STANDARD, x, seed=3)[0], frechet_infinity(STANDARD, x, seed=4)[0])


def test_two_images_per_group_are_needed():
    frechet_infinity(STANDARD, drawn(14, seed=0))
    with pytest.raises(Mistake, match="at least 14 generated images; there are 13"):
        frechet_infinity(STANDARD, drawn(13, seed=0))


def test_the_metric_equals_the_function():
    real, fake = drawn(50, seed=1), drawn(160, seed=2)
    metric = FrechetInfinity(SIZE)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    value, half = frechet_infinity(FeatureMoments.of(real).gaussian("real"), fake)
    expected = {"fd_infinity": value, "fd_infinity_low": value - half, "fd_infinity_high": value + half}
    assert_close(metric.compute(), expected)


def coverage(per_feature: float, size: int = 64, studies: int = 60) -> float:
    """Return the share of studies whose interval covers the true distance, size (0.04 + 0.04), of N(0.2, 1.44 I)."""
    real = Gaussian(torch.zeros(size, dtype=torch.float64), torch.eye(size, dtype=torch.float64))
    covered = 0
    for seed in range(studies):
        draws = torch.randn(int(per_feature * size), size, generator=torch.Generator().manual_seed(seed))
        value, half = frechet_infinity(real, draws * 1.2 + 0.2)
        covered += bool((value - 0.08 * size).abs() <= half)
    return covered / studies


def test_the_least_number_of_images_for_each_feature_is_where_the_interval_becomes_honest():
    """Of 10,000 images of 2,048 features, 4.9 for each, the interval almost never covers the true value."""
    assert coverage(10_000 / 2048) < 0.1
    assert coverage(LEAST) >= 0.9


@pytest.mark.parametrize(("count", "enough"), [(LEAST * SIZE, True), (LEAST * SIZE - 1, False)])
def test_the_metric_gives_no_value_below_the_least_number_of_images(count, enough):
    metric = FrechetInfinity(SIZE)
    metric.update(drawn(50, seed=1), real=True)
    metric.update(drawn(count, seed=2), real=False)
    if enough:
        assert metric.compute()["fd_infinity"].isfinite()
        return
    with pytest.raises(Mistake, match=r"159 images are 19.8 for each of 8 features.* use 160 images or more"):
        metric.compute()
