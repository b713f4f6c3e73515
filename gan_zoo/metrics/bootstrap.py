"""The Frechet distance of one set of generated images, with an interval by the bootstrap over these images.

The distance is computed again for 100 sets of as many images, drawn from the generated ones with replacement (Efron and
Tibshirani 1993, chapter 6). Their standard deviation s gives the interval from F / r to F r with r = 1 + 1.96 s / F:
it is symmetric on the scale of log F, so that it is never negative. Its middle is F itself and not a quantile of the
sets: a set drawn with repetitions has fewer different images, and so a distance that is too high.

The interval tells how far F would move with other latents. It leaves out the error of the real images, the bias of few
images, and the seed of training, which usually matters most: compare methods by several runs.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from gan_zoo.metrics.frechet import gaussian_distance
from gan_zoo.metrics.moments import FeatureMoments, Gaussian
from gan_zoo.metrics.score import KeepsFeatures, at_least

SETS = 100
NORMAL = 1.96  # 97.5 % point of the normal distribution


def repeated(features: Float64[Tensor, "n d"], counts: Int64[Tensor, " n"]) -> Gaussian:
    """Return the Gaussian fitted to the features, each repeated `counts` times; the counts sum to n."""
    spread = len(features) - 1
    mean = (features * counts[:, None]).sum(0) / len(features)
    rows = (features - mean) * (counts / spread).sqrt()[:, None]
    if len(features) <= features.shape[1]:
        return Gaussian(mean, rows=rows)
    return Gaussian(mean, rows.mT @ rows)


def deviation(real: Gaussian, fake: Float[Tensor, "n d"], sets: int = SETS, seed: int = 0) -> Float64[Tensor, ""]:
    """Return the standard deviation of the distance over `sets` sets drawn from `fake` with replacement."""
    features, generator = fake.double(), torch.Generator().manual_seed(seed)
    distances = []
    for _ in range(sets):
        drawn = torch.randint(len(fake), (len(fake),), generator=generator)
        counts = torch.bincount(drawn, minlength=len(fake)).to(fake.device)
        distances.append(gaussian_distance(real, repeated(features, counts)))
    return torch.stack(distances).std()


class FrechetBootstrap(KeepsFeatures):
    """The Frechet distance as a metric, `fd_bootstrap`, with the interval described above."""

    higher_is_better = False

    def _real_side(self) -> dict[str, Tensor]:
        return FeatureMoments.of(self._rows("real")).gaussian("real").tensors()

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        at_least(2, "fd_bootstrap", generated=len(fake))
        real = Gaussian.among(reference)
        value = gaussian_distance(real, FeatureMoments.of(fake).gaussian("generated"))
        high = value + NORMAL * deviation(real, fake)
        low = value * (value / high) if high > 0 else value  # in this order it is finite for a distance of 0
        return {"fd_bootstrap": value, "fd_bootstrap_low": low, "fd_bootstrap_high": high}
