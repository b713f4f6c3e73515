"""The protocol of a score: everything that must be known to compare it with another. Every score is stored with it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

BASELINES = {
    "untranslated": "the sources, without translation",
    "mean image": "one constant image, the mean of the training targets",
    "real images": "the real targets themselves",
    "held-out images": "other real images, which score what a perfect generator would",
}
"""Values of `weights` for images that no model made, with a description."""


@dataclass(frozen=True)
class Conditions:
    """The half of a protocol that describes how the images were generated."""

    weights: str = "averaged"
    """Weights of the generator: `averaged`, `last`, or `unknown` for images of others; or one of `BASELINES`."""
    batch_norm: str = "eval"
    """`eval`: running statistics; `batches of 250`: the statistics of each 250 images."""
    truncation: float = 1.0
    """Truncation of the latents; 1 means none."""
    labels: str = "none"
    """Classes of the images: `none` (the model has none), `uniform`, `data` (as frequent as among the real images) or
    `class 3`."""
    latent_seed: int = 0
    """Seed of the latents and of the labels."""
    source: str = ""
    """Source of translated images: data set, split and count; empty: they are samples."""
    source_fingerprint: str = ""
    """Hash of the content of `source`."""
    images_fingerprint: str = ""
    """Hash of the content of images that somebody else generated; empty: a model of a run generated them."""
    ranked_as: str = ""
    """`weights` of the scores that the user wants images of others to be ranked with; empty: their own."""

    @classmethod
    def of_samples(
        cls, averaged: bool, batch_norm: str, truncation: float, labels: str | int, seed: int
    ) -> "Conditions":
        """Return the conditions of images made from latents.

        Args:
            averaged: Whether the weights are the exponential moving average.
            batch_norm: As `batch_norm` above.
            truncation: Truncation of the latents; 1 means none.
            labels: As `labels` above, or the number of a class.
            seed: Seed of the latents and of the labels.
        """
        name = f"class {labels}" if isinstance(labels, int) else labels
        return cls("averaged" if averaged else "last", batch_norm, truncation, name, seed)

    @classmethod
    def of_sources(cls, sources: Any, weights: str = "last", batch_norm: str = "eval", seed: int = 0) -> "Conditions":
        """Return the conditions of images made from the images `sources`."""
        fingerprint = sources.fingerprint()
        return cls(weights, batch_norm, latent_seed=seed, source=sources.name, source_fingerprint=fingerprint)


OPTIONAL = ("source", "source_fingerprint", "images_fingerprint", "ranked_as")
"""Fields that only translated images, or only images of others, have."""


@dataclass(frozen=True)
class Protocol:
    """The conditions of a score. Two scores can be compared only if they agree in all of them; see `comparable`."""

    extractor: str
    """Network whose features are compared."""
    extractor_weights: str
    """Hash of its weights."""
    extractor_version: int
    """Version of its code (`Extractor.version`)."""
    resize: str
    """How images reach the network's size."""
    data: str
    """The real images: data set, split and count."""
    data_fingerprint: str
    """Hash of their content."""
    split: str
    """Name of the split of the real images; empty: the data has only one."""
    real: int
    """Number of real images used."""
    generated: int
    """Number of generated images."""
    conditions: Conditions
    """How the images were generated."""
    dtype: str = "float32"
    """Precision in which features are computed."""

    def as_dict(self) -> dict[str, Any]:
        """Return all fields in one flat dict, without those in `OPTIONAL` that are empty."""
        fields = asdict(self)
        fields |= fields.pop("conditions")
        return {name: value for name, value in fields.items() if value or name not in OPTIONAL}


@dataclass(frozen=True)
class LikelihoodProtocol:
    """The protocol of a bound on the log-likelihood, which compares no features and generates no images."""

    data: str
    """The real images: data set, split and count."""
    data_fingerprint: str
    """Hash of their content."""
    split: str
    """Name of the split of the real images; empty: the data has only one."""
    real: int
    """Number of real images used."""
    likelihood: str
    """`bernoulli`: grey levels are probabilities; `gaussian`: a density of images in [-1, 1]."""
    draws: int
    """Number of latents drawn for each image."""
    latent_seed: int
    """Seed of the latents."""
    dtype: str = "float32"
    """Precision in which the bound is computed."""

    def as_dict(self) -> dict[str, Any]:
        """Return all fields in a dict."""
        return asdict(self)


OWN_LABELS = ("none", "uniform")
"""Values of `labels` for a model that draws its own classes: it has none, or draws all equally often."""
IDENTITY = ("images_fingerprint", "ranked_as")
"""Fields that say which images were scored, and not how."""
FIRST_VERSION = {"extractor_version": 1}
"""Values of fields that older versions of gan_zoo did not write."""


def comparable(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that two scores must share to be comparable: all but those of `IDENTITY` and `FIRST_VERSION`.

    `labels` none and uniform become `own`. With either value, everything that the model generates on its own is
    compared with all real images. Classes that the user chooses, `data` or `class 3`, answer another question. If the
    real classes are not equally frequent, a model that draws them uniformly scores worse; this is intended.

    Args:
        conditions: The fields of a protocol, as in `Protocol.as_dict` or read from a file.
    """
    shared = {name: value for name, value in completed(conditions).items() if name not in IDENTITY}
    if conditions.get("ranked_as"):
        shared["weights"] = conditions["ranked_as"]
    return shared | ({"labels": "own"} if conditions.get("labels") in OWN_LABELS else {})


def completed(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a protocol in one form, whichever version of gan_zoo wrote them."""
    return {name: value for name, value in conditions.items() if FIRST_VERSION.get(name) != value}


def same(first: int | float | None, second: int | float | None) -> bool:
    """Return whether two values of one score are the same but for rounding.

    A GPU computes convolutions of a generator with 11 bits, which changes grey levels by one here and there. Values
    that are not finite numbers, which files hold as null, are all the same.
    """
    a, b = (value if value is not None and math.isfinite(value) else None for value in (first, second))
    return a is b if a is None or b is None else math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-6)
