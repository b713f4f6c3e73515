"""Generated images by index: the input of an evaluator, whichever model made them."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from gan_zoo import images
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.module import GenerativeModule
from gan_zoo.sampling import BatchNorm
from gan_zoo.step import randomness

CHUNK = 250  # images that a generator makes at once, and that the extractor receives at once

Labels = Literal["uniform", "data"]
"""Classes of generated images: all equally frequent, or as frequent as among the real images."""


@runtime_checkable
class Fakes(Protocol):
    """Images by index: image i is the same on any number of processes."""

    conditions: Conditions
    unit: int
    """The share of each process begins at a multiple of it: 1, unless images depend on their neighbours."""

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        """Return images `first` to `first + count`; `count` is at most `CHUNK`."""
        ...


@dataclass(frozen=True)
class Sampling:
    """How images are sampled from a model."""

    seed: int = 0
    """Seed of the latents and the classes."""
    averaged: bool = True
    """Use the generator's exponential moving average, if the model keeps one, in place of its last weights."""
    truncation: float = 1.0
    """1 means none; towards 0 the images are more alike and better, in models that support it."""
    batch_norm: BatchNorm = "eval"
    """Whether batch norm uses running statistics, or the statistics of each `CHUNK` of images."""
    labels: Labels | int = "uniform"
    """How classes are drawn, or one class for all images; only for models that have classes."""


class Sampled:
    """Images sampled from a model.

    Args:
        model: The model, on the device where it should run.
        sampling: How images are sampled.
        real_labels: Classes of the real images, needed where `sampling.labels` is `data`.

    Raises:
        Mistake: The model lacks the requested classes, or the real images have none.
    """

    def __init__(
        self, model: GenerativeModule, sampling: Sampling, real_labels: Int64[Tensor, " n"] | None = None
    ) -> None:
        self.model, self.sampling, self.real_labels = model, sampling, real_labels
        labels, classes = sampling.labels, model.num_classes
        if classes == 0 and labels != "uniform":
            raise Mistake(f"labels is {labels}, but {type(model).__name__} has no classes: leave it out.")
        if isinstance(labels, int) and not 0 <= labels < classes:
            raise Mistake(f"labels is {labels}, but {type(model).__name__} has classes 0 to {classes - 1}.")
        if labels == "data" and real_labels is None:
            raise Mistake("labels is data, but the real images have no classes: use uniform.")
        self.unit = 1 if sampling.batch_norm == "eval" else CHUNK
        self.conditions = Conditions.of_samples(
            averaged=sampling.averaged and bool(model.average_half_life),
            batch_norm="eval" if sampling.batch_norm == "eval" else f"batches of {CHUNK}",
            truncation=sampling.truncation,
            labels=labels if classes else "none",
            seed=sampling.seed,
        )

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        sampling = self.sampling
        sampled = self.model.sample(
            count,
            seed=sampling.seed,
            first=first,
            label=self.classes(first, count) if self.model.num_classes else None,
            averaged=sampling.averaged,
            truncation=sampling.truncation,
            batch_norm=sampling.batch_norm,
            chunk=CHUNK,
        )
        return grey_levels(sampled, type(self.model).__name__)

    def classes(self, first: int, count: int) -> Int64[Tensor, " n"]:
        """Return the classes of images `first` to `first + count`; the model must have classes."""
        labels = self.sampling.labels
        if isinstance(labels, int):
            return torch.full((count,), labels)
        if labels == "uniform":
            return randomness.classes(first, count, self.model.num_classes, self.sampling.seed)
        assert self.real_labels is not None
        return self.real_labels[randomness.classes(first, count, len(self.real_labels), self.sampling.seed)]


def grey_levels(image: Float[Tensor, " n c h w"], model: str) -> UInt8[Tensor, " n c h w"]:
    """Return generated images as grey levels.

    Args:
        image: The images, in [-1, 1].
        model: Name of the model that made them, for the message.

    Raises:
        NonFinite: A value is infinite or NaN, for which there is no grey level.
    """
    if not torch.isfinite(image).all():
        broken = int((~torch.isfinite(image)).flatten(1).any(1).sum())
        raise NonFinite(
            f"{model} generated NaN or infinite values in {broken} of {len(image)} images, so it has no score. Score "
            "an earlier checkpoint, or train it again with a lower learning rate."
        )
    return images.to_uint8(image)
