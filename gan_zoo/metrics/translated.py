"""Scores of translated images, route by route: against the real images that they should look like, and one by one."""

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from datamodules.order import Request
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.metrics.classifiers import Classifier
from gan_zoo.metrics.evaluator import Evaluator, Scores, chosen
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.faithful import Means, Seen, measures
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import Conditions, Protocol
from gan_zoo.metrics.subsets import Subset
from gan_zoo.translation.routes import Route, Translating

AT_ONCE = 250 * 64 * 64
"""Pixels of the images that go through a translator together: bounds the memory, changes nothing else."""

Result = tuple[Scores, Protocol]


@dataclass(frozen=True)
class Way:
    """A route through sets of images."""

    route: Route
    sources: Any
    """The images to translate."""
    targets: Any
    """Those that results are compared with."""

    def batch(self, indices: np.ndarray, device: torch.device) -> Batch:
        """Sources as a model takes them."""
        found = self.sources[Request(indices)]
        return on(device, {self.route.source: found["image"], **{k: v for k, v in found.items() if k != "image"}})

    def partners(self, indices: np.ndarray, device: torch.device) -> Tensor | None:
        """What each source should become; None: nobody knows."""
        return on(device, self.targets[Request(indices)])["image"] if self.route.paired else None


def on(device: torch.device, batch: Batch) -> Batch:
    return {key: value.to(device) for key, value in images.unaltered(batch).items()}


def way(route: Route, sides: dict[str, Any]) -> Way:
    """`route` through the real images of a data module.

    To a label are translated those that do not have it; of several sets, all of the other ones, of which nobody knows
    whether they have it: `baselines` says in how many a classifier sees it before.

    Raises:
        Mistake: images that all have the route's label, or all have it not.
    """
    sources, targets = sides[route.source], sides[route.target]
    if route.label is None:
        return Way(route, sources, targets)
    label = targets.labels["label"]
    has = (label[:, route.label] > 0.5) if label.ndim == 2 else label == route.label
    wanted, others = has == route.value, has != route.value
    if "domain" in targets.labels:
        known = targets.labels["domain"] == route.domain
        wanted, others = known & wanted, ~known
    if not 0 < int(wanted.sum()) < len(wanted):
        raise Mistake(
            f"{int(wanted.sum())} of the {len(wanted)} images of {targets.name} are {route.name}: its score needs some "
            "that are, and some that are not."
        )
    parts = [Subset(targets, which.nonzero().flatten().numpy(), kind)
             for which, kind in ((others, f"but_{route.name}"), (wanted, route.name))]  # fmt: skip
    return Way(route, *parts)


@dataclass
class Followed:
    """Images translated along a route, by index, as an evaluator takes them; each is measured by itself on the way."""

    model: Translating
    way: Way
    indices: np.ndarray
    """Of the sources that are translated."""
    means: Means
    conditions: Conditions
    device: torch.device
    """That the model is on."""
    at_once: int
    """Images through the model together."""
    unit: int = 1

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        starts = range(first, first + count, self.at_once)
        return torch.cat([self._some(start, min(self.at_once, first + count - start)) for start in starts])

    def _some(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        which = self.indices[first : first + count]
        batch, route = self.way.batch(which, self.device), self.way.route
        made = self.model.follow(route, batch, self.conditions.latent_seed, first)
        self.means.see(Seen(made, batch, batch[route.source], self.way.partners(which, self.device)))
        return images.to_uint8(made)


class Translations:
    """Scores models that translate, against the images of one data module.

    Args:
        routes: the models'.
        data: the data module, set up.
        split: another of its splits than the one that it trains on; None: that one.
        extractor: network whose features are compared.
        metrics: their names.
        device: where features are computed, and the models are.
        count: of the real images; 0: all.
        classifier: tells whether images are as they were asked for; None: nobody does.

    Raises:
        Mistake: data that has no such images, or what `Evaluator` raises.
    """

    def __init__(
        self,
        routes: tuple[Route, ...],
        data: Any,
        split: str | None,
        extractor: Extractor,
        metrics: tuple[str, ...],
        device: torch.device,
        count: int = 0,
        classifier: Classifier | None = None,
    ) -> None:
        if not hasattr(data, "at_split"):
            raise Mistake(
                f"{type(data).__name__} has no `sides` to score translations against: derive it from "
                "datamodules.stream.StreamedData, or leave evaluation.extractor out."
            )
        sides = data.at_split(split).sides
        for route in routes:
            if missing := {route.source, route.target} - set(sides):
                raise Mistake(f"{type(data).__name__} shows no {min(missing)}, which {route.name} needs: other data.")
        said = split or getattr(data, "split", "")
        self.ways = [way(route, sides) for route in routes]
        self.evaluators = [
            Evaluator(one.targets, extractor, metrics, device, said, count, 0 if one.targets.instant else data.workers)
            for one in self.ways
        ]
        self.device, self.classifier = device, classifier
        if classifier and not any(classifier.knows(one.route, one.sources.labels) for one in self.ways):
            asked = ", ".join(route.name for route in routes)
            raise Mistake(f"The classifier {classifier.name} cannot tell what {asked} ask for: leave it out.")
        self.higher_is_better = self.evaluators[0].higher_is_better

    def few(self, samples: int) -> str:
        """As `Evaluator.few`, of the first route."""
        return self.evaluators[0].few(min(samples, len(self.ways[0].sources)))

    def results(self, model: Translating, samples: int, seed: int = 0, weights: str = "last") -> list[Result]:
        """Scores and their protocols, of the first route first.

        Args:
            model: on the device.
            samples: images translated on each route; where there are fewer sources, all of them.
            seed: of what the model draws.
            weights: what the protocol says of the model's.

        Raises:
            Mistake: too few images.
        """
        conditions = Conditions(weights=weights, batch_norm="each image's own", latent_seed=seed)
        pairs = zip(self.ways, self.evaluators, strict=True)
        return [part for way, judge in pairs for part in self._along(model, way, judge, samples, conditions)]

    def with_targets_as_sources(self) -> "Translations":
        """The same of the real targets, in place of the images that are translated to be like them."""
        other = copy.copy(self)
        other.ways = [replace(one, sources=one.targets) for one in self.ways]
        return other

    def _along(
        self, model: Translating, way: Way, judge: Evaluator, samples: int, conditions: Conditions
    ) -> list[Result]:
        route, wanted = way.route, min(samples, len(way.sources))
        conditions = replace(conditions, source=way.sources.name, source_fingerprint=way.sources.fingerprint())
        height, width = way.batch(np.arange(1), self.device)[route.source].shape[2:]
        known = self.classifier and self.classifier.knows(route, way.sources.labels)
        means = Means(measures(model, route, min(height, width), self.classifier if known else None))
        indices, at_once = chosen(len(way.sources), wanted), max(1, AT_ONCE // (height * width))
        fakes = Followed(model, way, indices, means, conditions, self.device, at_once)
        scores, protocol = judge.score(fakes, wanted)
        found: list[Result] = [({f"{route.name}/{name}": value for name, value in scores.items()}, protocol)]
        for name, value in means.values().items():
            told = self.classifier if name == "accuracy" else None
            used = ("", "") if told is None else (told.name, told.fingerprint())
            one = replace(protocol, extractor=used[0], extractor_weights=used[1], resize="none")
            found.append(({score_name(name, used[0], wanted, route.name): value}, one))
        return found
