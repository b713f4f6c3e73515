"""Measures of each translated image on its own, such as L1, PSNR and SSIM; scores are their means over images."""

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
PerImage = Float[Tensor, " n"]

MOST_PSNR = 10 * math.log10(510**2)
"""54 dB: an error of half a grey level of 255 everywhere, the smallest that an image file can hold."""
LEAST_FOR_SSIM = 11
"""Pixels a side: the window of SSIM."""


@dataclass(frozen=True)
class Translation:
    """Some translated images with everything that they are compared with; images are in [-1, 1]."""

    result: Images
    """The translated images."""
    batch: Batch
    """The batch that they were made from."""
    source: Images
    """The images of that batch before translation."""
    target: Images | None
    """The images that the results should equal, on a paired route."""


Measurement = Callable[[Translation], PerImage]
"""A function that returns one number per image."""


def l1(translation: Translation) -> PerImage:
    """Return the mean absolute difference to the target."""
    assert translation.target is not None
    return distance(translation.result, translation.target)


def psnr(translation: Translation) -> PerImage:
    """Return the peak signal-to-noise ratio to the target in dB, at most `MOST_PSNR`."""
    assert translation.target is not None
    result, target = translation.result, translation.target
    return peak_signal_noise_ratio(result, target, data_range=2.0, reduction="none", dim=(1, 2, 3)).clamp(max=MOST_PSNR)


def ssim(translation: Translation) -> PerImage:
    """Return the structural similarity to the target."""
    assert translation.target is not None
    result, target = translation.result, translation.target
    similarity = structural_similarity_index_measure(result, target, data_range=2.0, reduction="none")
    assert isinstance(similarity, Tensor)
    return similarity


def source_l1(translation: Translation) -> PerImage:
    """Return the mean absolute difference to the source."""
    return distance(translation.result, translation.source)


def distance(a: Images, b: Images) -> PerImage:
    """Return the mean absolute difference of each image of `a` to its counterpart in `b`."""
    return (a - b).abs().flatten(1).mean(1)


def measures(model: Translating, route: Route, side: int, classifier: Classifier | None) -> dict[str, Measurement]:
    """Return the measures, by name, that apply to images translated by `model` along `route`.

    Args:
        model: The translating model.
        route: One of its routes.
        side: Shorter side of the images, in pixels.
        classifier: A classifier that can judge the route; None: accuracy is not measured.
    """

    def cycle_l1(translation: Translation) -> PerImage:
        way_back = next(other for other in model.routes if other.name == route.back)
        returned = model.follow(way_back, {**translation.batch, way_back.source: translation.result})
        return distance(returned, translation.source)

    def accuracy(translation: Translation) -> PerImage:
        assert classifier is not None
        return classifier.agrees(translation.result, route, translation.batch).float()

    applicable: dict[str, Measurement] = {"accuracy": accuracy} if classifier else {}
    if route.paired:
        applicable |= {"l1": l1, "psnr": psnr} | ({"ssim": ssim} if side >= LEAST_FOR_SSIM else {})
    if route.back:
        applicable["cycle_l1"] = cycle_l1
    if route.label is not None:
        applicable["source_l1"] = source_l1
    return applicable


@dataclass
class Means:
    """Means over the images of all processes, with their intervals."""

    measures: dict[str, Measurement]
    sums: dict[str, float] = field(default_factory=dict)
    """For each measure its sum, its sum of squares (`²`) and its count (`#`), over the images of this process."""

    def add(self, translation: Translation) -> None:
        """Measure some more images."""
        for name, measure in self.measures.items():
            each = measure(translation).double()
            for key, value in ((name, each.sum()), (f"{name}²", each.square().sum()), (f"{name}#", len(each))):
                self.sums[key] = self.sums.get(key, 0.0) + float(value)

    def values(self) -> dict[str, Value]:
        """Return the mean of each measure, with 1.96 standard errors to each side; every process calls it."""
        return means(tuple(self.measures), gathered(self.sums))


def means(names: tuple[str, ...], parts: list[dict[str, float]]) -> dict[str, Value]:
    """Return the means from the sums of all processes. A process without images has an empty dict."""

    def value(name: str) -> Value:
        total, squares, count = (sum(part.get(f"{name}{mark}", 0.0) for part in parts) for mark in ("", "²", "#"))
        mean = total / count
        error = math.sqrt(max(squares / count - mean**2, 0.0) / max(count - 1, 1))
        return Value(mean, (mean - 1.96 * error, mean + 1.96 * error))

    return {name: value(name) for name in names}
