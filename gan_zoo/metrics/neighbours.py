"""Precision and recall (Kynkäänniemi 2019), density and coverage (Naeem 2020): of balls around images' features.

The ball of an image reaches to the k-th nearest other image of its own set, its surface included (Kynkäänniemi 2019,
Eq. 1 and 2). k = 5, as Naeem 2020 has it. Distances are of float64 and made a block of rows at a time: memory grows
with the number of images, not its square.

Departures from the papers: Kynkäänniemi takes k = 3 and features of VGG-16; here the evaluation's extractor.
"""

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gan_zoo.metrics.score import KeepsFeatures, at_least, block_length

NEIGHBOURS = 5


def squared_distances(a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Iterator[Float64[Tensor, "block m"]]:
    """|x - y|^2 for some x of `a` in turn and each y of `b`: exactly 0 where x and y are equal to 12 digits."""
    b = b.double()
    squares = b.square().sum(1)
    for block in a.split(block_length(len(b))):
        block = block.double()
        sizes = block.square().sum(1, keepdim=True) + squares
        distances = torch.addmm(sizes, block, b.mT, alpha=-2)
        yield distances.masked_fill_(distances < 1e-12 * sizes, 0)


def squared_radii(rows: Float[Tensor, "n d"], neighbours: int = NEIGHBOURS) -> Float64[Tensor, " n"]:
    """The square of each row's distance to its `neighbours`-th nearest other row."""
    nearest = [block.topk(neighbours + 1, largest=False).values for block in squared_distances(rows, rows)]
    return torch.cat(nearest)[:, -1]  # the first of them is the row itself


def prdc(
    real: Float[Tensor, "n d"],
    fake: Float[Tensor, "m d"],
    real_radii: Float64[Tensor, " n"],
    fake_radii: Float64[Tensor, " m"],
    neighbours: int = NEIGHBOURS,
) -> dict[str, Float64[Tensor, ""]]:
    """`precision`, `recall`, `density` and `coverage`.

    Args:
        real, fake: features.
        real_radii, fake_radii: their balls' squared radii.
        neighbours: k, that of the radii.
    """
    balls = []  # real ones that each generated image lies in
    covered, recalled = (torch.zeros(len(real), dtype=torch.bool, device=real.device) for _ in range(2))
    for distances, radii in zip(squared_distances(fake, real), fake_radii.split(block_length(len(real))), strict=True):
        inside = distances <= real_radii
        balls.append(inside.sum(1))
        covered |= inside.any(0)
        recalled |= (distances <= radii[:, None]).any(0)
    counts = torch.cat(balls)
    return {
        "precision": (counts > 0).double().mean(),
        "recall": recalled.double().mean(),
        "density": counts.sum().double() / (neighbours * len(fake)),
        "coverage": covered.double().mean(),
    }


class Neighbours(KeepsFeatures):
    """`prdc` of all features shown, at least six on each side."""

    higher_is_better = True

    def _real_side(self) -> dict[str, Tensor]:
        real = self._rows("real")
        at_least(NEIGHBOURS + 1, "prdc", real=len(real))
        return {"features": real, "squared_radii": squared_radii(real)}

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        at_least(NEIGHBOURS + 1, "prdc", generated=len(fake))
        return prdc(reference["features"], fake, reference["squared_radii"], squared_radii(fake))
