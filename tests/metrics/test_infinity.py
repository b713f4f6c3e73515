"""The Frechet distance of infinitely many images: right where the plain one is biased, and its interval holds."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics.frechet import gaussian_distance
from gan_zoo.metrics.infinity import GROUPS, FrechetInfinity, frechet_infinity
from gan_zoo.metrics.moments import FeatureMoments, Gaussian

SIZE = 8
STANDARD = Gaussian(torch.zeros(SIZE, dtype=torch.float64), torch.eye(SIZE, dtype=torch.float64))


def drawn(n: int, seed: int) -> torch.Tensor:
    """Of N(0.2, 1.44 I): from N(0, I) exactly 8 (0.04 + 0.04) = 0.64 away."""
    return torch.randn(n, SIZE, generator=torch.Generator().manual_seed(seed)) * 1.2 + 0.2


def test_it_is_without_bias_and_its_interval_holds_the_truth():
    """500 images, 200 times: the mean within 3 standard errors; 95 % of intervals, give or take 3 errors of that."""
    made = [frechet_infinity(STANDARD, drawn(500, seed)) for seed in range(200)]
    values, halves = (torch.stack(side) for side in zip(*made, strict=True))
    error = values.std() / 200**0.5
    assert abs(values.mean() - 0.64) < 3 * error
    plain = [gaussian_distance(STANDARD, FeatureMoments.of(drawn(500, seed)).gaussian("fake")) for seed in range(200)]
    assert torch.stack(plain).mean() - 0.64 > 3 * error, "the plain distance is too high, and that is seen here"
    held = ((values - 0.64).abs() <= halves).double().mean()
    assert 0.90 <= held <= 0.995


def line_at_infinity(parts: list[torch.Tensor]) -> float:
    """Through the distance of all images together at 1 / n, and the parts' mean distance at their own size."""

    def distance(x: torch.Tensor) -> float:
        return gaussian_distance(STANDARD, FeatureMoments.of(x).gaussian("fake")).item()

    near, far = distance(torch.cat(parts)), sum(map(distance, parts)) / len(parts)
    n, m = sum(map(len, parts)), len(parts[0])
    return near - (far - near) / (1 / m - 1 / n) / n


def test_value_is_the_lines_height_at_infinity_and_its_interval_the_jackknifes():
    """Interval: Student's t of 6 degrees times (6/7 sum of squares of the seven lines without one group) ^ ½."""
    x = drawn(70, seed=0)
    parts = [x[part] for part in torch.randperm(70, generator=torch.Generator().manual_seed(0)).tensor_split(GROUPS)]
    left = [line_at_infinity(parts[:one] + parts[one + 1 :]) for one in range(GROUPS)]
    squares = sum((one - sum(left) / GROUPS) ** 2 for one in left)
    value, half = frechet_infinity(STANDARD, x)
    assert_close(value.item(), line_at_infinity(parts))
    assert_close(half.item(), 2.4469 * (6 / 7 * squares) ** 0.5)


def test_sets_sorted_by_class_are_dealt_alike():
    """Seven clusters one after the other: dealt in order, each group would be one of them."""
    x = drawn(700, seed=0) + torch.arange(7).repeat_interleave(100)[:, None]
    real = FeatureMoments.of(x).gaussian("real")
    value, half = frechet_infinity(real, x)
    assert abs(value) < half + 0.1 and half < 1  # the clusters are 1 apart in each of 8 features


def test_equal_seeds_give_equal_values_and_others_unlike_ones():
    x = drawn(100, seed=0)
    assert torch.equal(frechet_infinity(STANDARD, x, seed=3)[0], frechet_infinity(STANDARD, x, seed=3)[0])
    assert not torch.equal(frechet_infinity(STANDARD, x, seed=3)[0], frechet_infinity(STANDARD, x, seed=4)[0])


def test_two_images_a_group_are_needed():
    frechet_infinity(STANDARD, drawn(14, seed=0))
    with pytest.raises(Mistake, match="at least 14 generated images; there are 13"):
        frechet_infinity(STANDARD, drawn(13, seed=0))


def test_metric_is_the_function():
    real, fake = drawn(50, seed=1), drawn(60, seed=2)
    metric = FrechetInfinity(SIZE)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    value, half = frechet_infinity(FeatureMoments.of(real).gaussian("real"), fake)
    expected = {"fd_infinity": value, "fd_infinity_low": value - half, "fd_infinity_high": value + half}
    assert_close(metric.compute(), expected)
