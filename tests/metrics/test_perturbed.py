"""What a score is for, with a real network on real images: worse images score worse."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from datamodules.order import Request
from datamodules.stream import InMemory
from gan_zoo import images
from gan_zoo.commands.evaluate.foreign_images import Fixed, Pictures
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.protocol import Conditions

pytestmark = pytest.mark.slow
EACH = 96


@pytest.fixture(scope="module")
def faces(shared: Path) -> Tensor:
    found = Pictures(shared / "data/celeba/img_align_celeba.zip")
    return found[Request(np.arange(2 * EACH))]["image"]


@pytest.fixture(scope="module")
def judge(faces: Tensor) -> Evaluator:
    """Against the first half of the faces."""
    network = extractors.make("efficientnet_lite0")
    return Evaluator(InMemory("faces", image=faces[:EACH]), network, ("fd", "kid"), torch.device("cpu"))


@pytest.fixture(scope="module")
def untouched(judge: Evaluator, faces: Tensor) -> dict[str, float]:
    """Of the second half."""
    return score(judge, faces[EACH:])


def score(judge: Evaluator, image: Tensor) -> dict[str, float]:
    scores, _ = judge.score(Fixed(InMemory("some", image=image), Conditions()), len(image))
    return {name: one.value for name, one in scores.items()}


def rise(judge: Evaluator, untouched: dict[str, float], worse: list[Tensor]) -> None:
    """Each score rises from the untouched half on, with every step."""
    found = [untouched, *(score(judge, image) for image in worse)]
    for name in untouched:
        values = [one[name] for one in found]
        assert values == sorted(values) and len(set(values)) == len(values), (name, values)


def test_noise_raises_scores_with_its_strength(judge: Evaluator, untouched: dict[str, float], faces: Tensor) -> None:
    image = images.to_float(faces[EACH:])
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    rise(judge, untouched, [images.to_uint8(image + strength * noise) for strength in (0.05, 0.1, 0.3)])


def test_blur_raises_scores_with_its_width(judge: Evaluator, untouched: dict[str, float], faces: Tensor) -> None:
    rise(judge, untouched, [gaussian_blur(faces[EACH:], [13, 13], [sigma, sigma]) for sigma in (0.7, 1.4, 2.8)])
