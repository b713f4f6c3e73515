"""The Frechet distance that infinitely many generated images would have (Chong and Forsyth 2020).

With n generated images the distance is too high by b / n, to first order. The set is dealt into G = 7 groups; distances
of the whole set (n) and of the groups (n / G each) give the straight line in 1 / n and its value at 0:

    F_inf = (G F(all) - mean_g F(group g)) / (G - 1)

Departures from the paper: sizes. The paper fits its line through 15 overlapping random subsets between n / 10 and n,
which say nothing of the sample's own error. Here the 15 distances are of the set, of the 7 groups, and of the 7 sets
that lack one group: the last give the same estimate without that group, and their spread the interval (the jackknife,
Efron and Tibshirani 1993, Eq. 11.5). The real images are taken as given.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.metrics.frechet import gaussian_distance
from gan_zoo.metrics.moments import FeatureMoments, Gaussian
from gan_zoo.metrics.score import KeepsFeatures, at_least

GROUPS = 7
STUDENT = 2.4469  # 97.5 % point of the t distribution with GROUPS - 1 degrees of freedom


def frechet_infinity(
    real: Gaussian, fake: Float[Tensor, "n d"], seed: int = 0
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """F_inf and the half width of its 95 % interval.

    Args:
        real: fitted to the real features.
        fake: generated features, at least 2 a group.
        seed: of the order in which images are dealt: sets sorted by class would give unlike groups.

    Raises:
        Mistake: too few images.
    """
    at_least(2 * GROUPS, "fd_infinity", generated=len(fake))
    order = torch.randperm(len(fake), generator=torch.Generator().manual_seed(seed)).to(fake.device)
    groups = [FeatureMoments.of(fake[part]) for part in order.tensor_split(GROUPS)]

    def distance(parts: list[FeatureMoments]) -> Tensor:
        return gaussian_distance(real, FeatureMoments.merged(parts).gaussian("generated"))

    apart = torch.stack([distance([group]) for group in groups])
    without = torch.stack([distance(groups[:one] + groups[one + 1 :]) for one in range(GROUPS)])
    value = (GROUPS * distance(groups) - apart.mean()) / (GROUPS - 1)
    others = (apart.sum() - apart) / (GROUPS - 1)
    left = ((GROUPS - 1) * without - others) / (GROUPS - 2)  # the estimate without each group
    error = ((GROUPS - 1) / GROUPS * (left - left.mean()).square().sum()).sqrt()
    return value, STUDENT * error


class FrechetInfinity(KeepsFeatures):
    """`frechet_infinity` of all features shown: `fd_infinity`, `fd_infinity_low`, `fd_infinity_high`."""

    higher_is_better = False

    def _real_side(self) -> dict[str, Tensor]:
        return FeatureMoments.of(self._rows("real")).gaussian("real").tensors()

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        value, half = frechet_infinity(Gaussian.among(reference), fake)
        return {"fd_infinity": value, "fd_infinity_low": value - half, "fd_infinity_high": value + half}
