"""Gaussians in the plane: the toy on which mode collapse is seen at a glance, with no file to fetch.

A ring of 8 (Goodfellow 2014's discussion made measurable by Metz 2017, "Unrolled GANs"; Srivastava 2017, "VEEGAN") or a
grid of 25 (VEEGAN, PacGAN). Points are scaled into [-1, 1], the range of a tanh generator: the papers' ring of radius 1
and standard deviation .01, and grid of -4 to 4 and .05, both have a standard deviation of about 1/100 of the extent.
"""

import math
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from datamodules.errors import DataError
from datamodules.stream import InMemory, StreamedData

SPLITS = {"train": 0, "test": 1}


class Gaussians(StreamedData):
    """Points as images of two channels and one pixel, (n, 2, 1, 1), floating, in [-1, 1]; the label is the mode.

    Args:
        layout: `ring`: modes on a circle, the first at (radius, 0); `grid`: on a square lattice, row by row.
        modes: how many; a square number for a grid.
        std: standard deviation of each mode, along each axis.
        radius: of the ring, or half the side of the grid: the outermost modes lie at plus and minus `radius`.
        count: points in the set, the same number of each mode up to one.
        split: train or test: other draws of the same law.
        batch_size: points a minibatch on each device.
        workers: processes that read ahead; the points are in memory, so 0 is fastest.
    """

    image_shape = (2, 1, 1)

    def __init__(
        self,
        layout: Literal["ring", "grid"] = "ring",
        modes: int = 8,
        std: float = 0.01,
        radius: float = 0.8,
        count: int = 50_000,
        split: Literal["train", "test"] = "train",
        batch_size: int = 256,
        workers: int = 0,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        if not 0 <= 5 * std < 1 - radius < 1:
            raise DataError(
                f"data.radius {radius} with data.std {std} reaches out of [-1, 1]: keep radius + 5 std below 1, both "
                "positive."
            )
        if not 1 <= modes <= count:
            raise DataError(f"data.modes is {modes} of data.count {count} points: at least 1 mode, a point for each.")
        self.centres = centres(layout, modes, radius)
        self.num_classes = modes
        self.layout, self.std, self.count, self.split = layout, std, count, split

    def setup(self, stage: str) -> None:
        draws = np.random.default_rng(SPLITS[self.split]).standard_normal((self.count, 2), dtype=np.float32)
        label = torch.arange(self.count) % self.num_classes
        image = self.centres[label] + self.std * torch.from_numpy(draws)
        self.images = InMemory(
            f"{self.layout}_{self.num_classes}_{self.split}", image=image[:, :, None, None].contiguous(), label=label
        )


def centres(layout: str, modes: int, radius: float) -> Float[Tensor, "{modes} 2"]:
    """The middle (x, y) of each mode.

    Raises:
        DataError: a grid whose number of modes is no square.
    """
    if layout == "ring":
        angle = torch.arange(modes) * (2 * math.pi / modes)
        return radius * torch.stack([angle.cos(), angle.sin()], dim=1)
    side = math.isqrt(modes)
    if side**2 != modes or side < 2:
        raise DataError(f"data.modes is {modes}: a grid has a square number of them, 4 or more, e.g. 25.")
    axis = torch.linspace(-radius, radius, side)
    return torch.cartesian_prod(axis, axis)
