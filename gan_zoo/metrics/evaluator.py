"""One pass over generated images feeds every metric of an extractor; the real images are seen once for all runs."""

import copy
import math
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import Metric

from gan_zoo.errors import Mistake
from gan_zoo.metrics.choices import KIND, METRICS
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.fakes import CHUNK, Fakes
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import LikelihoodProtocol, Protocol
from gan_zoo.metrics.references import Cache, References
from gan_zoo.metrics.score import Score, Value, values
from gan_zoo.naming import named
from gan_zoo.strategy import from_rank_zero, rank, world_size

Scores = dict[str, Value]
"""By names that carry extractor and count: `fd_lenet_10k`."""


class Evaluator:
    """Scores generated images against real ones. All processes of a group call all of it, and get the same.

    Args:
        real: the real images (datamodules' `Images`).
        extractor: network whose features are compared.
        metrics: names in `choices.METRICS`, or `package.module:Class` of yours.
        device: where features are computed.
        split: what the protocol says of `real`.
        count: as many of the real images, the same for all who ask; 0: all.
        workers: processes that read the real images.
        known: what the metrics read of the real images, where it is known; None: from the cache, or computed.

    Raises:
        Mistake: an unknown name, fewer real images than `count`, or images that the extractor is not for.
    """

    def __init__(
        self,
        real: Any,
        extractor: Extractor,
        metrics: tuple[str, ...],
        device: torch.device,
        split: str = "",
        count: int = 0,
        workers: int = 0,
        known: References | None = None,
    ) -> None:
        if count > len(real):
            raise Mistake(f"{count} real images are wanted, and {real.name} has {len(real)}: ask for less.")
        self.real, self.extractor, self.device, self.workers = real, extractor.to(device), device, workers
        self.indices = chosen(len(real), count)
        self.about: dict[str, Any] = {
            "extractor": extractor.name,
            "extractor_weights": extractor.fingerprint(),
            "resize": extractor.resize,
            "data": real.name,
            "data_fingerprint": real.fingerprint(),
            "split": split,
            "real": len(self.indices),
        }
        self.makers = {name.rpartition(":")[2].lower(): named(name, METRICS, KIND) for name in metrics}
        self.higher_is_better = False
        """Which values of the first metric are better."""
        self._shown: dict[str, Metric] = {}
        """Those that are not ours, with the real images in them."""
        self.references = self._refer() if known is None else known

    def score(self, fakes: Fakes, samples: int) -> tuple[Scores, Protocol]:
        """The value of each metric on images 0 to `samples` of `fakes`, and the conditions.

        Raises:
            Mistake: too few images, or such as the extractor is not for.
        """
        metrics = {name: self._comparing(name) for name in self.makers}
        for first, count in shares(samples, fakes.unit):
            self._feed(fakes.images(first, count), metrics, real=False)
        found: Scores = {}
        for name, metric in metrics.items():
            for measure, value in values(metric.compute(), name).items():
                found[score_name(measure, self.extractor.name, samples)] = value
        return found, Protocol(**self.about, generated=samples, conditions=fakes.conditions)

    def few(self, samples: int) -> str:
        """What to say where a Frechet distance of so many images is biased upwards; empty where there are enough."""
        enough, fewest = 4 * self.extractor.features, min(samples, len(self.indices) or samples)
        if fewest >= enough:
            return ""
        return (
            f"Note: {fewest} images are few for {self.extractor.features} features: distances come out too high, and "
            f"compare only at the same number; {enough} or more are usual."
        )

    def _new(self, name: str) -> Metric:
        make = self.makers[name]
        if not reads_logits(make):
            return make(self.extractor.features).to(self.device)
        if not self.extractor.logits:
            raise Mistake(f"The metric {name} reads classes, and {self.extractor.name} tells none: leave it out.")
        return make(self.extractor.logits).to(self.device)

    def _comparing(self, name: str) -> Metric:
        """The metric `name` with its real side, and no generated images yet."""
        if name in self._shown:
            return copy.deepcopy(self._shown[name])
        metric = self._new(name)
        assert isinstance(metric, Score)
        return metric.refer(self.references[name])

    def _refer(self) -> References:
        """What our metrics read of the real images: from the cache, or by one pass, which feeds the others too."""
        cache = Cache({name: value for name, value in self.about.items() if name not in ("data", "split")})
        metrics = {name: self._new(name) for name in self.makers}
        self.higher_is_better = bool(next(iter(metrics.values())).higher_is_better)
        ours = {name: metric for name, metric in metrics.items() if isinstance(metric, Score)}
        with cache.held() if rank() == 0 else nullcontext():
            found: References = {
                name: {} for name, metric in ours.items() if "real" not in getattr(metric, "sides", ("real",))
            }
            found |= from_rank_zero(cache.read(ours) if rank() == 0 else {})
            missing = {name: metric for name, metric in metrics.items() if name not in found}
            self._show_real(missing)
            made = {name: metric.reference() for name, metric in missing.items() if isinstance(metric, Score)}
            if made and rank() == 0:
                cache.add(made)
        self._shown = {name: metric for name, metric in missing.items() if name not in made}
        return found | made

    def _show_real(self, metrics: dict[str, Metric]) -> None:
        if not metrics:
            return
        requests = [Wanted(self.indices[first : first + count]) for first, count in shares(len(self.indices))]
        loader: Any = DataLoader(self.real, sampler=requests, batch_size=None, num_workers=self.workers)
        for batch in loader:
            self._feed(batch["image"], metrics, real=True)

    def _feed(self, image: Tensor, metrics: dict[str, Metric], real: bool) -> None:
        if image.dtype != torch.uint8:
            raise Mistake(
                f"{self.real.name} is no set of images in grey levels (its type is {image.dtype}): not scored."
            )
        self.extractor.check((image.shape[1], image.shape[2], image.shape[3]))
        found = self.extractor.extract(image.to(self.device))
        for metric in metrics.values():
            metric.update(found.logits if reads_logits(metric) else found.features, real=real)


