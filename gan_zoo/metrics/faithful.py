"""What is measured of each translated image by itself, whatever the others are; scores are the means over images."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from gan_zoo.distributed.strategy import gathered
from gan_zoo.images import Batch
from gan_zoo.metrics.classifiers import Classifier
from gan_zoo.metrics.score import Value
from gan_zoo.translation.routes import Route, Translating

Images = Float[Tensor, "n c h w"]
Each = Float[Tensor, " n"]

MOST_PSNR = 10 * math.log10(510**2)
"""54 dB: half a grey level of 255 everywhere, below which no image file tells two images apart."""
LEAST_FOR_SSIM = 11
"""Pixels a side: SSIM's window."""


@dataclass(frozen=True)
class Seen:
    """Some translated images, with all that they are measured against; images are in [-1, 1]."""

    made: Images
    batch: Batch
    """That they were made of."""
    source: Images
    target: Images | None
    """Their partners, where there are such."""


Measured = Callable[[Seen], Each]
"""A number for each image."""


def l1(seen: Seen) -> Each:
    assert seen.target is not None
    return distance(seen.made, seen.target)


def psnr(seen: Seen) -> Each:
    """In dB, at most `MOST_PSNR`."""
    assert seen.target is not None
    found = peak_signal_noise_ratio(seen.made, seen.target, data_range=2.0, reduction="none", dim=(1, 2, 3))
    return found.clamp(max=MOST_PSNR)


def ssim(seen: Seen) -> Each:
    assert seen.target is not None
    found = structural_similarity_index_measure(seen.made, seen.target, data_range=2.0, reduction="none")
    assert isinstance(found, Tensor)
    return found


def source_l1(seen: Seen) -> Each:
    return distance(seen.made, seen.source)


def distance(one: Images, other: Images) -> Each:
    return (one - other).abs().flatten(1).mean(1)


def measures(model: Translating, route: Route, side: int, classifier: Classifier | None) -> dict[str, Measured]:
    """What there is to measure of the images that `model` translates along `route`.

    Args:
        model: whose.
        route: which.
        side: the images' shorter side, in pixels.
        classifier: knows what the route asks for; None: nobody does.
    """

    def cycle_l1(seen: Seen) -> Each:
        there = {back.name: back for back in model.routes}[route.back]
        returned = model.follow(there, {**seen.batch, there.source: seen.made})
        return distance(returned, seen.source)

    def accuracy(seen: Seen) -> Each:
        assert classifier is not None
        return classifier.agrees(seen.made, route, seen.batch).float()

    found: dict[str, Measured] = {"accuracy": accuracy} if classifier else {}
    if route.paired:
        found |= {"l1": l1, "psnr": psnr} | ({"ssim": ssim} if side >= LEAST_FOR_SSIM else {})
    if route.back:
        found["cycle_l1"] = cycle_l1
    if route.label is not None:
        found["source_l1"] = source_l1
    return found


@dataclass
class Means:
    """Means over the images of all processes, with their intervals."""

    measures: dict[str, Measured]
    sums: dict[str, float] = field(default_factory=dict)

    def see(self, seen: Seen) -> None:
        for name, measure in self.measures.items():
            each = measure(seen).double()
            for key, value in ((name, each.sum()), (f"{name}²", each.square().sum()), (f"{name}#", len(each))):
                self.sums[key] = self.sums.get(key, 0.0) + float(value)

    def values(self) -> dict[str, Value]:
        """By name of the measure: the mean, and 1.96 standard errors to each side."""
        return of_all(tuple(self.measures), gathered(self.sums))


def of_all(names: tuple[str, ...], parts: list[dict[str, float]]) -> dict[str, Value]:
    """The means over what all processes summed up; one that had no image has summed up nothing."""

    def value(name: str) -> Value:
        total, squares, count = (sum(part.get(f"{name}{mark}", 0.0) for part in parts) for mark in ("", "²", "#"))
        mean = total / count
        error = math.sqrt(max(squares / count - mean**2, 0.0) / max(count - 1, 1))
        return Value(mean, (mean - 1.96 * error, mean + 1.96 * error))

    return {name: value(name) for name in names}
