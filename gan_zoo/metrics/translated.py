"""Scores of translated images, route by route: against the real images of the target, and image by image."""

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
from gan_zoo.metrics.faithful import Means, Translation, measures
from gan_zoo.metrics.fakes import grey_levels
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import Conditions, Protocol
from gan_zoo.metrics.real import real
from gan_zoo.metrics.subsets import Subset
from gan_zoo.translation.routes import Route, Translating

AT_ONCE = 250 * 64 * 64
"""Pixels that go through a translator at once. It bounds the memory and does not change the results."""

Result = tuple[Scores, Protocol]


@dataclass(frozen=True)
class Task:
    """A route with the images to translate and the images to compare with."""

    route: Route
    sources: Any
    """The images to translate."""
    targets: Any
    """The real images that the results are compared with."""

    def batch(self, indices: np.ndarray, device: torch.device) -> Batch:
        """Return a batch of sources in the form that a model takes."""
        batch = self.sources[Request(indices)]
        labels = {key: value for key, value in batch.items() if key != "image"}
        return on(device, {self.route.source: batch["image"], **labels})

    def pairs(self, indices: np.ndarray, device: torch.device) -> Tensor | None:
        """Return the image that each source should become; None: the route is not paired."""
        return on(device, self.targets[Request(indices)])["image"] if self.route.paired else None


def on(device: torch.device, batch: Batch) -> Batch:
    """Return the batch on `device`, with its images in [-1, 1]."""
    return {key: value.to(device) for key, value in images.unaltered(batch).items()}


def task(route: Route, sides: dict[str, Any]) -> Task:
    """Choose the sources and the targets of `route` among the images of a data module.

    For a route that adds a label, the sources are the images that lack it; with several data sets, they are all images
    of the other sets. Whether those have the label is unknown: `baselines` gives the share in which a classifier sees
    it before translation.

    Args:
        route: The route.
        sides: The real images, by key of a batch.

    Raises:
        Mistake: All images have the route's label, or none has it.
    """
    sources, targets = sides[route.source], sides[route.target]
    if route.label is None:
        return Task(route, sources, targets)
    label = targets.labels["label"]
    has = (label[:, route.label] > 0.5) if label.ndim == 2 else label == route.label
    in_target, in_source = has == route.value, has != route.value
    if "domain" in targets.labels:
        labelled = targets.labels["domain"] == route.domain
        in_target, in_source = labelled & in_target, ~labelled
    if not 0 < int(in_target.sum()) < len(in_target):
        raise Mistake(
            f"{int(in_target.sum())} of the {len(in_target)} images of {targets.name} are {route.name}: its score "
            "needs some that are and some that are not."
        )
    parts = [Subset(targets, mask.nonzero().flatten().numpy(), kind)
             for mask, kind in ((in_source, f"but_{route.name}"), (in_target, route.name))]  # fmt: skip
    return Task(route, *parts)


