"""Moments of features, which do not depend on batches or parts, and the files that hold them."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics.moments import FeatureMoments, Gaussian


def rows(n: int, size: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed)) + 0.5


def covariance(gaussian: Gaussian) -> torch.Tensor:
    matrix = gaussian.covariance if gaussian.rows is None else gaussian.rows.mT @ gaussian.rows
    assert matrix is not None
    return matrix


@pytest.mark.parametrize("n", [2, 5, 6, 7, 40])
@pytest.mark.parametrize("batch", [1, 4, 7, 40])
def test_mean_and_covariance_equal_torchs_for_any_batch_size(n, batch):
    """There are 6 features; the cases have fewer images, more images, and batches that cross this number."""
    x = rows(n)
    moments = FeatureMoments.empty(6)
    for part in x.split(batch):
        moments.add(part)
    fitted = moments.gaussian("real")
    assert moments.count == n and (fitted.rows is None) == (n > 6)
    assert_close(fitted.mean, x.double().mean(0))
    assert_close(covariance(fitted), x.double().T.cov())


@pytest.mark.parametrize(
    "counts", [(3, 2), (3, 3), (3, 4), (2, 20), (20, 2), (20, 30), (0, 5), (5, 0), (0, 9), (1, 1, 1)]
)
def test_merged_parts_equal_the_whole(counts):
    parts = [rows(n, seed=seed) for seed, n in enumerate(counts)]
    merged, whole = (
        FeatureMoments.merged([FeatureMoments.of(part) for part in parts]),
        FeatureMoments.of(torch.cat(parts)),
    )
    assert_close(merged.flat, whole.flat)


def test_merging_does_not_change_the_parts():
    part = FeatureMoments.of(rows(3))
    before = part.flat.clone()
    FeatureMoments.merged([part, FeatureMoments.of(rows(9))])
    assert torch.equal(part.flat, before)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_images_are_refused(n):
    with pytest.raises(Mistake, match=f"at least 2 generated images; there are {n}"):
        FeatureMoments.of(rows(n)).gaussian("generated")


@pytest.mark.parametrize("n", [4, 40])
def test_a_file_is_read_back_exactly(tmp_path, n):
    saved = FeatureMoments.of(rows(n)).gaussian("real")
    saved.save(tmp_path / "x.npz", {"real": n})
    loaded = Gaussian.load(tmp_path / "x.npz")
    assert torch.equal(loaded.mean, saved.mean) and torch.equal(covariance(loaded), covariance(saved))
    assert int(np.load(tmp_path / "x.npz")["count"]) == n


def test_pytorch_fid_and_clean_fid_can_read_the_file(tmp_path):
    """Both programs read `f["mu"][:]` and `f["sigma"][:]`."""
    x = rows(40)
    FeatureMoments.of(x).gaussian("real").save(tmp_path / "x.npz", {"real": 40})
    with np.load(tmp_path / "x.npz") as file:
        mu, sigma = file["mu"][:], file["sigma"][:]
    assert mu.dtype == sigma.dtype == np.float64
    np.testing.assert_allclose(mu, x.double().mean(0).numpy(), rtol=1e-12)
    np.testing.assert_allclose(sigma, np.cov(x.double().numpy(), rowvar=False), rtol=1e-10)


def test_files_of_other_programs_are_read(tmp_path):
    """The files of guided-diffusion are float32 and hold more arrays."""
    np.savez(tmp_path / "x.npz", mu=np.ones(3, np.float32), sigma=np.eye(3, dtype=np.float32), arr_0=np.zeros(2))
    loaded = Gaussian.load(tmp_path / "x.npz")
    assert_close(loaded.mean, torch.ones(3, dtype=torch.float64))
    assert_close(loaded.covariance, torch.eye(3, dtype=torch.float64))


def damaged(damage: str, file) -> None:
    """Write a file without usable statistics."""
    if damage == "missing":
        return
    if damage == "no archive":
        file.write_text("mu")
    elif damage == "empty":
        file.touch()
    elif damage == "cut":
        np.savez(file, mu=np.ones(300), sigma=np.eye(300))
        file.write_bytes(file.read_bytes()[:9000])
    elif damage == "no sigma":
        np.savez(file, mu=np.ones(3))
    elif damage == "pickled":
        np.savez(file, mu=np.array([{}], dtype=object), sigma=np.eye(3))
    elif damage == "an array":
        with file.open("wb") as stream:
            np.save(stream, np.eye(3))
    else:
        np.savez(file, mu=np.ones(3), sigma=np.eye(4))


@pytest.mark.parametrize(
    "damage", ["missing", "no archive", "empty", "cut", "no sigma", "pickled", "an array", "shapes"]
)
def test_a_file_without_statistics_is_named_in_one_line(tmp_path, damage):
    damaged(damage, tmp_path / "x.npz")
    with pytest.raises(Mistake, match=r"x\.npz") as mistake:
        Gaussian.load(tmp_path / "x.npz")
    assert "\n" not in str(mistake.value)
