"""Papers' protocols by name, against the table of published results."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.metrics.presets import PRESETS, Preset
from gan_zoo.metrics.protocol import Conditions, Protocol

TABLE = {
    "50k_train": (("fd", "kid", "is"), 50_000, 0, "train"),
    "50k_test": (("fd", "kid", "is"), 50_000, 0, "test"),
    "10k_5k": (("fd",), 5_000, 10_000, "train"),
    "10k_10k": (("fd",), 10_000, 10_000, "train"),
}
"""Metrics, generated, real (0: all), split."""


@pytest.mark.parametrize("name", TABLE)
def test_every_field_of_a_preset(name: str) -> None:
    made = PRESETS[name]
    assert (made.metrics, made.generated, made.real, made.split) == TABLE[name]
    rest = (made.extractor, made.resize, made.batch_norm, made.truncation, made.labels)
    assert rest == ("inception", "tf1", "eval", 1.0, "uniform")


def test_every_preset_is_in_the_table() -> None:
    assert PRESETS.keys() == TABLE.keys()


def test_a_preset_fixes_what_a_protocol_holds() -> None:
    known = {one.name for kind in (Protocol, Conditions) for one in fields(kind)}
    assert {one.name for one in fields(Preset)} - known == {"about", "metrics"}
    left = known - {one.name for one in fields(Preset)}
    own = {"extractor_weights", "data", "data_fingerprint", "conditions", "weights", "latent_seed", "dtype"}
    own |= {"source", "source_fingerprint"}
    assert left == own, "what is the data's, the model's or the latents' own"


@pytest.mark.parametrize(
    ("row", "name", "samples"),
    [
        (r"SNGAN \| CIFAR-10 \| standard CNN", "10k_5k", r"FID 10k real vs 5k fake"),
        (r"Projection \| CIFAR-10", "10k_5k", r"10k/5k"),
        (r"WGAN-GP \| CIFAR-10 \| IS 7.33", "50k_train", r"50k/50k, train split"),
        (r"StyleGAN \| FFHQ 1024", "50k_train", r"50k, no truncation, training set as reference"),
    ],
)
def test_presets_are_those_of_published_results(row: str, name: str, samples: str, shared: Path) -> None:
    lines = [line for line in (shared / "recipes.md").read_text().splitlines() if re.match(rf"\| {row}", line)]
    assert any(re.search(samples, line) for line in lines), lines
    made: Any = PRESETS[name]
    numbers = [int(one) * 1000 for one in re.findall(r"(\d+)k", samples)]
    assert made.generated == numbers[-1] and made.real in (0, numbers[0])
    assert made.split == "train" and made.truncation == 1
