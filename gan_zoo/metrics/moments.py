"""Mean and covariance of features: accumulated over batches and processes, and saved in files."""

import io
import json
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
from gan_zoo.metrics.arrays import read_arrays
from gan_zoo.metrics.score import at_least
from gan_zoo.run.files import write
from gan_zoo.run.marks import MARK


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian fitted to the features of a set of images, in float64: the input of the Frechet distance."""

    mean: Float64[Tensor, " d"]
    covariance: Float64[Tensor, "d d"] | None = None
    rows: Float64[Tensor, "n d"] | None = None
    """With no more images than features, in place of the covariance: the centred features over (n - 1)^(1/2).

    The covariance is X'X."""

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that are not None, by name, as a metric's reference holds them."""
        pairs = {"mean": self.mean, "covariance": self.covariance, "rows": self.rows}
        return {key: value for key, value in pairs.items() if value is not None}

    @classmethod
    def among(cls, tensors: Mapping[str, Tensor]) -> "Gaussian":
        """Return the Gaussian whose `tensors()` are among these."""
        return cls(tensors["mean"], tensors.get("covariance"), tensors.get("rows"))

    def save(self, file: Path, about: Mapping[str, Any]) -> None:
        """Write an .npz with `mu` and `sigma`, which pytorch-fid and clean-fid read, and how they were computed.

        Args:
            file: The file to write.
            about: The fields of a protocol that describe the extractor and the images, among them `real`, their number.
        """
        covariance = self.covariance if self.rows is None else self.rows.mT @ self.rows
        assert covariance is not None
        stream = io.BytesIO()
        mean, sigma = self.mean.cpu().numpy(), covariance.cpu().numpy()
        np.savez(stream, mu=mean, sigma=sigma, count=about["real"], protocol=json.dumps(dict(about)), made_by=MARK)
        write(file, stream.getvalue())

    @classmethod
    def load(cls, file: Path) -> "Gaussian":
        """Read `mu` and `sigma` from an .npz that this or another program wrote.

        Raises:
            Mistake: The file is missing, or holds no mean and covariance.
        """
        try:
            content = read_arrays(file, "mu", "sigma")
            mean, covariance = (torch.from_numpy(np.asarray(content[key], np.float64)) for key in ("mu", "sigma"))
        except (KeyError, ValueError, TypeError) as error:
            reason = shorten(str(error), most=100)
            raise Mistake(f"{file} holds no mu and sigma ({reason}): name an .npz of feature statistics.") from error
        if mean.ndim != 1 or not len(mean) or covariance.shape != (len(mean), len(mean)):
            shapes = f"{tuple(mean.shape)} and {tuple(covariance.shape)}"
            raise Mistake(f"{file} has mu and sigma of shapes {shapes}: they must be (d,) and (d, d).")
        if problem := impossible(mean, covariance):
            raise Mistake(f"{file} is damaged: {problem}. Compute the statistics again, or fetch them again.")
        return cls(mean, covariance)


def impossible(mean: Float64[Tensor, " d"], covariance: Float64[Tensor, "d d"]) -> str:
    """Return why these cannot be a mean and a covariance, or an empty string if they can."""
    if not (mean.isfinite().all() and covariance.isfinite().all()):
        return "mu or sigma holds numbers that are infinite or NaN"
    variances = covariance.diagonal()
    if (variances < 0).any():
        return f"sigma holds a negative variance, {variances.min():g}"
    if not torch.allclose(covariance, covariance.mT, rtol=1e-3, atol=1e-6 * float(variances.max())):  # of float32
        return "sigma is not symmetric"
    return ""


class FeatureMoments:
    """Count, sum and sum of outer products of feature vectors, in float64, in one flat tensor.

    As long as there are no more images than features, the vectors themselves are kept in place of the products: the
    distance of few images is then exact and quick (`frechet.gaussian_distance`).

    Args:
        flat: The count, the sum (d numbers), and a d x d matrix, which holds the vectors as rows while count <= d, and
            X'X from then on. It is changed in place.
    """

    def __init__(self, flat: Float64[Tensor, " size"]) -> None:
        self.length = math.isqrt(len(flat) - 1)  # d: 1 + d + d²
        self.flat, self.total = flat, flat[1 : 1 + self.length]
        self.matrix = flat[1 + self.length :].view(self.length, self.length)

    @classmethod
    def empty(cls, length: int, **options: Any) -> "FeatureMoments":
        """Return the moments of no images, for `length` features per image."""
        return cls(torch.zeros(1 + length + length**2, dtype=torch.float64, **options))

    @classmethod
    def of(cls, features: Float[Tensor, "n d"]) -> "FeatureMoments":
        """Return the moments of `features`."""
        return cls.empty(features.shape[1], device=features.device).add(features)

    @classmethod
    def merged(cls, parts: Sequence["FeatureMoments"]) -> "FeatureMoments":
        """Return the moments of the images of all `parts` together."""
        whole = cls.empty(parts[0].length, device=parts[0].flat.device)
        count = sum(part.count for part in parts)
        for part in parts:
            part._place(whole, first=whole.count, few=count <= whole.length)
        return whole

    @property
    def count(self) -> int:
        return int(self.flat[0])

    def add(self, features: Float[Tensor, "n d"]) -> "FeatureMoments":
        """Add the features of more images."""
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
        """Return the moments of all processes, in order of rank, by one all-reduce; every process calls it."""
        counts = torch.zeros(dist.get_world_size(group), dtype=torch.int64, device=self.flat.device)
        rank = dist.get_rank(group)
        counts[rank] = self.count
        dist.all_reduce(counts, group=group)
        whole = FeatureMoments.empty(self.length, device=self.flat.device)
        self._place(whole, first=int(counts[:rank].sum()), few=int(counts.sum()) <= self.length)
        dist.all_reduce(whole.flat, group=group)
        return whole

    def gaussian(self, side: str) -> Gaussian:
        """Return the mean and the unbiased covariance (divided by n - 1).

        Args:
            side: Which images these are, "real" or "generated", for the message.

        Raises:
            Mistake: There are fewer than two images.
        """
        at_least(2, "A Frechet distance", **{side: self.count})
        mean, spread = self.total / self.count, self.count - 1
        if self.count <= self.length:
            rows = (self.matrix[: self.count] - mean) / spread**0.5
            return Gaussian(mean, rows=rows)
        return Gaussian(mean, (self.matrix - self.count * torch.outer(mean, mean)) / spread)

    def _products(self) -> Float64[Tensor, "d d"]:
        """Return X'X."""
        rows = self.matrix[: self.count]
        return rows.mT @ rows if self.count <= self.length else self.matrix

    def _place(self, whole: "FeatureMoments", first: int, few: bool) -> None:
        """Add this to `whole`: its features as rows from `first` on if the images are `few`, else their products."""
        whole.flat[: 1 + self.length] += self.flat[: 1 + self.length]
        if few:
            whole.matrix[first : first + self.count] = self.matrix[: self.count]
        else:
            whole.matrix += self._products()
