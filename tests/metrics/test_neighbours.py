"""Precision, recall, density and coverage, compared with loops over pairs."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics import neighbours
from gan_zoo.metrics.neighbours import NEIGHBOURS, Neighbours, squared_distances, squared_radii


def rows(n: int, seed: int, size: int = 8, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed)) * scale


def brute_force(real: list[list[float]], fake: list[list[float]], k: int) -> dict[str, float]:
    """Compute the four values as the papers describe them, in Python's floats."""

    def distance(a, b):
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5

    def radii(points):
        return [sorted(distance(a, b) for j, b in enumerate(points) if j != i)[k - 1] for i, a in enumerate(points)]

    real_radii, fake_radii = radii(real), radii(fake)
    inside = [[distance(r, f) <= radius for r, radius in zip(real, real_radii, strict=True)] for f in fake]
    return {
        "precision": sum(any(row) for row in inside) / len(fake),
        "recall": sum(any(distance(r, f) <= s for f, s in zip(fake, fake_radii, strict=True)) for r in real)
        / len(real),
        "density": sum(map(sum, inside)) / (k * len(fake)),
        "coverage": sum(any(row[j] for row in inside) for j in range(len(real))) / len(real),
    }


def metric_of(real: torch.Tensor, fake: torch.Tensor) -> dict[str, float]:
    metric = Neighbours(real.shape[1])
    for is_real, features in ((True, real), (False, fake)):
        for part in features.split(7):
            metric.update(part, real=is_real)
    return {name: value.item() for name, value in metric.compute().items()}


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize(("n", "m", "scale"), [(40, 30, 1.0), (40, 30, 0.6), (20, 60, 1.5), (6, 6, 1.0)])
def test_all_four_equal_the_loops(monkeypatch, block, n, m, scale):
    monkeypatch.setattr(neighbours, "block_length", lambda columns: block)
    real, fake = rows(n, seed=1), rows(m, seed=2, scale=scale)
    assert metric_of(real, fake) == brute_force(real.tolist(), fake.tolist(), NEIGHBOURS)


def test_points_on_a_line_by_hand():
    """The real points are 0 to 5. The fifth neighbour of each is the far end, 5, 4, 3, 3, 4 and 5 away.

    The generated points are 8, six times. They lie outside the ball of 3 (5 > 3), on the surface of that of 4 (4 <= 4),
    and inside that of 5 (3 <= 5). Their own balls have radius 0 and hold no real point.
    """
    real, fake = torch.arange(6.0)[:, None], torch.full((6, 1), 8.0)
    expected = {"precision": 1.0, "recall": 0.0, "density": 2 / 5, "coverage": 2 / 6}
    assert_close(metric_of(real, fake), expected)


def test_equal_sets_are_perfect_even_with_repeated_images():
    """A ball of radius 0 holds its centre, unlike in the reference implementation (prdc, issue 7)."""
    x = rows(4, seed=0, size=300).repeat_interleave(6, 0) * 1e3 + 0.1
    assert metric_of(x, x.flip(0)) == {"precision": 1.0, "recall": 1.0, "density": 6 / 5, "coverage": 1.0}


def test_features_that_differ_by_rounding_count_as_equal():
    """Features of one image in two batches can differ in the last bit of float32."""
    x = rows(4, seed=0, size=300).repeat_interleave(6, 0)
    assert metric_of(x, x.nextafter(x + 1)) == {"precision": 1.0, "recall": 1.0, "density": 6 / 5, "coverage": 1.0}


def test_precision_and_recall_are_not_swapped():
    """The generated images cover one of two modes: all look real, but half of the real images are missed."""
    real = torch.cat([rows(50, seed=1), rows(50, seed=2) + 100])
    found = metric_of(real, rows(60, seed=3, scale=0.5))
    assert found["precision"] == 1.0 and found["recall"] <= 0.5 and found["coverage"] <= 0.5


def test_precision_and_recall_equal_torch_fidelitys_at_the_same_k():
    fidelity = pytest.importorskip("torch_fidelity.metric_prc")
    real, fake = rows(200, seed=1), rows(150, seed=2, scale=0.9)
    theirs = fidelity.prc_features_to_metric(fake.double(), real.double(), prc_neighborhood=NEIGHBOURS, verbose=False)
    found = metric_of(real, fake)
    # Their means are computed in float32.
    assert_close([found["precision"], found["recall"]], [theirs["precision"], theirs["recall"]], atol=1e-6, rtol=0)


@pytest.mark.parametrize(("n", "m", "side"), [(5, 9, "real"), (9, 5, "generated")])
def test_no_more_images_than_neighbours_are_refused(n, m, side):
    with pytest.raises(Mistake, match=f"at least 6 {side} images; there are 5"):
        metric_of(rows(n, seed=1), rows(m, seed=2))


def test_distances_are_computed_in_blocks():
    """A block has at most 2^21 numbers (16 MB); the whole matrix of 50,000 images would take 20 GB."""
    x = torch.zeros(10_000, 1)
    assert max(len(block) for _, block in squared_distances(x[:2000], x)) == 2**21 // 10_000
    assert len(squared_radii(x[:3000])) == 3000
