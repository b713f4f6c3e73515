"""The Frechet distance between two sets of features, each taken for a Gaussian (Heusel 2017)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


def frechet_distance(
    mean_a: Float[Tensor, " d"],
    covariance_a: Float[Tensor, "d d"],
    mean_b: Float[Tensor, " d"],
    covariance_b: Float[Tensor, "d d"],
) -> Float[Tensor, ""]:
    """|m_a - m_b|^2 + tr(C_a) + tr(C_b) - 2 tr((C_a C_b)^(1/2)) in float64 (Heusel 2017, Eq. 6).

    C_a C_b has the eigenvalues of the symmetric L' C_b L with C_a = L L'. L is C_a's Cholesky factor where it has one
    (at 2048 dimensions 2.5 times cheaper than a general eigenvalue solver and as accurate); a singular C_a, as with
    fewer images than features or with features that are never active, has its symmetric root instead.
    """
    mean_a, covariance_a = mean_a.double(), covariance_a.double()
    mean_b, covariance_b = mean_b.double(), covariance_b.double()
    factor, failed = torch.linalg.cholesky_ex(covariance_a)
    if failed:
        values, vectors = torch.linalg.eigh(covariance_a)
        factor = vectors * values.clamp(min=0).sqrt()
    root_trace = torch.linalg.eigvalsh(factor.mT @ covariance_b @ factor).clamp(min=0).sqrt().sum()
    distance = (mean_a - mean_b).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * root_trace
    return distance.clamp(min=0)  # rounding can take equal sets below zero


class FrechetDistance(Metric):
    """The distance between all real and all generated features shown, as a torchmetrics `Metric`.

    Features are kept as sums in float64, so memory does not grow with their number and devices add up exactly.

    Args:
        features: their length.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    def __init__(self, features: int) -> None:
        super().__init__()
        for side in ("real", "fake"):
            self.add_state(f"{side}_count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
            self.add_state(f"{side}_sum", torch.zeros(features, dtype=torch.float64), dist_reduce_fx="sum")
            self.add_state(f"{side}_outer", torch.zeros(features, features, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, features: Float[Tensor, "n d"], real: bool) -> None:
        side = "real" if real else "fake"
        features = features.double()
        self._add(f"{side}_count", torch.tensor(float(len(features)), dtype=torch.float64))
        self._add(f"{side}_sum", features.sum(0))
        self._add(f"{side}_outer", features.mT @ features)

    def compute(self) -> Float[Tensor, ""]:
        """The distance; needs at least two images on each side."""
        return frechet_distance(*self._moments("real"), *self._moments("fake"))

    def _add(self, state: str, value: Tensor) -> None:
        setattr(self, state, getattr(self, state) + value.to(getattr(self, state).device))

    def _moments(self, side: str) -> tuple[Tensor, Tensor]:
        count, total, outer = (getattr(self, f"{side}_{part}") for part in ("count", "sum", "outer"))
        mean = total / count
        return mean, (outer - count * torch.outer(mean, mean)) / (count - 1)
