"""What scores a model: its samples as one set, its translations route by route, or its contents in all styles."""

from typing import Any

import torch

from gan_zoo.metrics.classifiers import classifier
from gan_zoo.metrics.evaluator import Evaluator, against
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.stylized import Stylizations, Stylizing
from gan_zoo.metrics.translated import Result, Translations
from gan_zoo.module import GenerativeModule
from gan_zoo.translation.routes import Translating

Judge = Evaluator | Translations | Stylizations


def judge(
    model: GenerativeModule,
    data: Any,
    split: str | None,
    extractor: Extractor,
    metrics: tuple[str, ...],
    device: torch.device,
    classified_by: str | None = None,
) -> Judge:
    """What scores `model` against the images of a data module; see `Evaluator`, `Translations` and `Stylizations`.

    Args:
        model: the kind that is scored.
        data: the data module, set up.
        split: another of its splits than the one that it trains on; None: that one.
        extractor: network whose features are compared.
        metrics: their names.
        device: where features are computed, and the model is.
        classified_by: name or file of what tells whether translated images are as asked; None: nothing does.

    Raises:
        Mistake: data or a classifier that the model cannot be scored with.
    """
    if isinstance(model, Translating):
        known = classifier(classified_by) if classified_by else None
        return Translations(model.routes, data, split, extractor, metrics, device, classifier=known)
    if isinstance(model, Stylizing):
        return Stylizations(data, split, extractor, metrics, device)
    return against(data, split, extractor, metrics, device)


def results(judge: Judge, model: GenerativeModule, samples: int, sampling: Sampling) -> list[Result]:
    """The scores of `samples` of the model's images, with their protocols; on each route, where it translates."""
    if isinstance(judge, Evaluator):
        return [judge.score(Sampled(model, sampling), samples)]
    if isinstance(judge, Stylizations):
        assert isinstance(model, Stylizing)
        return judge.results(model, samples)
    assert isinstance(model, Translating)
    weights = "averaged" if model.average_half_life else "last"
    return judge.results(model, samples, sampling.seed, weights)
