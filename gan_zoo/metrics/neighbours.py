"""Precision and recall (Kynkäänniemi 2019), density and coverage (Naeem 2020), from balls around feature vectors.

The ball of an image reaches to the k-th nearest other image of its own set and includes its surface (Kynkäänniemi 2019,
Eq. 1 and 2); k = 5 as in Naeem 2020. Distances are computed in float64, a block of rows at a time: memory grows with
the number of images, not its square.

Departures from the papers: Kynkäänniemi takes k = 3 and features of VGG-16; here k = 5 and any extractor.
"""

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn.functional import threshold

from gan_zoo.metrics.score import KeepsFeatures, at_least, block_length

NEIGHBOURS = 5


def squared_distances(
    a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]
) -> Iterator[tuple[int, Float64[Tensor, "block m"]]]:
    """Yield `|x - y|^2` for every y of `b` and a block of x of `a`, with the index of the first x.

    Distances below 1e-12 of the largest `|x|^2` become exactly 0: the features of one image, computed twice, differ by
    the rounding of float32 and should count as equal.
    """
    b = b.double()
    squares = b.square().sum(1)
    least = 1e-12 * max(squares.max().item(), a.double().square().sum(1).max().item())
    for first in range(0, len(a), length := block_length(len(b))):
        block = a[first : first + length].double()
        distances = torch.addmm(squares, block, b.mT, alpha=-2).add_(block.square().sum(1, keepdim=True))
        yield first, threshold(distances, least, 0, inplace=True)


def squared_radii(rows: Float[Tensor, "n d"], neighbours: int = NEIGHBOURS) -> Float64[Tensor, " n"]:
    """Return the squared distance of each row to its `neighbours`-th nearest other row."""
    radii = torch.empty(len(rows), dtype=torch.float64, device=rows.device)
    for first, block in squared_distances(rows, rows):
        nearest = block.topk(neighbours + 1, largest=False).values  # the first is the row itself
        radii[first : first + len(block)] = nearest[:, -1]
    return radii


def prdc(
    real: Float[Tensor, "n d"],
    fake: Float[Tensor, "m d"],
    real_radii: Float64[Tensor, " n"],
    fake_radii: Float64[Tensor, " m"],
    neighbours: int = NEIGHBOURS,
) -> dict[str, Float64[Tensor, ""]]:
    """Return `precision`, `recall`, `density` and `coverage`.

    Args:
        real, fake: Features of the real and of the generated images.
        real_radii, fake_radii: Squared radii of their balls.
        neighbours: The k of the radii.
    """
    balls = torch.empty(len(fake), dtype=torch.int64, device=real.device)  # real balls around each generated image
    covered, recalled = (torch.zeros(len(real), dtype=torch.bool, device=real.device) for _ in range(2))
    for first, distances in squared_distances(fake, real):
        part = slice(first, first + len(distances))
        inside = distances <= real_radii
        balls[part] = inside.sum(1)
        covered |= inside.any(0)
        recalled |= (distances <= fake_radii[part, None]).any(0)
    return {
        "precision": (balls > 0).double().mean(),
        "recall": recalled.double().mean(),
        "density": balls.sum().double() / (neighbours * len(fake)),
        "coverage": covered.double().mean(),
    }


class Neighbours(KeepsFeatures):
    """`prdc` as a metric; it needs at least six images on each side."""

    higher_is_better = True

    def _real_side(self) -> dict[str, Tensor]:
        real = self._rows("real")
        at_least(NEIGHBOURS + 1, "prdc", real=len(real))
        return {"features": real, "squared_radii": squared_radii(real)}

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        at_least(NEIGHBOURS + 1, "prdc", generated=len(fake))
        return prdc(reference["features"], fake, reference["squared_radii"], squared_radii(fake))
