"""One pass over generated images feeds every metric; the real images are seen once."""

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.frechet import FrechetDistance
from gan_zoo.metrics.protocol import Protocol, count_name
from gan_zoo.module import GenerativeModule
from gan_zoo.naming import named

METRICS: dict[str, Callable[[int], Metric]] = {"fd": FrechetDistance}
"""A metric is made from the features' length, takes `update(features, real)`, and adds up over devices."""

CHUNK = 500  # images through the extractor at once


class Evaluator:
    """Scores a model's generated images against a data module's.

    Args:
        data: the data module, set up: its `images` are the real ones.
        extractor: a name in `extractors.EXTRACTORS`, or `package.module:callable`.
        metrics: names in `METRICS`, or `package.module:Class` of yours.
        device: where features are computed.
        rank: this process among `world`; each takes its share of the images.
        world: number of processes.

    Raises:
        Mistake: an unknown name, a data module without `images`, or images that the extractor is not for.
    """

    def __init__(
        self, data: Any, extractor: str, metrics: tuple[str, ...], device: torch.device, rank: int = 0, world: int = 1
    ) -> None:
        self.extractor = extractors.make(extractor).to(device)
        if not hasattr(data, "images"):
            raise Mistake(
                f"{type(data).__name__} has no `images` to score against: derive it from "
                "datamodules.stream.StreamedData, or leave evaluation.extractor out."
            )
        self.extractor.check(data.image_shape)
        self.data, self.device, self.rank, self.world = data.images, device, rank, world
        makers = {name.rpartition(":")[2].lower(): named(name, METRICS, "metric") for name in metrics}
        self.metrics = {name: make(self.extractor.features).to(device) for name, make in makers.items()}
        for first, count in self._shares(len(self.data)):
            self._feed(self.data[_in_order(first, count)]["image"], self.metrics, real=True)

    def score(
        self, model: GenerativeModule, samples: int, seed: int, averaged: bool
    ) -> tuple[dict[str, float], Protocol]:
        """The value of each metric on images 0 to `samples` of `model`, and the conditions; every process calls it.

        Names carry extractor and count: `fd_lenet_10k`.
        """
        metrics = copy.deepcopy(self.metrics)
        for first, count in self._shares(samples):
            sampled = model.sample(count, seed=seed, first=first, averaged=averaged, chunk=CHUNK)
            self._feed(images.to_uint8(sampled), metrics, real=False)
        values = {
            f"{name}_{self.extractor.name}_{count_name(samples)}": float(metric.compute())
            for name, metric in metrics.items()
        }
        return values, self._protocol(model, samples, seed, averaged)

    def _shares(self, total: int) -> list[tuple[int, int]]:
        """(first, count) of this process's chunks: contiguous, without padding or doubles."""
        begin, end = (total * part // self.world for part in (self.rank, self.rank + 1))
        return [(first, min(CHUNK, end - first)) for first in range(begin, end, CHUNK)]

    def _feed(self, image: Tensor, metrics: dict[str, Metric], real: bool) -> None:
        features = self.extractor.extract(image.to(self.device)).features
        for metric in metrics.values():
            metric.update(features, real=real)

    def _protocol(self, model: GenerativeModule, samples: int, seed: int, averaged: bool) -> Protocol:
        return Protocol(
            extractor=self.extractor.name,
            extractor_weights=self.extractor.fingerprint(),
            resize=self.extractor.resize,
            data=self.data.name,
            data_fingerprint=self.data.fingerprint(),
            real=len(self.data),
            generated=samples,
            weights="averaged" if averaged and model.average_half_life else "last",
            batch_norm="eval",
            truncation=1.0,
            latent_seed=seed,
            dtype="float32",
        )


def _in_order(first: int, count: int) -> SimpleNamespace:
    """What a data module's `images[...]` takes: indices, at the data's own size."""
    return SimpleNamespace(indices=np.arange(first, first + count), resolution=None)
