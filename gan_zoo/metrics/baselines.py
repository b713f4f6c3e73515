"""Baselines for translated images, scored in the same way: no translation, one constant image, real images."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from datamodules.order import Request
from gan_zoo import images
from gan_zoo.images import Batch
from gan_zoo.metrics.fakes import CHUNK
from gan_zoo.metrics.translated import Result, Translations
from gan_zoo.translation.routes import Route

Images = Float[Tensor, "n c h w"]


class Untranslated:
    """A translator that leaves every image unchanged."""

    stride = 1

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.routes = routes

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        return batch[route.source]


class Constant:
    """A translator that returns the mean training target, the constant image with the least mean squared error.

    Args:
        routes: Paired routes.
        sides: The training images, by key of a batch.
    """

    stride = 1

    def __init__(self, routes: tuple[Route, ...], sides: dict[str, Any]) -> None:
        self.routes = routes
        self.means = {route.name: mean(sides[route.target]) for route in routes}

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        source = batch[route.source]
        return self.means[route.name].to(source.device).expand(len(source), -1, -1, -1)


def mean(real: Any) -> Float[Tensor, "c h w"]:
    """Return the mean of all images of a set, in [-1, 1]."""
    total = torch.zeros(())
    for indices in torch.arange(len(real)).split(CHUNK):
        total = total + images.to_float(real[Request(indices.numpy())]["image"]).double().sum(0)
    return (total / len(real)).float()


def baselines(evaluator: Translations, data: Any, samples: int) -> Iterator[Result]:
    """Yield the scores of images that no model made, which `weights` in their protocols names.

    `untranslated` are the sources unchanged. `mean image`, for paired routes, is the mean training target.
    `real images` are the targets themselves: the classifier's accuracy on them is a ceiling for translations.

    Args:
        evaluator: The evaluator of the models that are compared with the baselines.
        data: The data module, set up.
        samples: Number of images, as for the models.
    """
    routes = tuple(task.route for task in evaluator.tasks)
    untranslated = evaluator.results(Untranslated(routes), samples, weights="untranslated")
    yield from (result for result in untranslated if not is_of(result, "cycle_l1", "source_l1"))  # these are 0
    if all(route.paired for route in routes):
        yield from evaluator.results(Constant(routes, data.sides), samples, weights="mean image")
    if evaluator.classifier:
        real = evaluator.with_targets_as_sources().results(Untranslated(routes), samples, weights="real images")
        yield from (result for result in real if is_of(result, "accuracy"))


def is_of(result: Result, *measures: str) -> bool:
    """Return whether a result holds one of the `measures`."""
    return any(name.partition("/")[2].startswith(measures) for name in result[0])
