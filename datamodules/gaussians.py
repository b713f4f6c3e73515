"""Gaussians in the plane: a toy set that shows mode collapse at a glance and needs no files.

A ring of 8 (Goodfellow 2014's discussion made measurable by Metz 2017, "Unrolled GANs"; Srivastava 2017, "VEEGAN") or a
grid of 25 (VEEGAN, PacGAN). The points are scaled into [-1, 1], the range of a tanh generator. In the papers the ring
has radius 1 and standard deviation .01, the grid -4 to 4 and .05: in both, the standard deviation is about 1/100 of the
extent.
"""

import math
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from datamodules.errors import DataError
from datamodules.names import Split
from datamodules.stream import InMemory, StreamedData

SPLITS = {"train": 0, "test": 1}


class Gaussians(StreamedData):
    """Points as images of two channels and one pixel, float (n, 2, 1, 1) in [-1, 1]; the label is the mode.

    Args:
        layout: `ring`: modes on a circle, the first at (radius, 0); `grid`: modes on a square lattice, row by row.
        modes: Number of modes; a square number for a grid.
        std: Standard deviation of each mode, along each axis.
        radius: Radius of the ring, or half the side of the grid: the outermost modes lie at plus and minus `radius`.
        count: Number of points in the set, divided equally among the modes, up to one point.
        split: train or test: different draws from the same distribution.
        batch_size: Points per mini-batch on each device.
        workers: Processes that read ahead; the points are in memory, so 0 is fastest.
    """

    image_shape = (2, 1, 1)

    def __init__(
        self,
        layout: Literal["ring", "grid"] = "ring",
        modes: int = 8,
        std: float = 0.01,
        radius: float = 0.8,
        count: int = 50_000,
        split: Split = "train",
        batch_size: int = 256,
        workers: int = 0,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        if not 0 <= 5 * std < 1 - radius < 1:
            raise DataError(
                f"data.radius {radius} with data.std {std} reaches out of [-1, 1]: both must be positive, "
                "and radius + 5 std below 1."
            )
        if not 1 <= modes <= count:
            raise DataError(f"data.modes is {modes} and data.count {count}: use at least 1 mode, and a point per mode.")
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
    """Return the centre (x, y) of each mode.

    Raises:
        DataError: The number of modes of a grid is not a square number.
    """
    if layout == "ring":
        angle = torch.arange(modes) * (2 * math.pi / modes)
        return radius * torch.stack([angle.cos(), angle.sin()], dim=1)
    side = math.isqrt(modes)
    if side**2 != modes or side < 2:
        raise DataError(f"data.modes is {modes}: a grid needs a square number of modes, 4 or more, such as 25.")
    axis = torch.linspace(-radius, radius, side)
    return torch.cartesian_prod(axis, axis)
