"""Does a model copy its training images? The share of authentic images, and the nearest real image of each.

Let x be the real image nearest to a generated image g. g is authentic if x has another real image nearer to it than g
(Alaa 2022, section 4.1): a copy lies nearer to x than anything else. AuthPct is the percentage of authentic images.
If g is exactly as near as the nearest real image, it is not authentic, as in the paper.

New images from the distribution of the real ones are not all authentic: g and x are then two of n + 1 equal draws, and
g is not authentic if they are each other's nearest neighbours. This is so for 2 of 3 draws in one dimension, for
62 of 100 in two, and for ever fewer in more dimensions. So no distribution makes a share of new images below 1 / 3
authentic, and a lower value means copies (`choices.LEAST_AUTHENTIC`). It says nothing unless the real images are those
that the model was trained on.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from gan_zoo.metrics.neighbours import squared_distances, squared_radii
from gan_zoo.metrics.score import KeepsFeatures, at_least

NORMAL = 1.96  # 97.5 % point of the normal distribution


def nearest(
    a: Float[Tensor, "n d"], b: Float[Tensor, "m d"], count: int = 1
) -> tuple[Float64[Tensor, "n {count}"], Int64[Tensor, "n {count}"]]:
    """Return the squared distances of each row of `a` to the `count` rows of `b` nearest to it, and their indices."""
    blocks = [block.topk(count, largest=False) for _, block in squared_distances(a, b)]
    return torch.cat([block.values for block in blocks]), torch.cat([block.indices for block in blocks])


def wilson(share: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the 95 % interval of a share of `count` independent images (Wilson 1927, Eq. 1), which lies in [0, 1]."""
    spread = NORMAL**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = (NORMAL / (1 + spread)) * (share * (1 - share) / count + spread / (4 * count)).sqrt()
    return (middle - half).clamp(min=0).minimum(share), (middle + half).clamp(max=1).maximum(share)


class Authenticity(KeepsFeatures):
    """AuthPct as a metric: `authpct` with a 95 % interval over the generated images; it needs two real images."""

    higher_is_better = True

    def _real_side(self) -> dict[str, Tensor]:
        real = self._rows("real")
        at_least(2, "authpct", real=len(real))
        return {"features": real, "squared_nearest": squared_radii(real, neighbours=1)}

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        at_least(1, "authpct", generated=len(fake))
        distances, indices = nearest(fake, reference["features"])
        share = (reference["squared_nearest"][indices] < distances).double().mean()
        low, high = wilson(share, len(fake))
        return {"authpct": 100 * share, "authpct_low": 100 * low, "authpct_high": 100 * high}
