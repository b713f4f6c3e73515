"""CMMD: the maximum mean discrepancy of features of unit length, with a Gaussian kernel (Jayasumana 2024).

    1000 (mean k(x, x') + mean k(y, y') - 2 mean k(x, y))        with k(x, y) = exp(-|x - y|^2 / (2 10^2))

The means are over all pairs, those of an image with itself included, as in the authors' program: the estimator is
biased upwards by about 1000 (1 - mean k) (1 / n + 1 / m). The authors' features are CLIP's; the name of the score ends
in that of the extractor. Sums run over blocks of the kernel matrix, in float64.
"""

from collections.abc import Mapping

from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn.functional import normalize

from gan_zoo.metrics.score import KeepsFeatures, at_least, block_length

SIGMA = 10.0
SCALE = 1000.0


def mean_kernel(a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float64[Tensor, ""]:
    """Return the mean of exp(-|x - y|^2 / (2 SIGMA^2)) over each x of `a` and y of `b`, scaled to length 1."""
    a, b = normalize(a.double(), dim=1), normalize(b.double(), dim=1)
    total = a.new_zeros(())
    for part in a.split(block_length(len(b))):
        # |x - y|^2 = |x|^2 + |y|^2 - 2 x·y, where both lengths are 1, or 0 for a row of zeros.
        squares = part.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * (part @ b.mT)
        total += (squares / (-2 * SIGMA**2)).exp_().sum()
    return total / (len(a) * len(b))


class ClipDiscrepancy(KeepsFeatures):
    """The discrepancy as a metric, `cmmd`; one image on each side is enough."""

    higher_is_better = False

    def _real_side(self) -> dict[str, Tensor]:
        real = self._rows("real")
        at_least(1, "cmmd", real=len(real))
        return {"features": real, "gaussian_mean": mean_kernel(real, real)}

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        at_least(1, "cmmd", generated=len(fake))
        across = mean_kernel(fake, reference["features"])
        return {"cmmd": SCALE * (reference["gaussian_mean"] + mean_kernel(fake, fake) - 2 * across)}
