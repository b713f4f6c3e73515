"""The conditions of a score. A score is worthless without them, so it never travels without them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

BASELINES = {
    "untranslated": "the images that the models translate, as they are",
    "mean image": "one image for all, the mean of the training targets",
    "real images": "the real targets themselves",
}
"""What stands in place of `weights` where no model made the images, in words."""


@dataclass(frozen=True)
class Conditions:
    """Of the generated images: the half of a protocol that a generator's owner decides."""

    weights: str = "averaged"
    """Which generator: `averaged` or `last`; or one of `BASELINES`."""
    batch_norm: str = "eval"
    """`eval`: running statistics; `batches of 250`: those of each 250 images."""
    truncation: float = 1.0
    """Of the latents; 1: none."""
    labels: str = "none"
    """Classes of the images: `none` (the model knows none), `uniform`, `data` (drawn from the real images' own) or
    `class 3`."""
    latent_seed: int = 0
    """Seed of the table of latents, and of the labels."""
    source: str = ""
    """Of translated images, what they were made of: set, split and count."""
    source_fingerprint: str = ""
    """Hash of its content."""


@dataclass(frozen=True)
class Protocol:
    """Two scores may be compared only where all of this is equal, as `comparable` has it."""

    extractor: str
    """Network whose features are compared."""
    extractor_weights: str
    """Hash of its weights."""
    resize: str
    """How images reach the network's size."""
    data: str
    """Real images: set, split and count."""
    data_fingerprint: str
    """Hash of their content."""
    split: str
    """`train` or another that the data module has; empty: it has one."""
    real: int
    """Real images used."""
    generated: int
    """Images generated."""
    conditions: Conditions
    """Of the generated images."""
    dtype: str = "float32"
    """In which features are computed."""

    def as_dict(self) -> dict[str, Any]:
        """All fields in one flat dict, the conditions' among them; what is of translated images alone, only there."""
        fields = asdict(self)
        fields |= fields.pop("conditions")
        return {name: value for name, value in fields.items() if value or not name.startswith("source")}


@dataclass(frozen=True)
class LikelihoodProtocol:
    """The conditions of a bound on the log-likelihood, which compares no features and generates no images."""

    data: str
    """Real images: set, split and count."""
    data_fingerprint: str
    """Hash of their content."""
    split: str
    """`train` or another that the data module has; empty: it has one."""
    real: int
    """Real images used."""
    likelihood: str
    """`bernoulli`: of grey levels as probabilities; `gaussian`: a density, of images in [-1, 1]."""
    draws: int
    """Latents drawn for each image."""
    latent_seed: int
    """Seed of these."""
    dtype: str = "float32"
    """In which it is computed."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


OWN_LABELS = ("none", "uniform")
"""Of a model that draws by itself: it knows no classes, or draws each as often."""


def comparable(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """What two scores must have alike to be compared: all conditions, with `labels` none and uniform both as `own`.

    Either is the whole of what a model makes when nobody tells it a class, against the whole of the real images.
    Classes told from outside, `data` or `class 3`, are another question. The real images' own need not be equally
    frequent: what that costs a model that draws them evenly is part of its score.

    Args:
        conditions: of a `Protocol.as_dict`, or as far as a file has them.
    """
    return dict(conditions) | ({"labels": "own"} if conditions.get("labels") in OWN_LABELS else {})
