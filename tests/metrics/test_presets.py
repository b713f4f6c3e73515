"""The presets of papers, compared with the table of published results."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.metrics.presets import PRESETS, Preset
from gan_zoo.metrics.protocol import OPTIONAL, Conditions, Protocol

TABLE = {
    "50k_train": (("fd", "kid", "is"), 50_000, 0, "train"),
    "50k_test": (("fd", "kid", "is"), 50_000, 0, "test"),
    "10k_5k": (("fd",), 5_000, 10_000, "train"),
    "10k_10k": (("fd",), 10_000, 10_000, "train"),
    "cifar10_train": (("fd", "kid", "is"), 50_000, 0, "train"),
    "cifar10_test": (("fd", "is"), 10_000, 0, "test"),
    "ffhq70k": (("fd", "kid"), 50_000, 0, "train"),
    "lsun50k": (("fd",), 50_000, 50_000, "train"),
    "horse2zebra": (("fd",), 140, 0, "test"),
    "100_shot_5k": (("fd",), 5_000, 0, "train"),
    "clean_train": (("fd", "kid"), 50_000, 0, "train"),
    "clean_test": (("fd", "kid"), 50_000, 0, "test"),
}
"""Metrics, number of generated images, number of real images (0: all) and split of each preset."""
WHOLE = {"cifar10_train": 50_000, "cifar10_test": 10_000, "ffhq70k": 70_000}
"""Number of images that the split must have, for presets of a certain set."""


@pytest.mark.parametrize("name", TABLE)
def test_every_field_of_a_preset(name: str) -> None:
    preset = PRESETS[name]
    assert (preset.metrics, preset.generated, preset.real, preset.split) == TABLE[name]
    rest = (preset.extractor, preset.resize, preset.batch_norm, preset.truncation, preset.labels)
    assert rest == ("inception", "clean" if name.startswith("clean") else "tf1", "eval", 1.0, "uniform")
    assert preset.whole == WHOLE.get(name, 0)
    assert re.search(r": .*(TTUR|\(\w+ 20\d\d\)|StyleGAN|mimicry|clean-fid)|all test images$", preset.about)


def test_the_table_holds_every_preset() -> None:
    assert PRESETS.keys() == TABLE.keys()


def test_a_preset_fixes_fields_of_the_protocol() -> None:
    protocol = {field.name for kind in (Protocol, Conditions) for field in fields(kind)}
    preset = {field.name for field in fields(Preset)}
    assert preset - protocol == {"about", "metrics", "whole"}
    own = {"extractor_weights", "data", "data_fingerprint", "conditions", "weights", "latent_seed", "dtype"}
    own |= {"extractor_version", *OPTIONAL}
    assert protocol - preset == own, "the others depend on the data, the model or the latents"


@pytest.mark.parametrize(
    ("row", "name", "samples"),
    [
        (r"SNGAN \| CIFAR-10 \| standard CNN", "10k_5k", r"FID 10k real vs 5k fake"),
        (r"Projection \| CIFAR-10", "10k_5k", r"10k/5k"),
        (r"WGAN-GP \| CIFAR-10 \| IS 7.33", "50k_train", r"50k/50k, train split"),
        (r"StyleGAN \| FFHQ 1024", "50k_train", r"50k, no truncation, training set as reference"),
    ],
)
def test_presets_match_published_results(row: str, name: str, samples: str, shared: Path) -> None:
    lines = [line for line in (shared / "recipes.md").read_text().splitlines() if re.match(rf"\| {row}", line)]
    assert any(re.search(samples, line) for line in lines), lines
    preset: Any = PRESETS[name]
    numbers = [int(number) * 1000 for number in re.findall(r"(\d+)k", samples)]
    assert preset.generated == numbers[-1] and preset.real in (0, numbers[0])
    assert preset.split == "train" and preset.truncation == 1
