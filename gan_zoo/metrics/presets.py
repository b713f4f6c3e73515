"""Papers' protocols by name. Importing this loads no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """The fields of a protocol that a paper fixes; the others depend on the data and the model."""

    about: str
    """Which papers or programs count so."""
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
    whole: int = 0
    """Number of images that the split must have, where the preset is for a certain set; 0: any number."""


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
    "cifar10_train": Preset(
        about="CIFAR-10: 50,000 generated, the 50,000 training images: StyleGAN2-ADA, mimicry (50k/50k)",
        metrics=("fd", "kid", "is"),
        generated=50_000,
        real=0,
        split="train",
        whole=50_000,
    ),
    "cifar10_test": Preset(
        about="CIFAR-10: 10,000 generated, the 10,000 test images: DiffAugment (Zhao 2020)",
        metrics=("fd", "is"),
        generated=10_000,
        real=0,
        split="test",
        whole=10_000,
    ),
    "ffhq70k": Preset(
        about="FFHQ: 50,000 generated, all 70,000 images: StyleGAN to StyleGAN3, clean-fid's trainval70k",
        metrics=("fd", "kid"),
        generated=50_000,
        real=0,
        split="train",
        whole=70_000,
    ),
    "lsun50k": Preset(
        about="LSUN: 50,000 generated, 50,000 training images: clean-fid's split train of church, horse and cat",
        metrics=("fd",),
        generated=50_000,
        real=50_000,
        split="train",
    ),
    "horse2zebra": Preset(
        about="horse2zebra: all 120 test horses, the 140 test zebras, and the way back: CUT (Park 2020), clean-fid",
        metrics=("fd",),
        generated=140,
        real=0,
        split="test",
    ),
    "100_shot_5k": Preset(
        about="100-shot sets: 5,000 generated, all training images: DiffAugment (Zhao 2020)",
        metrics=("fd",),
        generated=5_000,
        real=0,
        split="train",
    ),
    "clean_train": Preset(
        about="50,000 generated, all training images, images resized by clean-fid's filter: clean-fid (Parmar 2022)",
        metrics=("fd", "kid"),
        generated=50_000,
        real=0,
        split="train",
        resize="clean",
    ),
    "clean_test": Preset(
        about="50,000 generated, all test images, images resized by clean-fid's filter: clean-fid (Parmar 2022)",
        metrics=("fd", "kid"),
        generated=50_000,
        real=0,
        split="test",
        resize="clean",
    ),
}
"""Presets by name: `REAL_GENERATED`, `GENERATED_SPLIT` where all images of a split are used, or the name of a set."""