def against(
    data: Any,
    split: str | None,
    extractor: Extractor,
    metrics: tuple[str, ...],
    device: torch.device,
    count: int = 0,
) -> Evaluator:
    """An evaluator against the images of a data module.

    Args:
        data: the data module, set up.
        split: another of its splits than the one that it trains on; None: that one.
        extractor: network whose features are compared.
        metrics: their names.
        device: where features are computed.
        count: of the real images; 0: all.

    Raises:
        Mistake: a data module without `reference`, or what `Evaluator` raises.
    """
    if not hasattr(data, "reference"):
        raise Mistake(
            f"{type(data).__name__} has no `reference` to score against: derive it from "
            "datamodules.stream.StreamedData, or leave evaluation.extractor out."
        )
    said = split or getattr(data, "split", "")
    real = data.reference(split)
    workers = 0 if real.instant else data.workers
    return Evaluator(real, extractor, metrics, device, said, count, workers)


def lines(scores: Scores, protocol: Protocol | LikelihoodProtocol, step: int, images: int) -> list[dict[str, Any]]:
    """What evaluations.jsonl holds of scores made at `step`, after `images` real images."""
    conditions = protocol.as_dict()
    return [
        {
            "step": step,
            "images": images,
            "metric": name,
            "value": one.value,
            "interval": list(one.interval) if one.interval else None,
            "protocol": conditions,
        }
        for name, one in scores.items()
    ]


class Wanted(NamedTuple):
    """What a data module's `images[...]` takes: indices, at the data's own size."""

    indices: np.ndarray
    resolution: int | None = None


def reads_logits(metric: Any) -> bool:
    """Whether a metric, or its class, is fed with logits: somebody else's says nothing, and is fed with features."""
    return getattr(metric, "needs", "features") == "logits"


def chosen(size: int, count: int) -> np.ndarray:
    """`count` of `size` indices, in order: a draw that is the same for all; 0: all of them."""
    if not count:
        return np.arange(size)
    return np.sort(np.random.default_rng(0).permutation(size)[:count])


def shares(total: int, unit: int = 1) -> list[tuple[int, int]]:
    """(first, count) of this process's chunks: contiguous, without padding or doubles, rank 0's share the largest.

    Args:
        total: images to be shared.
        unit: shares begin at multiples of it.
    """
    units = math.ceil(total / unit)
    begin, end = (min(unit * math.ceil(units * part / world_size()), total) for part in (rank(), rank() + 1))
    return [(first, min(CHUNK, end - first)) for first in range(begin, end, CHUNK)]
