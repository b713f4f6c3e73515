"""Chooses the evaluator of a model: for its samples, for its translations route by route, or for stylized images."""

from dataclasses import dataclass
from typing import Any

import torch

from gan_zoo.metrics.classifiers import classifier
from gan_zoo.metrics.evaluator import Evaluator, against
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.stylized import Stylizations, Stylizing
from gan_zoo.metrics.translated import Result, Translations
from gan_zoo.module import GenerativeModule
from gan_zoo.translation.routes import Route, Translating

Judge = Evaluator | Translations | Stylizations
"""An evaluator of some kind of model."""


@dataclass(frozen=True)
class ModelKind:
    """The properties of a model that decide which evaluator scores it; models of one kind can share an evaluator."""

    routes: tuple[Route, ...] = ()
    """The routes of a model that translates; empty: it does not."""
    stylizes: bool = False

    @classmethod
    def of(cls, model: GenerativeModule) -> "ModelKind":
        """Return the kind of `model`."""
        return cls(model.routes if isinstance(model, Translating) else (), isinstance(model, Stylizing))


def judge(
    model: GenerativeModule | ModelKind,
    data: Any,
    split: str | None,
    extractor: Extractor,
    metrics: tuple[str, ...],
    device: torch.device,
    classified_by: str | None = None,
    count: int = 0,
) -> Judge:
    """Return the evaluator for models of the kind of `model`, on the images of a data module.

    Args:
        model: A model of the kind to score, or this kind.
        data: The data module, set up.
        split: Split to compare with; None: the one that the data module trains on.
        extractor: Network whose features are compared.
        metrics: Names of the metrics.
        device: Where features are computed and the model is.
        classified_by: Name or file of the classifier of translated images; None: accuracy is not measured.
        count: Number of real images to use; 0 means all. Stylized images are always compared with all styles.

    Raises:
        Mistake: The data or the classifier does not fit the model.
    """
    kind = model if isinstance(model, ModelKind) else ModelKind.of(model)
    if kind.routes:
        network = classifier(classified_by) if classified_by else None
        return Translations(kind.routes, data, split, extractor, metrics, device, count, network)
    if kind.stylizes:
        return Stylizations(data, split, extractor, metrics, device)
    return against(data, split, extractor, metrics, device, count)


def results(judge: Judge, model: GenerativeModule, samples: int, sampling: Sampling) -> list[Result]:
    """Return the scores of `samples` images of the model with their protocols, for each route if it translates.

    Args:
        judge: The evaluator that `judge` returned for this kind of model.
        model: The model, on the device.
        samples: Number of images.
        sampling: How images are sampled; translations use only its seed.
    """
    if isinstance(judge, Evaluator):
        return [judge.score(Sampled(model, sampling), samples)]
    if isinstance(judge, Stylizations):
        assert isinstance(model, Stylizing)
        return judge.results(model, samples)
    assert isinstance(model, Translating)
    weights = "averaged" if model.average_half_life else "last"
    return judge.results(model, samples, sampling.seed, weights)
