"""The numbers of parameters in docs/translation.md for k domains: CycleGANs for every pair against one StarGAN."""

import re
from math import comb
from pathlib import Path

import pytest
import torch

from datamodules.labels import LabelSet
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.models.stargan import StarGAN
from tests.pairs import count

PAGE = (Path(__file__).parents[2] / "docs" / "translation.md").read_text()
SHAPE = (3, 128, 128)
ROWS = re.findall(r"^\| (\d+) \| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} domains")
def test_the_page_counts_parameters_for_k_domains(row: tuple[str, ...]) -> None:
    """The models have the sizes of their papers for 128 pixels."""
    domains, pairs, *counts = (int(number.replace(",", "")) for number in row)
    names = [str(number) for number in range(domains)]
    labels: LabelSet = {"names": names, "kind": "classes", "exclusive": [names]}
    with torch.device("meta"):
        cyclegan, stargan = CycleGAN(SHAPE, blocks=6), StarGAN(SHAPE, (labels,))
    assert pairs == comb(domains, 2)
    assert counts == [
        pairs * count(cyclegan),
        count(stargan),
        pairs * count(cyclegan.generator),
        count(stargan.generator),
    ]


def test_the_page_has_rows_for_few_domains_and_many() -> None:
    assert [int(row[0]) for row in ROWS] == [2, 3, 5, 8]
