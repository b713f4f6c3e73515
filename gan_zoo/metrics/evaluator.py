"""The evaluator: one pass over the generated images feeds all metrics; real images are read once and cached."""

import copy
import math
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import Metric

from datamodules.order import Request
from datamodules.workers import leave_signals
from gan_zoo import __version__
from gan_zoo.distributed.strategy import from_rank_zero, gathered, rank, world_size
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.metrics.choices import METRICS, metric_class
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.fakes import CHUNK, Fakes
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import LikelihoodProtocol, Protocol
from gan_zoo.metrics.real import reference
from gan_zoo.metrics.references import Cache, References
from gan_zoo.metrics.score import Score, Value, values

Scores = dict[str, Value]
"""Values by name; a name holds the extractor and the number of images: `fd_lenet_10k`."""


class Evaluator:
    """Scores generated images against real ones. Every process of a group must call it; all get the same result.

    Args:
        real: Images to compare with (datamodules' `Images`).
        extractor: Network whose features are compared.
        metrics: Names in `choices.METRICS`, or `package.module:Class` of the user's own.
        device: Where features are computed.
        split: Name of the split that `real` comes from, for the protocol.
        count: Number of real images to use, the same ones on every call; 0 means all.
        workers: Number of processes that read the real images.
        references: Statistics of the real images by metric; None: read from the cache, or computed.

    Raises:
        Mistake: A metric is unknown, there are fewer real images than `count`, or the extractor does not take them.
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
        references: References | None = None,
    ) -> None:
        if count > len(real):
            raise Mistake(f"{count} real images are wanted, and {real.name} has {len(real)}: ask for fewer.")
        self.real, self.extractor, self.device, self.workers = real, extractor.to(device), device, workers
        self.indices = chosen(len(real), count)
        self.about: dict[str, Any] = {
            **extractor.about(),
            "data": real.name,
            "data_fingerprint": real.fingerprint(),
            "split": split,
            "real": len(self.indices),
        }
        self.makers = {name: metric_class(name) for name in metrics}
        self.higher_is_better = False
        """Whether higher values of the first metric are better."""
        self._foreign: dict[str, Metric] = {}
        """Metrics that do not derive from `Score`, already updated with the real images."""
        self.references = self._compute_references() if references is None else references

    def score(self, fakes: Fakes, samples: int) -> tuple[Scores, Protocol]:
        """Return the value of each metric on images 0 to `samples` of `fakes`, with the protocol.

        Raises:
            Mistake: There are too few images, or they have a size that the extractor does not take.
            NonFinite: An image has infinite or NaN values.
        """
        withheld = self.withheld(samples)
        if len(withheld) == len(self.makers):
            raise Mistake(next(iter(withheld.values())))
        metrics = {name: self._with_real(name) for name in self.makers if name not in withheld}
        self._feed_fakes(fakes, samples, metrics)
        scores: Scores = {}
        for name, metric in metrics.items():
            for measure, value in values(metric.compute(), name).items():
                measure = measure if name in METRICS or measure == name else f"{name}.{measure}"
                scores[score_name(measure, self.extractor.name, samples)] = value
        return scores, Protocol(**self.about, generated=samples, conditions=fakes.conditions)

    def few(self, samples: int) -> str:
        """Return a note where `samples` are so few that a Fréchet distance is biased upwards or a metric is withheld.

        It is empty if they suffice.
        """
        enough, fewest = 4 * self.extractor.features, min(samples, len(self.indices) or samples)
        notes = [f"Note: {reason}" for reason in self.withheld(samples).values()]
        if fewest < enough:
            notes.append(
                f"Note: {fewest} images are few for {self.extractor.features} features: distances come out too high "
                f"and can only be compared at the same number of images; {enough} or more are usual."
            )
        return "\n".join(notes)

    def withheld(self, samples: int) -> dict[str, str]:
        """Return the metrics that give no value from `samples` images, each with the reason."""
        reasons: dict[str, str] = {}
        for name, make in self.makers.items():
            if isinstance(make, type) and issubclass(make, Score):
                length = self.extractor.logits if reads_logits(make) else self.extractor.features
                reasons[name] = make.withheld(length, samples)
        return {name: reason for name, reason in reasons.items() if reason}

    def _new(self, name: str) -> Metric:
        make = self.makers[name]
        if not reads_logits(make):
            return make(self.extractor.features).to(self.device)
        if not self.extractor.logits:
            raise Mistake(f"The metric {name} reads classes, and {self.extractor.name} has none: leave it out.")
        return make(self.extractor.logits).to(self.device)

    def _with_real(self, name: str) -> Metric:
        """Return the metric `name` with the real images in it, and no generated ones yet."""
        if name in self._foreign:
            return copy.deepcopy(self._foreign[name])
        metric = self._new(name)
        assert isinstance(metric, Score)
        return metric.refer(self.references[name])

    def _compute_references(self) -> References:
        """Return the references of our metrics: from the cache, or by one pass, which also feeds foreign metrics."""
        cache = Cache({name: value for name, value in self.about.items() if name not in ("data", "split")})
        metrics = {name: self._new(name) for name in self.makers}
        self.higher_is_better = bool(next(iter(metrics.values())).higher_is_better)
        ours = {name: metric for name, metric in metrics.items() if isinstance(metric, Score)}
        with cache.held() if rank() == 0 else nullcontext():
            known: References = {
                name: {} for name, metric in ours.items() if "real" not in getattr(metric, "sides", ("real",))
            }
            known |= from_rank_zero(cache.read(ours) if rank() == 0 else {})
            missing = {name: metric for name, metric in metrics.items() if name not in known}
            self._feed_real(missing)
            computed = {name: metric.reference() for name, metric in missing.items() if isinstance(metric, Score)}
            if computed and rank() == 0:
                cache.add(computed)
        self._foreign = {name: metric for name, metric in missing.items() if name not in computed}
        return known | computed

    def _feed_real(self, metrics: dict[str, Metric]) -> None:
        if not metrics:
            return
        requests = [Request(self.indices[first : first + count]) for first, count in shares(len(self.indices))]
        loader: Any = DataLoader(
            self.real, sampler=requests, batch_size=None, num_workers=self.workers, worker_init_fn=leave_signals
        )
        for batch in loader:
            self._feed(batch["image"], metrics, real=True)

    def _feed_fakes(self, fakes: Fakes, samples: int, metrics: dict[str, Metric]) -> None:
        """Feed images 0 to `samples`; if those of one process are not finite, all processes raise its error."""
        failure = ""
        try:
            for first, count in shares(samples, fakes.unit):
                self._feed(fakes.images(first, count), metrics, real=False)
        except NonFinite as error:
            failure = str(error)
        for message in filter(None, gathered(failure)):
            raise NonFinite(message)

    def _feed(self, image: Tensor, metrics: dict[str, Metric], real: bool) -> None:
        if image.dtype != torch.uint8:
            raise Mistake(
                f"The images of {self.real.name} are {image.dtype}: scores compare uint8 grey levels, so these cannot "
                "be scored."
            )
        self.extractor.check((image.shape[1], image.shape[2], image.shape[3]))
        extracted = self.extractor.extract(image.to(self.device))
        refuse_other_shape(self.extractor, extracted.features, len(image))
        for metric in metrics.values():
            metric.update(extracted.logits if reads_logits(metric) else extracted.features, real=real)


def refuse_other_shape(extractor: Extractor, features: Tensor, images: int) -> None:
    """Raise `Mistake` unless an extractor has returned as many features as it states, for each of `images`."""
    if features.shape != (images, extractor.features):
        found = " x ".join(map(str, features.shape))
        raise Mistake(
            f"The extractor {extractor.name} states {extractor.features} features, and returned {found} for {images} "
            "images: its forward must return a row of that many for each image."
        )


def against(
    data: Any,
    split: str | None,
    extractor: Extractor,
    metrics: tuple[str, ...],
    device: torch.device,
    count: int = 0,
) -> Evaluator:
    """Return an evaluator that compares with the images of a data module.

    Args:
        data: The data module, set up.
        split: Split to compare with; None: the one that the data module trains on.
        extractor: Network whose features are compared.
        metrics: Names of the metrics.
        device: Where features are computed.
        count: Number of real images to use; 0 means all.

    Raises:
        Mistake: The data module has no `reference`, or `Evaluator` refuses the arguments.
    """
    real = reference(data, split)
    return Evaluator(real.images, extractor, metrics, device, real.split, count, real.workers)


def lines(
    scores: Scores, protocol: Protocol | LikelihoodProtocol, step: int, images: int | None
) -> list[dict[str, Any]]:
    """Return the lines of evaluations.jsonl for scores at `step`, after training on `images` real images.

    Args:
        scores: Values by name.
        protocol: Protocol of the scores.
        step: Step of the model.
        images: Number of real images that it was trained on; None: unknown.
    """
    conditions = protocol.as_dict()
    return [
        {
            "step": step,
            "images": images,
            "metric": name,
            "value": score.value,
            "interval": list(score.interval) if score.interval else None,
            "protocol": conditions,
            "gan_zoo": __version__,
        }
        for name, score in scores.items()
    ]


def reads_logits(metric: Any) -> bool:
    """Return whether a metric, or its class, reads logits. A foreign metric does not say so, and reads features."""
    return getattr(metric, "needs", "features") == "logits"


def chosen(size: int, count: int) -> np.ndarray:
    """Return `count` of `size` indices in increasing order, drawn with a fixed seed; 0 means all of them."""
    if not count:
        return np.arange(size)
    return np.sort(np.random.default_rng(0).permutation(size)[:count])


def shares(total: int, unit: int = 1) -> list[tuple[int, int]]:
    """Return (first, count) of each chunk of this process: a contiguous share, without padding or repetition.

    Rank 0 has the largest share.

    Args:
        total: Number of images that the processes share.
        unit: Every share begins at a multiple of it.
    """
    units = math.ceil(total / unit)
    begin, end = (min(unit * math.ceil(units * process / world_size()), total) for process in (rank(), rank() + 1))
    return [(first, min(CHUNK, end - first)) for first in range(begin, end, CHUNK)]
