"""AuthPct, compared with a loop over pairs, with closed forms for new images, and with copies."""

import math

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics import neighbours
from gan_zoo.metrics.choices import LEAST_AUTHENTIC
from gan_zoo.metrics.memorisation import Authenticity, nearest, wilson


def rows(n: int, seed: int, size: int = 5) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed))


def authpct(real: torch.Tensor, fake: torch.Tensor, batch: int = 7) -> dict[str, float]:
    metric = Authenticity(real.shape[1])
    for is_real, features in ((True, real), (False, fake)):
        for part in features.split(batch):
            metric.update(part, real=is_real)
    return {name: value.item() for name, value in metric.compute().items()}


def loop(real: list[list[float]], fake: list[list[float]]) -> float:
    """Compute AuthPct as the paper describes it, image by image, in Python's floats."""
    authentic = 0
    for g in fake:
        nearest_real = min(range(len(real)), key=lambda i: math.dist(real[i], g))
        x = real[nearest_real]
        others = [math.dist(x, real[i]) for i in range(len(real)) if i != nearest_real]
        authentic += min(others) < math.dist(x, g)
    return 100 * authentic / len(fake)


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize(("n", "m"), [(40, 30), (2, 9), (30, 1)])
def test_it_equals_the_loop(monkeypatch: pytest.MonkeyPatch, block: int, n: int, m: int) -> None:
    monkeypatch.setattr(neighbours, "block_length", lambda columns: block)
    real, fake = rows(n, seed=1), rows(m, seed=2)
    assert authpct(real, fake)["authpct"] == loop(real.tolist(), fake.tolist())


def test_points_on_a_line_by_hand() -> None:
    """The real points are 0, 1 and 10: the nearest others are 1, 1 and 9 away.

    0.2 lies nearer to 0 than 1 does, -1 exactly as near, 10.5 nearer to 10 than 1 does: they are not authentic. -1.5
    lies farther from 0 than 1 does, 2.5 farther from 1 than 0 does: they are.
    """
    real = torch.tensor([[0.0], [1.0], [10.0]])
    fake = torch.tensor([[0.2], [-1.0], [10.5], [-1.5], [2.5]])
    assert authpct(real, fake)["authpct"] == 40


@pytest.mark.parametrize("off_by_rounding", [False, True])
def test_copies_are_not_authentic_even_of_repeated_images(off_by_rounding: bool) -> None:
    x = torch.cat([rows(60, seed=1, size=300), rows(60, seed=1, size=300)[:20]])
    copies = x[:50].nextafter(x[:50] + 1) if off_by_rounding else x[:50]
    assert authpct(x, copies)["authpct"] == 0


@pytest.mark.parametrize(
    ("dimensions", "mutual"),
    [(1, 2 / 3), (2, 6 * math.pi / (8 * math.pi + 3 * math.sqrt(3)))],  # Pickard 1982: mutual nearest neighbours
)
def test_new_draws_are_authentic_as_often_as_two_draws_are_not_each_others_nearest(
    dimensions: int, mutual: float
) -> None:
    """Uniform draws on a circle, and on a torus in four dimensions, have no edges; 4,000 draws bound the error."""

    def drawn(n: int, seed: int) -> torch.Tensor:
        angles = 2 * math.pi * torch.rand(n, dimensions, generator=torch.Generator().manual_seed(seed))
        return torch.cat([angles.cos(), angles.sin()], dim=1)

    found = authpct(drawn(4000, seed=1), drawn(4000, seed=2), batch=4000)
    assert abs(found["authpct"] - 100 * (1 - mutual)) < 3.0  # four standard errors of a share of 4,000
    assert found["authpct_high"] > LEAST_AUTHENTIC


def test_the_interval_is_wilsons() -> None:
    """The bounds are the shares p that solve |x / n - p| = 1.96 (p (1 - p) / n)^½."""
    low, high = wilson(torch.tensor(0.3, dtype=torch.float64), 50)
    for bound in (low.item(), high.item()):
        assert_close(abs(0.3 - bound), 1.96 * (bound * (1 - bound) / 50) ** 0.5)
    assert wilson(torch.tensor(0.0), 50)[0] == 0 and wilson(torch.tensor(1.0), 50)[1] == 1


def test_nearest_returns_the_nearest_first() -> None:
    a, b = rows(9, seed=1), rows(20, seed=2)
    squares, indices = nearest(a, b, count=3)
    expected = torch.cdist(a.double(), b.double()).square().sort(1)
    assert torch.equal(indices, expected.indices[:, :3])
    assert_close(squares, expected.values[:, :3])


def test_one_real_image_has_no_neighbour() -> None:
    with pytest.raises(Mistake, match="authpct needs at least 2 real images; there are 1"):
        authpct(rows(1, seed=1), rows(5, seed=2))
