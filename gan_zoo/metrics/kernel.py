"""The kernel distance between two sets of features, KID (Binkowski 2018, section 4).

The squared maximum mean discrepancy with the kernel k(x, y) = (x·y / d + 1)^3, by its unbiased estimator:

    mean k(x, x') + mean k(y, y') - 2 mean k(x, y)        over pairs of different x, of different y, and of x and y

It is unbiased for any number of images, and negative about half of the time if the two distributions are equal. `kid`
uses all images and draws nothing at random; `kid_subsets` is the mean over 100 random subsets of 1000, as papers report
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
    """Return (x·y / d + 1)^3 for each x of `a` and y of `b` (Binkowski 2018, section 4)."""
    return ((a / a.shape[1]) @ b.mT).add_(1).pow_(3)


def subset_indices(real: int, fake: int, subsets: int, size: int, seed: int = SEED) -> tuple[Tensor, Tensor]:
    """Draw the indices of the real and of the generated images in each subset: two int64 tensors (subsets, size).

    The draws are those of torch-fidelity: subset by subset, generated images before real ones.

    Args:
        real, fake: Number of real and of generated images.
        subsets: Number of subsets.
        size: Number of images in each.
        seed: Seed of the draws.
    """
    random = np.random.RandomState(seed)
    draws = [[random.choice(count, size, replace=False) for count in (fake, real)] for _ in range(subsets)]
    chosen_fake, chosen_real = (
        torch.from_numpy(np.array(side).reshape(subsets, -1)) for side in zip(*draws, strict=True)
    )
    return chosen_real, chosen_fake


class KernelSums:
    """Sums of the kernel matrix of `a` and `b`, computed without holding the whole matrix in memory.

    Args:
        a, b: Features. If `b` is None, `a` is compared with itself, without the diagonal.
        chosen_a, chosen_b: Indices of the rows in each subset; None means no subsets. If `b` is None, `chosen_a` serves
            both sides.
    """

    def __init__(
        self,
        a: Float[Tensor, "n d"],
        b: Float[Tensor, "m d"] | None = None,
        chosen_a: Int64[Tensor, "subsets size"] | None = None,
        chosen_b: Int64[Tensor, "subsets size"] | None = None,
    ) -> None:
        other = (a if b is None else b).double()
        one_by_one = chosen_a is not None and smaller(chosen_a, len(a) * len(other))
        in_a = _membership(None if one_by_one else chosen_a, len(a), a.device)
        in_b = in_a if b is None else _membership(None if one_by_one else chosen_b, len(other), a.device)
        self.rows, self.columns = other.new_zeros(len(a)), other.new_zeros(len(other))
        """The sum of each row, and the sum of each column."""
        self.subsets = other.new_zeros(len(in_a))
        """For each subset, the sum over its rows and columns."""
        for first in range(0, len(a), length := block_length(len(other))):
            block = polynomial_kernel(a[first : first + length].double(), other)
            if b is None:
                block.diagonal(first).zero_()
            self.rows[first : first + length] = block.sum(1)
            self.columns += block.sum(0)
            self.subsets += ((in_a[:, first : first + length] @ block) * in_b).sum(1)
        if one_by_one and chosen_a is not None:
            self.subsets = subset_sums(a, b, chosen_a, chosen_a if chosen_b is None else chosen_b)


def smaller(chosen: Int64[Tensor, "subsets size"], whole: int) -> bool:
    """Return whether the kernel matrices of all subsets together have fewer than `whole` entries."""
    return chosen.numel() * chosen.shape[1] < whole


def subset_sums(
    a: Float[Tensor, "n d"],
    b: Float[Tensor, "m d"] | None,
    chosen_a: Int64[Tensor, "subsets size"],
    chosen_b: Int64[Tensor, "subsets size"],
) -> Float64[Tensor, " subsets"]:
    """Compute `KernelSums.subsets` subset by subset."""
    pairs = zip(chosen_a.to(a.device), chosen_b.to(a.device), strict=True)
    return torch.stack([KernelSums(a[i], None if b is None else b[j]).rows.sum() for i, j in pairs])


def _membership(chosen: Tensor | None, count: int, device: torch.device) -> Float64[Tensor, "subsets {count}"]:
    """Return a mask that is 1 where a row belongs to a subset."""
    if chosen is None:
        return torch.zeros(0, count, dtype=torch.float64, device=device)
    return torch.zeros(len(chosen), count, dtype=torch.float64, device=device).scatter_(1, chosen.to(device), 1)


def unbiased(within_a: Any, within_b: Any, across: Any, n: int, m: int) -> Any:
    """Return the unbiased estimate of the squared discrepancy.

    Args:
        within_a, within_b: Sums of the kernel over pairs of different rows of one side.
        across: Sum over the pairs with one row of each side.
        n, m: Number of rows of the two sides.
    """
    return within_a / (n * (n - 1)) + within_b / (m * (m - 1)) - 2 * across / (n * m)


def standard_error(
    real_rows: Tensor, fake_rows: Tensor, across_rows: Tensor, across_columns: Tensor
) -> Float64[Tensor, ""]:
    """Return the standard error of `kid` over both samples, by the infinitesimal jackknife.

    To first order, image i of n contributes (h_i - mean h) / n with h_i = 2 (mean k(x_i, x') - mean k(x_i, y)).

    Args:
        real_rows, fake_rows: Sum of each row of the kernel matrix of one side with itself.
        across_rows, across_columns: Sum of each row and of each column of the matrix of real and generated images.
    """
    n, m = len(real_rows), len(fake_rows)
    real = 2 * (real_rows / (n - 1) - across_rows / m)
    fake = 2 * (fake_rows / (m - 1) - across_columns / n)
    return (real.var() / n + fake.var() / m).sqrt()


class KernelDistance(KeepsFeatures):
    """KID of all features: `kid` with a 95 % interval, and `kid_subsets` with one standard deviation of the subsets.

    If a side has fewer images than a subset, `kid_subsets` is left out.

    Args:
        features: Number of features per image.
        subsets: Number of subsets.
        size: Number of images of each side in a subset.
        options: Options of torchmetrics' `Metric`.
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
        numbers = {"kid": value, "kid_low": value - half, "kid_high": value + half}
        if chosen[0] is None:
            return numbers
        one_by_one = smaller(chosen[0], n * n)  # the sums of the real rows are in the reference already
        real_subsets = (
            subset_sums(real, None, chosen[0], chosen[0])
            if one_by_one
            else KernelSums(real, chosen_a=chosen[0]).subsets
        )
        each = unbiased(real_subsets, within.subsets, across.subsets, self.size, self.size)
        mean, spread = each.mean(), each.std(correction=0)
        return numbers | {"kid_subsets": mean, "kid_subsets_low": mean - spread, "kid_subsets_high": mean + spread}
