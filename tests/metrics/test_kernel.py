"""KID, compared with sums written as loops, with torch-fidelity, and with the spread of many samples."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics import kernel
from gan_zoo.metrics.kernel import KernelDistance, KernelSums, subset_indices


def rows(n: int, size: int = 16, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return (torch.randn(n, size, generator=torch.Generator().manual_seed(seed)) * scale).relu()


def metric_of(real: torch.Tensor, fake: torch.Tensor, **options: int) -> dict[str, torch.Tensor]:
    metric = KernelDistance(real.shape[1], **options)
    for is_real, features in ((True, real), (False, fake)):
        for part in features.split(50):
            metric.update(part, real=is_real)
    return metric.compute()


def test_kernel_of_two_vectors_by_hand():
    """(1·3 + 2·(-1)) / 2 + 1 = 1.5, cubed 3.375."""
    a, b = (torch.tensor([vector], dtype=torch.float64) for vector in ([1, 2], [3, -1]))
    assert_close(kernel.polynomial_kernel(a, b).item(), 3.375)


@pytest.fixture(params=[1, 3, 1000])
def block(request, monkeypatch) -> int:
    """Number of rows of the kernel matrix computed at once; it need not divide the number of rows."""
    monkeypatch.setattr(kernel, "block_length", lambda columns: request.param)
    return request.param


def test_kid_equals_three_loops(block):
    """The loops compute Binkowski 2018, Eq. 4, pair by pair in Python's floats."""
    real, fake = rows(7, seed=1), rows(5, seed=2)

    def k(x, y):
        return (float(x.double() @ y.double()) / 16 + 1) ** 3

    expected = (
        sum(k(x, y) for i, x in enumerate(real) for j, y in enumerate(real) if i != j) / (7 * 6)
        + sum(k(x, y) for i, x in enumerate(fake) for j, y in enumerate(fake) if i != j) / (5 * 4)
        - 2 * sum(k(x, y) for x in real for y in fake) / (7 * 5)
    )
    assert_close(metric_of(real, fake)["kid"].item(), expected, atol=1e-12, rtol=0)


def test_sums_are_those_of_the_whole_matrix(block):
    a, b = rows(8, seed=1).double(), rows(6, seed=2).double()
    chosen = subset_indices(8, 6, subsets=3, size=4)
    whole, sums = (a @ b.mT / 16 + 1) ** 3, KernelSums(a, b, *chosen)
    assert_close((sums.rows, sums.columns), (whole.sum(1), whole.sum(0)))
    assert_close(sums.subsets, torch.stack([whole[i][:, j].sum() for i, j in zip(*chosen, strict=True)]))
    within = (a @ a.mT / 16 + 1) ** 3
    within.fill_diagonal_(0)
    sums = KernelSums(a, chosen_a=chosen[0])
    assert_close((sums.rows, sums.columns), (within.sum(1), within.sum(0)))
    assert_close(sums.subsets, torch.stack([within[i][:, i].sum() for i in chosen[0]]))


@pytest.mark.parametrize(("n", "m"), [(300, 250), (4000, 200)])  # in the second case real subsets are summed one by one
def test_subsets_equal_torch_fidelitys(n, m):
    fidelity = pytest.importorskip("torch_fidelity.metric_kid")
    real, fake = rows(n, seed=1), rows(m, seed=2, scale=1.2)
    options = {"kid_kernel": "poly", "kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None}
    options |= {"kid_kernel_poly_coef0": 1, "kid_subsets": 10, "kid_subset_size": 100, "rng_seed": 2020}
    ours = metric_of(real, fake, subsets=10, size=100)
    # In float64 theirs is the same sum; in float32 it differs by up to 1e-6.
    for kind, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
        theirs = fidelity.kid_features_to_metric(fake.to(kind), real.to(kind), **options, verbose=False)
        mean, spread = (theirs[f"kernel_inception_distance_{part}"] for part in ("mean", "std"))
        assert_close(ours["kid_subsets"].item(), mean, atol=tolerance, rtol=0)
        assert_close(ours["kid_subsets_low"].item(), mean - spread, atol=tolerance, rtol=0)
        assert_close(ours["kid_subsets_high"].item(), mean + spread, atol=tolerance, rtol=0)


@pytest.mark.parametrize(("scale", "most"), [(1.3, 1.15), (1.0, 1.7)])
def test_the_standard_error_is_the_spread_of_many_samples(scale, most):
    """For different distributions the error is right to first order.

    For equal ones the first order is zero, and the error is too large by up to √2. 400 samples give the spread within
    three standard errors of 4 % each.
    """
    samples = [metric_of(rows(60, seed=s), rows(50, seed=1000 + s, scale=scale)) for s in range(400)]
    values = torch.stack([sample["kid"] for sample in samples])
    halves = torch.stack([sample["kid_high"] - sample["kid"] for sample in samples])
    ratio = halves.mean() / kernel.NORMAL / values.std()
    assert 0.88 < ratio < most
    if scale == 1.0:
        assert abs(values.mean()) < 3 * values.std() / 400**0.5, "the estimator is unbiased"


def test_kid_and_its_error_are_symmetric():
    real, fake = rows(40, seed=1), rows(30, seed=2, scale=1.3)
    assert_close(metric_of(real, fake), metric_of(fake, real))


def test_subsets_are_left_out_with_fewer_images():
    real, fake = rows(30, seed=1), rows(20, seed=2)
    assert set(metric_of(real, fake, subsets=3, size=21)) == {"kid", "kid_low", "kid_high"}
    assert "kid_subsets" in metric_of(real, fake, subsets=3, size=20)


@pytest.mark.parametrize(("n", "m", "side"), [(1, 5, "real"), (5, 1, "generated")])
def test_one_image_is_too_few(n, m, side):
    with pytest.raises(Mistake, match=f"at least 2 {side} images; there are 1"):
        metric_of(rows(n), rows(m))
