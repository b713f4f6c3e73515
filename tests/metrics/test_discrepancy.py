"""CMMD, compared with a double loop and with closed forms on a circle."""

import math

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.metrics import discrepancy
from gan_zoo.metrics.discrepancy import ClipDiscrepancy


def rows(n: int, seed: int, size: int = 6) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed))


def cmmd(real: torch.Tensor, fake: torch.Tensor) -> float:
    metric = ClipDiscrepancy(real.shape[1])
    for is_real, features in ((True, real), (False, fake)):
        for part in features.split(7):
            metric.update(part, real=is_real)
    return metric.compute()["cmmd"].item()


def loop(real: list[list[float]], fake: list[list[float]]) -> float:
    """Compute the biased estimator as the authors describe it, pair by pair, in Python's floats."""

    def unit(x: list[float]) -> list[float]:
        return [value / math.hypot(*x) for value in x]

    def mean(a: list[list[float]], b: list[list[float]]) -> float:
        kernels = [math.exp(-(math.dist(x, y) ** 2) / (2 * 10**2)) for x in a for y in b]
        return math.fsum(kernels) / len(kernels)

    real, fake = [unit(x) for x in real], [unit(x) for x in fake]
    return 1000 * (mean(real, real) + mean(fake, fake) - 2 * mean(real, fake))


@pytest.mark.parametrize("block", [1, 4, 1000])
@pytest.mark.parametrize(("n", "m"), [(20, 30), (1, 9), (5, 1)])
def test_it_equals_the_loop(monkeypatch: pytest.MonkeyPatch, block: int, n: int, m: int) -> None:
    monkeypatch.setattr(discrepancy, "block_length", lambda columns: block)
    real, fake = rows(n, seed=1), rows(m, seed=2) + 0.5
    assert_close(cmmd(real, fake), loop(real.tolist(), fake.tolist()), rtol=1e-9, atol=1e-9)


def circle(n: int) -> torch.Tensor:
    angles = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    return 3 * torch.stack([angles.cos(), angles.sin()], dim=1)  # the length 3 does not matter


def test_a_circle_and_one_of_its_points() -> None:
    """On the unit circle |x - y|^2 = 2 - 2 cos t, so the mean kernel is exp(-1/100) I0(1/100), to any point of it.

    Between the circle and a point, the squared discrepancy is therefore 1 less this mean. n equally spaced points have
    the circle's mean to all digits.
    """
    mean = math.exp(-0.01) * torch.special.i0(torch.tensor(0.01, dtype=torch.float64)).item()
    # The metric keeps features in float32, which moves the points by 1e-7.
    assert_close(cmmd(circle(64), circle(64)[:1]), 1000 * (1 - mean), rtol=1e-6, atol=1e-6)


def test_opposite_points() -> None:
    """Two points at a distance of 2: 1000 (1 + 1 - 2 exp(-4 / 200))."""
    a = torch.tensor([[0.0, 5.0]])
    assert_close(cmmd(a, -a), 2000 * (1 - math.exp(-0.02)), rtol=1e-9, atol=1e-9)


def test_equal_sets_are_at_zero() -> None:
    x = rows(30, seed=3)
    assert abs(cmmd(x, x.flip(0) * 2)) < 1e-9
