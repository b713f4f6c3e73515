"""Papers' protocols by name. Importing this loads no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """The fields of a protocol that a paper fixes; the others depend on the data and the model."""

    about: str
    """Which papers use the protocol."""
    metrics: tuple[str, ...]
    generated: int
    """Number of generated images."""
    real: int
    """Number of real images to use; 0 means all of the split."""
    split: str
    extractor: str = "inception"
    resize: str = "tf1"
    batch_norm: str = "eval"
    truncation: float = 1.0
    labels: str = "uniform"


PRESETS = {
    "50k_train": Preset(
        about="50,000 generated, all training images: TTUR, StyleGAN (no truncation), mimicry (50k/50k on CIFAR-10)",
        metrics=("fd", "kid", "is"),
        generated=50_000,
        real=0,
        split="train",
    ),
    "50k_test": Preset(
        about="50,000 generated, all test images",
        metrics=("fd", "kid", "is"),
        generated=50_000,
        real=0,
        split="test",
    ),
    "10k_5k": Preset(
        about="5,000 generated, 10,000 training images: SNGAN and projection (Miyato 2018), as mimicry reproduces them",
        metrics=("fd",),
        generated=5_000,
        real=10_000,
        split="train",
    ),
    "10k_10k": Preset(
        about="10,000 generated, 10,000 training images: SSGAN and DCGAN, as mimicry reproduces them",
        metrics=("fd",),
        generated=10_000,
        real=10_000,
        split="train",
    ),
}
"""Presets by name: `REAL_GENERATED`, or `GENERATED_SPLIT` where all images of a split are used."""