@dataclass
class Translated:
    """Images translated along a route, by index, for an evaluator; each is also measured on its own on the way."""

    model: Translating
    task: Task
    indices: np.ndarray
    """Indices of the sources that are translated."""
    means: Means
    conditions: Conditions
    device: torch.device
    """The device of the model."""
    batch_size: int
    """Number of images that go through the model at once."""
    unit: int = 1

    def images(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        starts = range(first, first + count, self.batch_size)
        return torch.cat([self._batch(start, min(self.batch_size, first + count - start)) for start in starts])

    def _batch(self, first: int, count: int) -> UInt8[Tensor, " n c h w"]:
        indices = self.indices[first : first + count]
        batch, route = self.task.batch(indices, self.device), self.task.route
        result = self.model.follow(route, batch, self.conditions.latent_seed, first)
        self.means.add(Translation(result, batch, batch[route.source], self.task.pairs(indices, self.device)))
        return grey_levels(result, type(self.model).__name__)


class Translations:
    """The evaluator of models that translate, on the images of one data module.

    Args:
        routes: Routes of the models.
        data: The data module, set up.
        split: Split to translate and compare with; None: the one that the data module trains on.
        extractor: Network whose features are compared.
        metrics: Names of the metrics.
        device: Where features are computed and the models are.
        count: Number of real images to use on each route; 0 means all.
        classifier: Judges whether images show what their route requests; None: accuracy is not measured.

    Raises:
        Mistake: The data lacks the images of a route, the classifier can judge none, or `Evaluator` refuses the
            arguments.
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
                raise Mistake(
                    f"{type(data).__name__} shows no {min(missing)}, which {route.name} needs: choose other data."
                )
        self.tasks = [task(route, sides) for route in routes]
        targets = [real(data, task.targets, split) for task in self.tasks]
        self.evaluators = [
            Evaluator(side.images, extractor, metrics, device, side.split, count, side.workers) for side in targets
        ]
        self.device, self.classifier = device, classifier
        if classifier and not any(classifier.can_judge(task.route, task.sources.labels) for task in self.tasks):
            names = ", ".join(route.name for route in routes)
            raise Mistake(f"The classifier {classifier.name} cannot judge the routes {names}: leave it out.")
        self.higher_is_better = self.evaluators[0].higher_is_better

    def few(self, samples: int) -> str:
        """Return the note of `Evaluator.few` for the first route."""
        return self.evaluators[0].few(min(samples, len(self.tasks[0].sources)))

    def withheld(self, samples: int) -> dict[str, str]:
        """Return the metrics that give no value on some route, each with the reason (`Evaluator.withheld`)."""
        pairs = zip(self.evaluators, self.tasks, strict=True)
        every = [evaluator.withheld(min(samples, len(task.sources))) for evaluator, task in pairs]
        return {name: reason for reasons in every for name, reason in reasons.items()}

    def results(self, model: Translating, samples: int, seed: int = 0, weights: str = "last") -> list[Result]:
        """Return the scores with their protocols, route by route.

        Args:
            model: The model, on the device.
            samples: Number of images to translate on each route, or all sources if there are fewer.
            seed: Seed of the model's random draws.
            weights: Which weights the model has, for the protocol.

        Raises:
            Mistake: There are too few images.
        """
        results: list[Result] = []
        for task, evaluator in zip(self.tasks, self.evaluators, strict=True):
            conditions = Conditions.of_sources(task.sources, weights, "each image's own", seed)
            results += self._route_results(model, task, evaluator, samples, conditions)
        return results

    def with_targets_as_sources(self) -> "Translations":
        """Return the same evaluator with the real targets as the images to translate."""
        other = copy.copy(self)
        other.tasks = [replace(task, sources=task.targets) for task in self.tasks]
        return other

    def _route_results(
        self, model: Translating, task: Task, evaluator: Evaluator, samples: int, conditions: Conditions
    ) -> list[Result]:
        route, count = task.route, min(samples, len(task.sources))
        height, width = task.batch(np.arange(1), self.device)[route.source].shape[2:]
        can_judge = self.classifier and self.classifier.can_judge(route, task.sources.labels)
        means = Means(measures(model, route, min(height, width), self.classifier if can_judge else None))
        indices, batch_size = chosen(len(task.sources), count), max(1, AT_ONCE // (height * width))
        fakes = Translated(model, task, indices, means, conditions, self.device, batch_size)
        scores, protocol = evaluator.score(fakes, count)
        results: list[Result] = [({f"{route.name}/{name}": value for name, value in scores.items()}, protocol)]
        for name, value in means.values().items():
            classifier = self.classifier if name == "accuracy" else None
            network, weights = (classifier.name, classifier.fingerprint()) if classifier else ("", "")
            protocol = replace(
                protocol, extractor=network, extractor_weights=weights, extractor_version=1, resize="none"
            )
            results.append(({score_name(name, network, count, route.name): value}, protocol))
        return results
