"""Mean and covariance of features: as sums that add up over batches and processes, and as files."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Float, Float64
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.metrics.score import at_least
from gan_zoo.run.files import write
from gan_zoo.run.marks import MARK


@dataclass(frozen=True)
class Gaussian:
    """What a Frechet distance reads of a set of images: mean and covariance of their features, in float64."""

    mean: Float64[Tensor, " d"]
    covariance: Float64[Tensor, "d d"] | None = None
    rows: Float64[Tensor, "n d"] | None = None
    """In its place, of no more images than features: X with X'X = covariance, centred features over (n - 1)^(1/2)."""

    def tensors(self) -> dict[str, Tensor]:
        """By name, those that it has: what a metric's reference holds."""
        pairs = {"mean": self.mean, "covariance": self.covariance, "rows": self.rows}
        return {key: value for key, value in pairs.items() if value is not None}

    @classmethod
    def among(cls, tensors: Mapping[str, Tensor]) -> "Gaussian":
        """The one whose `tensors()` are among these."""
        return cls(tensors["mean"], tensors.get("covariance"), tensors.get("rows"))

    def save(self, file: Path, count: int) -> None:
        """Write an .npz with `mu`, `sigma` (as pytorch-fid and clean-fid read it), `count` images and our mark."""
        covariance = self.covariance if self.rows is None else self.rows.mT @ self.rows
        assert covariance is not None
        stream = io.BytesIO()
        np.savez(stream, mu=self.mean.cpu().numpy(), sigma=covariance.cpu().numpy(), count=count, made_by=MARK)
        write(file, stream.getvalue())

    @classmethod
    def load(cls, file: Path) -> "Gaussian":
        """Read the `mu` and `sigma` of an .npz, of ours or of others.

        Raises:
            Mistake: no such file, or none with a mean and a covariance.
        """
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
                mean, covariance = (torch.from_numpy(np.asarray(content[key], np.float64)) for key in ("mu", "sigma"))
        except Exception as error:  # numpy raises many kinds for what is missing, damaged, dangerous or another file
            reason = shorten(str(error), most=100)
            raise Mistake(f"{file} gives no mu and sigma ({reason}): name an .npz of feature statistics.") from error
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
            shapes = f"{tuple(mean.shape)} and {tuple(covariance.shape)}"
            raise Mistake(f"{file} has mu and sigma of shapes {shapes}: they must be (d,) and (d, d).")
        return cls(mean, covariance)


class FeatureMoments:
    """Count, sum and sum of outer products of features, in float64, in one flat tensor.

    No more features than their length are kept as they are, where the sum of products would be: the distance of few
    images is then exact and quick (`frechet.gaussian_distance`).

    Args:
        flat: count, sum (d), and d x d: row by row the features while count <= d, from then on X'X. Changed in place.
    """

    def __init__(self, flat: Float64[Tensor, " size"]) -> None:
        self.length = math.isqrt(len(flat) - 1)  # d: 1 + d + d²
        self.flat, self.total = flat, flat[1 : 1 + self.length]
        self.matrix = flat[1 + self.length :].view(self.length, self.length)

    @classmethod
    def empty(cls, length: int, **options: Any) -> "FeatureMoments":
        """Of no features, that are to be `length` numbers each."""
        return cls(torch.zeros(1 + length + length**2, dtype=torch.float64, **options))

    @classmethod
    def of(cls, features: Float[Tensor, "n d"]) -> "FeatureMoments":
        """Of these features."""
        return cls.empty(features.shape[1], device=features.device).add(features)

    @classmethod
    def merged(cls, parts: Sequence["FeatureMoments"]) -> "FeatureMoments":
        """Of all the features that `parts` are of."""
        whole = cls.empty(parts[0].length, device=parts[0].flat.device)
        count = sum(part.count for part in parts)
        for part in parts:
            part._place(whole, first=whole.count, few=count <= whole.length)
        return whole

    @property
    def count(self) -> int:
        return int(self.flat[0])

    def add(self, features: Float[Tensor, "n d"]) -> "FeatureMoments":
        """Take these features in too."""
        features = features.to(self.flat)
        begin, end = self.count, self.count + len(features)
        if begin <= self.length < end:
            self.matrix.copy_(self._products())
        if end <= self.length:
            self.matrix[begin:end] = features
        else:
            self.matrix.addmm_(features.mT, features)
        self.total += features.sum(0)
        self.flat[0] = end
        return self

    def all_reduce(self, group: Any = None) -> "FeatureMoments":
        """Of the features of all processes, in order of rank, by one all-reduce; every process calls it."""
        counts = torch.zeros(dist.get_world_size(group), dtype=torch.int64, device=self.flat.device)
        rank = dist.get_rank(group)
        counts[rank] = self.count
        dist.all_reduce(counts, group=group)
        whole = FeatureMoments.empty(self.length, device=self.flat.device)
        self._place(whole, first=int(counts[:rank].sum()), few=int(counts.sum()) <= self.length)
        dist.all_reduce(whole.flat, group=group)
        return whole

    def gaussian(self, side: str) -> Gaussian:
        """Mean and covariance, that of n - 1.

        Raises:
            Mistake: there are less than two of the `side` ("real") images.
        """
        at_least(2, "A Frechet distance", **{side: self.count})
        mean, spread = self.total / self.count, self.count - 1
        if self.count <= self.length:
            rows = (self.matrix[: self.count] - mean) / spread**0.5
            return Gaussian(mean, rows=rows)
        return Gaussian(mean, (self.matrix - self.count * torch.outer(mean, mean)) / spread)

    def _products(self) -> Float64[Tensor, "d d"]:
        """X'X."""
        rows = self.matrix[: self.count]
        return rows.mT @ rows if self.count <= self.length else self.matrix

    def _place(self, whole: "FeatureMoments", first: int, few: bool) -> None:
        """Add this to `whole`: its features as rows from the `first` on, or their products."""
        whole.flat[: 1 + self.length] += self.flat[: 1 + self.length]
        if few:
            whole.matrix[first : first + self.count] = self.matrix[: self.count]
        else:
            whole.matrix += self._products()
