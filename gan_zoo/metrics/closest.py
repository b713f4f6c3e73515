"""The nearest training image of each generated image, beside those of real images that no model was trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8
from torch import Tensor

from datamodules.order import Request
from gan_zoo.distributed.strategy import gathered
from gan_zoo.metrics.evaluator import Evaluator, chosen, shares
from gan_zoo.metrics.fakes import CHUNK, Fakes
from gan_zoo.metrics.memorisation import nearest
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.metrics.real import Real

METRIC = "authpct"
"""The metric whose reference holds the features of the real images."""
RARE = 0.01
"""Share of the held-out images that are as near to a training image as the nearest of them."""


class RealImages:
    """Real images in the place of generated ones.

    Args:
        real: The images.
        count: Number of them to use, the same ones on every call; 0 means all.
        weights: What they are, as a protocol names it.
    """

    unit = 1

    def __init__(self, real: Any, count: int = 0, weights: str = "held-out images") -> None:
        self.real, self.indices = real, chosen(len(real), count)
        self.conditions = Conditions(weights, source=real.name, source_fingerprint=real.fingerprint())

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        return self.real[Request(self.indices[first : first + count])]["image"]


@dataclass(frozen=True)
class Pairs:
    """Images, each with the training image that is nearest to it."""

    kind: str
    """What the images are, for captions: `generated`, `held out` or `training`."""
    images: Fakes
    distances: Float64[Tensor, " n"]
    """Distance between the features of each image and its nearest training image."""
    training: Int64[Tensor, " n"]
    """Number of the nearest training image, among those that the evaluator uses."""

    def image(self, number: int) -> UInt8[Tensor, "c h w"]:
        """Return image `number`, as it was scored: a batch norm may look at its neighbours."""
        first = number - number % self.images.unit
        return self.images.images(first, 1 if self.images.unit == 1 else CHUNK)[number - first]

    def at(self, rank: int) -> int:
        """Return the number of the image that is nearest to a training image but for `rank` others."""
        return int(self.distances.argsort(stable=True)[rank])


def pairs(evaluator: Evaluator, kind: str, images: Fakes, count: int) -> Pairs:
    """Return images 0 to `count` with their nearest training images; every process calls it.

    Args:
        evaluator: An evaluator with the metric authpct, whose real images are the training images.
        kind: What the images are, for captions.
        images: The images.
        count: Number of images.
    """
    parts = [torch.empty(0, evaluator.extractor.features)]
    for first, size in shares(count, images.unit):
        parts.append(evaluator.extractor.extract(images.images(first, size).to(evaluator.device)).features.cpu())
    features = torch.cat(gathered(torch.cat(parts)))
    squares, indices = nearest(features, evaluator.references[METRIC]["features"].cpu())
    return Pairs(kind, images, squares[:, 0].sqrt(), indices[:, 0])


def among_training(evaluator: Evaluator, count: int) -> Pairs:
    """Return `count` training images with the nearest other training image, for data without held-out images."""
    real = evaluator.references[METRIC]["features"].cpu()
    rows = torch.from_numpy(chosen(len(real), min(count, len(real))))
    squares, indices = nearest(real[rows], real, count=2)
    other = (indices[:, 0] == rows).long()[:, None]  # where images repeat, the image itself may come second
    images = RealImages(evaluator.real)
    images.indices = evaluator.indices[rows.numpy()]
    return Pairs("training", images, squares.gather(1, other)[:, 0].sqrt(), indices.gather(1, other)[:, 0])


def compared(evaluator: Evaluator, fakes: Fakes, samples: int, held_out: Real | None) -> tuple[Pairs, Pairs]:
    """Return generated images and as many held-out images, each with their nearest training images.

    Args:
        evaluator: An evaluator with the metric authpct.
        fakes: The generated images.
        samples: Number of them; fewer are used if there are fewer held-out images.
        held_out: Real images that are not among the training images; None: training images are compared with others.
    """
    count = min(samples, len(held_out.images) if held_out else len(evaluator.indices))
    generated = pairs(evaluator, "generated", fakes, count)
    if held_out is None:
        return generated, among_training(evaluator, count)
    return generated, pairs(evaluator, "held out", RealImages(held_out.images, count), count)


def summary(generated: Pairs, other: Pairs) -> str:
    """Return how near generated and other images are to the training images, in one line."""
    rare = other.distances.quantile(RARE)
    share = (generated.distances <= rare).double().mean().item()
    kind = {"held out": "held-out", "training": "other training"}[other.kind]
    return (
        f"Distance to the nearest training image: median {generated.distances.median().item():.4g} of generated "
        f"images, {other.distances.median().item():.4g} of {kind} images; {share:.1%} of the generated images are as "
        f"near as the nearest {RARE:.0%} of the {kind} images."
    )


def training_image(evaluator: Evaluator, number: int) -> UInt8[Tensor, "c h w"]:
    """Return training image `number` of those that the evaluator uses."""
    return evaluator.real[Request(np.array([evaluator.indices[number]]))]["image"][0]
