"""Gatys' style transfer: the terms of the loss, its descent, sizes, and bad settings."""

from itertools import pairwise
from typing import Any

import pytest
import torch
import torchvision
from torch.testing import assert_close

from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.models.gatys import Objective, gatys
from gan_zoo.perceptual import Features, content_loss, gram_loss

SMALL = Objective(content_layers=("relu2_2",), style_layers=("relu1_1", "relu2_1"), layer_weights=(0.25, 0.75))


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), file)
    return Features(SMALL.taps, "vgg16", str(file))


@pytest.fixture
def pair():
    draw = torch.Generator().manual_seed(1)
    return torch.rand(1, 3, 24, 32, generator=draw) * 2 - 1, torch.rand(1, 3, 40, 28, generator=draw) - 0.5


def transfer(features, pair, **changed):
    settings: dict[str, Any] = {"sizes": (24,), "evaluations": (12,), "objective": SMALL}
    content, style = pair
    return gatys(content, style, features, **settings | changed)


def test_terms_are_those_of_equation_7(features, pair):
    x, (content, style) = torch.zeros(1, 3, 24, 32), pair
    objective = Objective(SMALL.content_layers, SMALL.style_layers, (0.25, 0.75), 2.0, 3.0, 4.0)
    result, scene, paint = features(x), features(content), features(style)
    terms = objective.terms(x, result, scene, paint)
    assert_close(terms["content"], 2 * content_loss(result["relu2_2"], scene["relu2_2"]))
    styles = [gram_loss(result[name], paint[name]) for name in ("relu1_1", "relu2_1")]
    assert_close(terms["style"], 3 * (0.25 * styles[0] + 0.75 * styles[1]))
    assert terms["variation"] == 0


def test_it_starts_from_the_content_and_the_loss_falls(features, pair):
    history = transfer(features, pair, evaluations=(40,)).history
    totals = [terms["content"] + terms["style"] + terms["variation"] for terms in history]
    assert history[0]["content"] < 1e-6, "the content itself, up to the rounding of its resizing"
    assert len(history) == 40
    assert totals[-1] < 0.5 * totals[0]
    rises = sum(later > before for before, later in pairwise(totals))
    assert rises <= 4, "steps of length 1 without a line search seldom overshoot"


def test_adam_lowers_the_loss_too(features, pair):
    history = transfer(features, pair, optimizer="adam", learning_rate=0.02).history
    assert len(history) == 12 and history[-1]["style"] < history[0]["style"]


def test_noise_starts_without_the_content_and_follows_the_seed(features, pair):
    noise = transfer(features, pair, start="noise", evaluations=(1,))
    assert noise.history[0]["content"] > 0.1
    assert noise.history == transfer(features, pair, start="noise", evaluations=(1,)).history
    assert noise.history != transfer(features, pair, start="noise", seed=1, evaluations=(1,)).history


def test_sizes_are_used_in_turn_and_the_proportions_of_the_content_stay(features, pair):
    result = transfer(features, pair, sizes=(12, 36), evaluations=(3, 5))
    assert [terms["size"] for terms in result.history] == [12] * 3 + [36] * 5
    assert result.image.shape == (1, 3, 36, 48)
    assert result.image.min() >= -1 and result.image.max() <= 1


def test_progress_is_called_with_each_evaluation(features, pair):
    reports = []
    history = transfer(features, pair, sizes=(12, 24), evaluations=(2, 3), progress=reports.append).history
    assert len(reports) == 5 and reports == history


def test_a_style_weight_that_makes_the_loss_infinite_is_reported(features, pair):
    with pytest.raises(NonFinite, match=r"became infinite or NaN at evaluation 1 .*lower the style weight"):
        transfer(features, pair, objective=Objective(("relu2_2",), ("relu1_1",), (1e38,), style_weight=1e38))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sizes": (24, 32)}, "2 sizes and 1 numbers"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
        ({"evaluations": (0,)}, "evaluations is"),
        ({"sizes": (0,)}, "sizes is"),
    ],
)
def test_settings_that_do_not_match_are_refused(features, pair, changed, message):
    with pytest.raises(Mistake, match=message):
        transfer(features, pair, **changed)


def test_layer_weights_must_match_the_layers():
    with pytest.raises(Mistake, match="1 layer weights for 5 style layers"):
        Objective(layer_weights=(1.0,))
    with pytest.raises(Mistake, match="style_weight is -1"):
        Objective(style_weight=-1.0)
