"""What translated images are to be better than, scored as they are: no translation, one image for all, real images."""

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
    """Leaves every image as it is."""

    stride = 1

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.routes = routes

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        return batch[route.source]


class Constant:
    """Makes one image of all: the mean of those that are trained on, which no other constant beats by squares.

    Args:
        routes: of pairs.
        sides: the real images that are trained on.
    """

    stride = 1

    def __init__(self, routes: tuple[Route, ...], sides: dict[str, Any]) -> None:
        self.routes = routes
        self.made = {route.name: mean(sides[route.target]) for route in routes}

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        source = batch[route.source]
        return self.made[route.name].to(source.device).expand(len(source), -1, -1, -1)


def mean(real: Any) -> Float[Tensor, "c h w"]:
    """The mean of all images of a set, in [-1, 1]."""
    total = torch.zeros(())
    for indices in torch.arange(len(real)).split(CHUNK):
        total = total + images.to_float(real[Request(indices.numpy())]["image"]).double().sum(0)
    return (total / len(real)).float()


def baselines(judge: Translations, data: Any, samples: int) -> Iterator[Result]:
    """The same scores of images that no model made, named by `weights` in their protocols.

    `untranslated`: the sources as they are. `mean image`: of pairs, the mean training target. `real images`: what the
    classifier says of the targets themselves, which no translation can be asked to surpass.

    Args:
        judge: of the models that are compared with these.
        data: the data module, set up.
        samples: as for the models.
    """
    routes = tuple(way.route for way in judge.ways)
    untouched = judge.results(Untranslated(routes), samples, weights="untranslated")
    yield from (one for one in untouched if not is_one_of(one, "cycle_l1", "source_l1"))  # which are 0
    if all(route.paired for route in routes):
        yield from judge.results(Constant(routes, data.sides), samples, weights="mean image")
    if judge.classifier:
        real = judge.with_targets_as_sources().results(Untranslated(routes), samples, weights="real images")
        yield from (one for one in real if is_one_of(one, "accuracy"))


def is_one_of(result: Result, *measures: str) -> bool:
    """Whether a result is of one of the `measures`."""
    return any(name.partition("/")[2].startswith(measures) for name in result[0])
