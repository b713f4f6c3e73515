"""Scores of stylized images, for models whose scores are known."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules.images import InMemory
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import art
from gan_zoo.metrics.frechet import frechet_distance
from gan_zoo.metrics.stylized import Stylizations, Stylizing
from gan_zoo.perceptual import Features, expected_shapes
from tests.drivers.scripted import Colours
from tests.metrics.test_translated import data

CPU = torch.device("cpu")
CONTENTS, STYLES = 4, 3


class ReturnsContent:
    """A model whose results are the contents."""

    def __init__(self, encoder: Features) -> None:
        self.encoder = encoder

    def stylize(self, content: torch.Tensor, styles: list[torch.Tensor]) -> torch.Tensor:
        return content


class ReturnsStyle(ReturnsContent):
    """A model whose results are the styles."""

    def stylize(self, content: torch.Tensor, styles: list[torch.Tensor]) -> torch.Tensor:
        return styles[0]


def noise(count: int, seed: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    dark = torch.randint(40, 250, (count, 3, 1, 1), generator=draw)
    return (torch.rand(count, 3, 16, 16, generator=draw) * dark).to(torch.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    shapes = expected_shapes("vgg16")
    state = {name: torch.zeros(shape) for name, shape in shapes.items()}
    state |= {
        name: torch.randn(shape) * (2 / (shape[1] * 9)) ** 0.5 for name, shape in shapes.items() if len(shape) == 4
    }
    torch.save(state, file := tmp_path_factory.mktemp("vgg") / "vgg16.pth")
    return str(file)


@pytest.fixture(scope="module")
def encoder(weights: str) -> Features:
    return Features(art.STYLE, "vgg16", weights)


@pytest.fixture(scope="module")
def evaluator() -> Stylizations:
    sides = {"a": InMemory("a", image=noise(CONTENTS, 0)), "b": InMemory("b", image=noise(STYLES, 1))}
    return Stylizations(data(**sides), None, Colours(), ("fd",), CPU)


def numbers(evaluator: Stylizations, model: Stylizing, samples: int = 100) -> dict[str, float]:
    return {name: score.value for scores, _ in evaluator.results(model, samples) for name, score in scores.items()}


def test_unchanged_contents_have_no_content_distance_and_a_style_share_of_one(evaluator, encoder):
    found = numbers(evaluator, ReturnsContent(encoder))
    assert found["style_share_vgg16_12"] == 1 and found["content_distance_vgg16_12"] == 0
    assert found["content_share_vgg16_12"] == 0 < found["style_distance_vgg16_12"]
    assert_close(found["art_fd_colours_12"], 1 + found["fd_colours_12"])


def test_unchanged_styles_have_no_style_distance(evaluator, encoder):
    """The twelve results are three styles, four times each; the Fréchet distance compares them with these three."""
    found = numbers(evaluator, ReturnsStyle(encoder))
    assert found["style_distance_vgg16_12"] == 0 == found["style_share_vgg16_12"]
    styles = noise(STYLES, 1).double().mean((2, 3))
    some, many = styles.T.cov(), styles.repeat(CONTENTS, 1).T.cov()
    frechet = frechet_distance(styles.mean(0), some, styles.mean(0), many).item()
    assert_close(found["fd_colours_12"], frechet, rtol=1e-3, atol=1e-4)  # float32 features, about a hundred each
    contents, content_distances = noise(CONTENTS, 0), []
    for i in range(CONTENTS):
        of_content = encoder(images.to_float(contents[i : i + 1]))
        content_distances += [
            art.content_distance(encoder(images.to_float(noise(STYLES, 1)[j : j + 1])), of_content)
            for j in range(STYLES)
        ]
    assert_close(found["content_distance_vgg16_12"], np.mean(content_distances).item())
    assert_close(found["art_fd_colours_12"], (1 + np.mean(content_distances).item()) * (1 + frechet), rtol=1e-3, atol=0)


@pytest.mark.parametrize(("samples", "count"), [(2, 6), (8, 6), (9, 9), (1000, 12)])
def test_as_many_contents_as_fit_are_painted_in_every_style(evaluator, encoder, samples, count):
    assert f"style_share_vgg16_{count}" in numbers(evaluator, ReturnsContent(encoder), samples)


def test_protocols_name_the_networks(evaluator, encoder):
    (perceptual, fd, both) = (protocol for _, protocol in evaluator.results(ReturnsContent(encoder), 100))
    assert (fd.extractor, perceptual.extractor, both.extractor) == ("colours", "vgg16", "colours")
    assert perceptual.extractor_weights == encoder.fingerprint()
    assert both.extractor_weights == f"{fd.extractor_weights} {encoder.fingerprint()}"
    assert fd.conditions.source == "a" and fd.data == "b"


def test_a_single_content_is_refused():
    sides = {"a": InMemory("a", image=noise(1, 0)), "b": InMemory("b", image=noise(2, 1))}
    with pytest.raises(Mistake, match="a has one image"):
        Stylizations(data(**sides), None, Colours(), ("fd",), CPU)
    with pytest.raises(Mistake, match="no contents `a` and styles `b`"):
        Stylizations(data(image=sides["a"]), None, Colours(), ("fd",), CPU)
