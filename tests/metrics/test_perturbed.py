"""Worse images score worse, with a real network on real images."""

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
    celeba = Pictures(shared / "data/celeba/img_align_celeba.zip")
    return celeba[Request(np.arange(2 * EACH))]["image"]


@pytest.fixture(scope="module")
def evaluator(faces: Tensor) -> Evaluator:
    """An evaluator that compares with the first half of the faces."""
    network = extractors.make("efficientnet_lite0")
    return Evaluator(InMemory("faces", image=faces[:EACH]), network, ("fd", "kid"), torch.device("cpu"))


@pytest.fixture(scope="module")
def unchanged(evaluator: Evaluator, faces: Tensor) -> dict[str, float]:
    """The scores of the second half of the faces, unchanged."""
    return score(evaluator, faces[EACH:])


def score(evaluator: Evaluator, image: Tensor) -> dict[str, float]:
    scores, _ = evaluator.score(Fixed(InMemory("some", image=image), Conditions()), len(image))
    return {name: score.value for name, score in scores.items()}


def rise(evaluator: Evaluator, unchanged: dict[str, float], worse: list[Tensor]) -> None:
    """Check that each score rises with every step, starting from the unchanged images."""
    steps = [unchanged, *(score(evaluator, image) for image in worse)]
    for name in unchanged:
        values = [scores[name] for scores in steps]
        assert values == sorted(values) and len(set(values)) == len(values), (name, values)


def test_noise_raises_scores_with_its_strength(
    evaluator: Evaluator, unchanged: dict[str, float], faces: Tensor
) -> None:
    image = images.to_float(faces[EACH:])
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    rise(evaluator, unchanged, [images.to_uint8(image + strength * noise) for strength in (0.05, 0.1, 0.3)])


def test_blur_raises_scores_with_its_width(evaluator: Evaluator, unchanged: dict[str, float], faces: Tensor) -> None:
    rise(evaluator, unchanged, [gaussian_blur(faces[EACH:], [13, 13], [sigma, sigma]) for sigma in (0.7, 1.4, 2.8)])
