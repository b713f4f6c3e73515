"""Generated images by index: what an evaluator scores, whoever made them."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.module import GenerativeModule
from gan_zoo.sampling import BatchNorm
from gan_zoo.step import randomness

CHUNK = 250  # images at once: of a generator, and on their way to the extractor

Labels = Literal["uniform", "data"]
"""Classes of generated images: each as often, or as often as among the real ones."""


@runtime_checkable
class Fakes(Protocol):
    """Images by index, on whatever number of processes."""

    conditions: Conditions
    unit: int
    """Processes' shares begin at multiples of it: 1, unless images depend on their neighbours."""

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        """Images `first` to `first + count`; `count` is at most `CHUNK`."""
        ...


@dataclass(frozen=True)
class Sampling:
    """How a model's images are drawn."""

    seed: int = 0
    """Of the latents and the classes."""
    averaged: bool = True
    """From the generator's moving average, where the model keeps one, or from its last weights."""
    truncation: float = 1.0
    """1: none."""
    batch_norm: BatchNorm = "eval"
    """Running statistics, or those of each `CHUNK` of images."""
    labels: Labels | int = "uniform"
    """Or one class for all; of models that know classes."""


class Sampled:
    """A model's images.

    Args:
        model: on the device that it is to run on.
        sampling: how.
        real_labels: the classes of the real images, where labels are `data`.

    Raises:
        Mistake: a class or classes that the model does not know, or real images without any.
    """

    def __init__(
        self, model: GenerativeModule, sampling: Sampling, real_labels: Int64[Tensor, " n"] | None = None
    ) -> None:
        self.model, self.sampling, self.real_labels = model, sampling, real_labels
        labels, known = sampling.labels, model.num_classes
        if known == 0 and labels != "uniform":
            raise Mistake(f"labels is {labels}, but {type(model).__name__} knows no classes: leave it out.")
        if isinstance(labels, int) and not 0 <= labels < known:
            raise Mistake(f"labels is {labels}, but {type(model).__name__} knows classes 0 to {known - 1}.")
        if labels == "data" and real_labels is None:
            raise Mistake("labels is data, but the real images have no classes: use uniform.")
        self.unit = 1 if sampling.batch_norm == "eval" else CHUNK
        self.conditions = Conditions(
            weights="averaged" if sampling.averaged and model.average_half_life else "last",
            batch_norm="eval" if sampling.batch_norm == "eval" else f"batches of {CHUNK}",
            truncation=sampling.truncation,
            labels=("none" if known == 0 else f"class {labels}" if isinstance(labels, int) else labels),
            latent_seed=sampling.seed,
        )

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        how = self.sampling
        made = self.model.sample(
            count,
            seed=how.seed,
            first=first,
            label=self.classes(first, count) if self.model.num_classes else None,
            averaged=how.averaged,
            truncation=how.truncation,
            batch_norm=how.batch_norm,
            chunk=CHUNK,
        )
        return images.to_uint8(made)

    def classes(self, first: int, count: int) -> Int64[Tensor, " n"]:
        """Of images `first` to `first + count`, of a model that knows classes."""
        labels = self.sampling.labels
        if isinstance(labels, int):
            return torch.full((count,), labels)
        if labels == "uniform":
            return randomness.classes(first, count, self.model.num_classes, self.sampling.seed)
        assert self.real_labels is not None
        return self.real_labels[randomness.classes(first, count, len(self.real_labels), self.sampling.seed)]
