"""Metrics that return the values of a script, and pixels as features; named as `tests.drivers.scripted:Low`."""

from typing import ClassVar

import torch
from torchmetrics import Metric

from gan_zoo.metrics.extractors.base import Extractor


class Pixels(Extractor):
    """The grey levels of 8 x 8 images."""

    name, features = "pixels", 64

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.flatten(1).float()


class Colours(Extractor):
    """The mean of each colour of an image."""

    name, features = "colours", 3

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.float().mean((2, 3))


class Grey(Extractor):
    """The mean and the largest value of an image, grey or coloured, of any size."""

    name, features = "grey", 2

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        levels = image.flatten(1).float()
        return torch.stack((levels.mean(1), levels.amax(1)), 1)


class Low(Metric):
    """Returns the next value of `script`, whatever the images are. Lower is better."""

    higher_is_better = False
    script: ClassVar[list[float]] = []

    def __init__(self, features: int) -> None:
        super().__init__()

    def update(self, features: torch.Tensor, real: bool) -> None: ...

    def compute(self) -> torch.Tensor:
        return torch.tensor(self.script.pop(0))


class High(Low):
    """The same, but higher is better."""

    higher_is_better = True
