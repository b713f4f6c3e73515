"""The kernel distance between two sets of features, KID (Binkowski 2018, section 4).

The squared maximum mean discrepancy with the kernel k(x, y) = (x·y / d + 1)^3, by its unbiased estimator:

    mean k(x, x') + mean k(y, y') - 2 mean k(x, y)        over pairs of different x, of different y, and of x and y

It is unbiased whatever the number of images, and below zero about half of the time where the sets are alike. `kid` is
of all images, as one number without luck; `kid_subsets` is the mean over 100 random subsets of 1000, as papers print
it. Sums run over blocks of the kernel matrix, in float64: memory grows with the number of images, not its square.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from gan_zoo.metrics.score import KeepsFeatures, at_least, block_length

NORMAL = 1.96  # 97.5 % point of the normal distribution
SEED = 2020  # torch-fidelity's


def polynomial_kernel(a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]) -> Float64[Tensor, "n m"]:
    """(x·y / d + 1)^3 for each x of `a`, y of `b` (Binkowski 2018, section 4)."""
    return ((a / a.shape[1]) @ b.mT).add_(1).pow_(3)


def subset_indices(real: int, fake: int, subsets: int, size: int, seed: int = SEED) -> tuple[Tensor, Tensor]:
    """Which of so many real and of so many generated images are in each subset: two of int64 (subsets, size).

    The draws are torch-fidelity's, one after the other, generated before real.
    """
    random = np.random.RandomState(seed)
    drawn = [[random.choice(count, size, replace=False) for count in (fake, real)] for _ in range(subsets)]
    generated, taken = (torch.from_numpy(np.array(side).reshape(subsets, -1)) for side in zip(*drawn, strict=True))
    return taken, generated


class KernelSums:
    """Sums of the kernel matrix of `a` and `b`, that is never whole in memory.

    Args:
        a, b: features; `b` None: `a` with itself, without the diagonal.
        chosen_a, chosen_b: indices of the rows in each subset; None: no subsets, or `a`'s for `b` None.
    """

    def __init__(
        self,
        a: Float[Tensor, "n d"],
        b: Float[Tensor, "m d"] | None = None,
        chosen_a: Int64[Tensor, "subsets size"] | None = None,
        chosen_b: Int64[Tensor, "subsets size"] | None = None,
    ) -> None:
        other = (a if b is None else b).double()
        apart = chosen_a is not None and smaller(chosen_a, len(a) * len(other))
        in_a = _membership(None if apart else chosen_a, len(a), a.device)
        in_b = in_a if b is None else _membership(None if apart else chosen_b, len(other), a.device)
        self.rows, self.columns = other.new_zeros(len(a)), other.new_zeros(len(other))
        """Over each row; and over each column."""
        self.subsets = other.new_zeros(len(in_a))
        """Over each subset's rows and columns."""
        for first in range(0, len(a), length := block_length(len(other))):
            block = polynomial_kernel(a[first : first + length].double(), other)
            if b is None:
                block.diagonal(first).zero_()
            self.rows[first : first + length] = block.sum(1)
            self.columns += block.sum(0)
            self.subsets += ((in_a[:, first : first + length] @ block) * in_b).sum(1)
        if apart and chosen_a is not None:
            self.subsets = subset_sums(a, b, chosen_a, chosen_a if chosen_b is None else chosen_b)


def smaller(chosen: Int64[Tensor, "subsets size"], whole: int) -> bool:
    """Whether the subsets' kernel matrices together have fewer numbers than the `whole` one."""
    return chosen.numel() * chosen.shape[1] < whole


def subset_sums(
    a: Float[Tensor, "n d"],
    b: Float[Tensor, "m d"] | None,
    chosen_a: Int64[Tensor, "subsets size"],
    chosen_b: Int64[Tensor, "subsets size"],
) -> Float64[Tensor, " subsets"]:
    """`KernelSums.subsets`, subset by subset."""
    pairs = zip(chosen_a.to(a.device), chosen_b.to(a.device), strict=True)
    return torch.stack([KernelSums(a[i], None if b is None else b[j]).rows.sum() for i, j in pairs])


def _membership(chosen: Tensor | None, count: int, device: torch.device) -> Float64[Tensor, "subsets {count}"]:
    """1 where a row is in a subset."""
    if chosen is None:
        return torch.zeros(0, count, dtype=torch.float64, device=device)
    return torch.zeros(len(chosen), count, dtype=torch.float64, device=device).scatter_(1, chosen.to(device), 1)


def unbiased(within_a: Any, within_b: Any, across: Any, n: int, m: int) -> Any:
    """The estimator from the three sums: pairs of different rows of n, of m, and pairs across."""
    return within_a / (n * (n - 1)) + within_b / (m * (m - 1)) - 2 * across / (n * m)


def standard_error(
    real_rows: Tensor, fake_rows: Tensor, across_rows: Tensor, across_columns: Tensor
) -> Float64[Tensor, ""]:
    """Of `kid`, over both samples: from how much each image adds to it (the infinitesimal jackknife).

    To first order, image i of n adds (h_i - mean h) / n, h_i = 2 (mean k(x_i, x') - mean k(x_i, y)).
    """
    n, m = len(real_rows), len(fake_rows)
    real = 2 * (real_rows / (n - 1) - across_rows / m)
    fake = 2 * (fake_rows / (m - 1) - across_columns / n)
    return (real.var() / n + fake.var() / m).sqrt()


class KernelDistance(KeepsFeatures):
    """KID of all features shown: `kid` with a 95 % interval, and `kid_subsets` with one standard deviation of them.

    With fewer images on a side than a subset has, there is no `kid_subsets`.

    Args:
        features: their length.
        subsets: their number.
        size: images in each, of each side.
    """

    higher_is_better = False

    def __init__(self, features: int, subsets: int = 100, size: int = 1000, **options: Any) -> None:
        super().__init__(features, **options)
        self.subsets, self.size = subsets, size

    def _real_side(self) -> dict[str, Tensor]:
        real = self._rows("real")
        at_least(2, "KID", real=len(real))
        return {"features": real, "kernel_sums": KernelSums(real).rows}

    def _values(self, reference: Mapping[str, Tensor], fake: Float[Tensor, "n d"]) -> dict[str, Tensor]:
        real, real_rows = reference["features"], reference["kernel_sums"]
        n, m = len(real), len(fake)
        at_least(2, "KID", generated=m)
        subsets = self.subsets if min(n, m) >= self.size else 0
        chosen = subset_indices(n, m, subsets, self.size) if subsets else (None, None)
        within, across = KernelSums(fake, chosen_a=chosen[1]), KernelSums(real, fake, *chosen)
        value = unbiased(real_rows.sum(), within.rows.sum(), across.rows.sum(), n, m)
        half = NORMAL * standard_error(real_rows, within.rows, across.rows, across.columns)
        found = {"kid": value, "kid_low": value - half, "kid_high": value + half}
        if chosen[0] is None:
            return found
        alone = smaller(chosen[0], n * n)  # their rows' sums are known: only the subsets' are to be made
        reals = subset_sums(real, None, chosen[0], chosen[0]) if alone else KernelSums(real, chosen_a=chosen[0]).subsets
        each = unbiased(reals, within.subsets, across.subsets, self.size, self.size)
        mean, spread = each.mean(), each.std(correction=0)
        return found | {"kid_subsets": mean, "kid_subsets_low": mean - spread, "kid_subsets_high": mean + spread}
