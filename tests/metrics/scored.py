"""Images, untrained models, an extractor and evaluators for the tests of scores."""

from typing import Any

import torch
from torch import Tensor

from datamodules.stream import InMemory
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.models.gan import GAN

CPU = torch.device("cpu")


class Counting(InMemory):
    """A set of images that counts how many are read."""

    read = 0

    def __getitem__(self, request: Any) -> dict[str, Tensor]:
        self.read += len(request.indices)
        return super().__getitem__(request)


class Corners(extractors.Extractor):
    """An extractor that returns nine grey levels from the middle, which are exact for any batch size."""

    name, features = "corners", 9

    def forward(self, image: Tensor) -> Tensor:
        return image[:, 0, 12:18:2, 12:18:2].flatten(1).float()


class Still:
    """Fixed images in the place of generated ones."""

    conditions, unit = Conditions(), 1

    def __init__(self, image: Tensor) -> None:
        self.image = image

    def images(self, first: int, count: int) -> Tensor:
        return self.image[first : first + count]


def model(**more: Any) -> GAN:
    torch.manual_seed(0)
    return GAN(image_shape=(1, 28, 28), width=(16,), latent_dim=8, **more).eval()


def sampled(seed: int = 0, **more: Any) -> Sampled:
    return Sampled(model(), Sampling(seed=seed, **more))


def make_evaluator(real: Any, extractor: str = "lenet", metrics: tuple[str, ...] = ("fd",), **more: Any) -> Evaluator:
    return Evaluator(real, extractors.make(extractor), metrics, CPU, **more)


CORNERS = f"{__name__}:Corners"
ALL = ("fd", "kid", "prdc", "is", "fd_infinity")
