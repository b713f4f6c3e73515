"""Sums of features: the same whatever the batches and parts; files that other programs read."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics.moments import FeatureMoments, Gaussian


def rows(n: int, size: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed)) + 0.5


def covariance(gaussian: Gaussian) -> torch.Tensor:
    made = gaussian.covariance if gaussian.rows is None else gaussian.rows.mT @ gaussian.rows
    assert made is not None
    return made


@pytest.mark.parametrize("n", [2, 5, 6, 7, 40])
@pytest.mark.parametrize("batch", [1, 4, 7, 40])
def test_mean_and_covariance_are_torchs_whatever_the_batches(n, batch):
    """On both sides of as many images as features (6), and where a batch crosses from one to the other."""
    x = rows(n)
    moments = FeatureMoments.empty(6)
    for one in x.split(batch):
        moments.add(one)
    made = moments.gaussian("real")
    assert moments.count == n and (made.rows is None) == (n > 6)
    assert_close(made.mean, x.double().mean(0))
    assert_close(covariance(made), x.double().T.cov())


@pytest.mark.parametrize(
    "counts", [(3, 2), (3, 3), (3, 4), (2, 20), (20, 2), (20, 30), (0, 5), (5, 0), (0, 9), (1, 1, 1)]
)
def test_merged_parts_are_the_whole(counts):
    parts = [rows(n, seed=seed) for seed, n in enumerate(counts)]
    merged, whole = (
        FeatureMoments.merged([FeatureMoments.of(part) for part in parts]),
        FeatureMoments.of(torch.cat(parts)),
    )
    assert_close(merged.flat, whole.flat)


def test_parts_are_left_as_they_were_by_merging():
    part = FeatureMoments.of(rows(3))
    before = part.flat.clone()
    FeatureMoments.merged([part, FeatureMoments.of(rows(9))])
    assert torch.equal(part.flat, before)


@pytest.mark.parametrize("n", [0, 1])
def test_one_image_has_no_covariance(n):
    with pytest.raises(Mistake, match=f"at least 2 generated images; there are {n}"):
        FeatureMoments.of(rows(n)).gaussian("generated")


@pytest.mark.parametrize("n", [4, 40])
def test_file_is_read_again_to_the_last_bit(tmp_path, n):
    made = FeatureMoments.of(rows(n)).gaussian("real")
    made.save(tmp_path / "x.npz", count=n)
    read = Gaussian.load(tmp_path / "x.npz")
    assert torch.equal(read.mean, made.mean) and torch.equal(covariance(read), covariance(made))
    assert int(np.load(tmp_path / "x.npz")["count"]) == n


def test_file_holds_what_pytorch_fid_and_clean_fid_read(tmp_path):
    """`f["mu"][:]`, `f["sigma"][:]`: as both open a file of statistics."""
    x = rows(40)
    FeatureMoments.of(x).gaussian("real").save(tmp_path / "x.npz", count=40)
    with np.load(tmp_path / "x.npz") as file:
        mu, sigma = file["mu"][:], file["sigma"][:]
    assert mu.dtype == sigma.dtype == np.float64
    np.testing.assert_allclose(mu, x.double().mean(0).numpy(), rtol=1e-12)
    np.testing.assert_allclose(sigma, np.cov(x.double().numpy(), rowvar=False), rtol=1e-10)


def test_others_files_are_read(tmp_path):
    """float32, with more in them, as guided-diffusion's."""
    np.savez(tmp_path / "x.npz", mu=np.ones(3, np.float32), sigma=np.eye(3, dtype=np.float32), arr_0=np.zeros(2))
    read = Gaussian.load(tmp_path / "x.npz")
    assert_close(read.mean, torch.ones(3, dtype=torch.float64))
    assert_close(read.covariance, torch.eye(3, dtype=torch.float64))


def damaged(what: str, file) -> None:
    if what == "not there":
        return
    if what == "no archive":
        file.write_text("mu")
    elif what == "empty":
        file.touch()
    elif what == "cut":
        np.savez(file, mu=np.ones(300), sigma=np.eye(300))
        file.write_bytes(file.read_bytes()[:9000])
    elif what == "no sigma":
        np.savez(file, mu=np.ones(3))
    elif what == "pickled":
        np.savez(file, mu=np.array([{}], dtype=object), sigma=np.eye(3))
    elif what == "an array":
        with file.open("wb") as stream:
            np.save(stream, np.eye(3))
    else:
        np.savez(file, mu=np.ones(3), sigma=np.eye(4))


@pytest.mark.parametrize(
    "what", ["not there", "no archive", "empty", "cut", "no sigma", "pickled", "an array", "shapes"]
)
def test_file_without_statistics_is_named_in_one_line(tmp_path, what):
    damaged(what, tmp_path / "x.npz")
    with pytest.raises(Mistake, match=r"x\.npz") as mistake:
        Gaussian.load(tmp_path / "x.npz")
    assert "\n" not in str(mistake.value)
