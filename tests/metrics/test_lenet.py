"""The bundled digit classifier."""

import copy
from typing import Any

import pytest
import torch

from datamodules.mnist import MNIST
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.extractors.lenet import WEIGHTS


@pytest.fixture(scope="module")
def lenet():
    return extractors.make("lenet")


@pytest.fixture(scope="module")
def digits():
    data = MNIST(split="test")
    data.setup("fit")
    return data.images.tensors  # pyright: ignore[reportAttributeAccessIssue]


def test_the_file_is_small_enough_to_bundle():
    assert WEIGHTS.stat().st_size < 1_000_000


def test_it_reads_digits_that_it_was_not_trained_on(lenet, digits):
    """These are not among the 60,000 training digits; the accuracy was 98.95 % when the file was written."""
    with torch.no_grad():
        read = torch.cat([lenet(image).logits.argmax(1) for image in digits["image"].split(1000)])
    assert (read == digits["label"]).double().mean() >= 0.985


def test_features_are_the_activations_before_the_classes(lenet, digits):
    image = digits["image"][:4]
    layers = torch.nn.functional
    x = image.float() / 127.5 - 1
    for i in (0, 3):
        x = layers.max_pool2d(layers.conv2d(x, lenet.body[i].weight, lenet.body[i].bias).relu(), 2)
    x = layers.linear(x.flatten(1), lenet.body[7].weight, lenet.body[7].bias).relu()
    torch.testing.assert_close(lenet.extract(image).features, x)
    assert x.shape == (4, lenet.features)


@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 27, 28), (1, 28, 29), (1, 32, 32)])
def test_images_of_another_size_are_refused(lenet, shape):
    with pytest.raises(Mistake, match="28 x 28"):
        lenet.check(shape)


def test_images_of_its_own_size_are_accepted(lenet):
    lenet.check((1, 28, 28))


def test_fingerprint_changes_when_one_weight_does(lenet):
    other = copy.deepcopy(lenet)
    assert other.fingerprint() == lenet.fingerprint()
    with torch.no_grad():
        other.body[0].weight[3, 0, 2, 2] += 1e-6
    assert other.fingerprint() != lenet.fingerprint()


def test_fingerprint_changes_when_weights_change_places(lenet):
    """The numbers are integers, so that the sum is exactly the same for both."""
    ascending, descending = copy.deepcopy(lenet), copy.deepcopy(lenet)
    with torch.no_grad():
        ascending.body[0].bias.copy_(torch.arange(16))
        descending.body[0].bias.copy_(torch.arange(16).flip(0))
    assert ascending.fingerprint() != descending.fingerprint()


def test_it_is_frozen_and_in_eval_mode(lenet):
    assert not any(part.training for part in lenet.modules())
    assert not any(p.requires_grad for p in lenet.parameters())


def test_features_are_float32_without_gradient_even_under_autocast(lenet, digits):
    image = digits["image"][:8]
    expected = lenet.extract(image).features
    with torch.autocast("cpu", torch.bfloat16):
        assert lenet(image).features.dtype == torch.bfloat16, "autocast is on"
        under_autocast = lenet.extract(image).features
    assert under_autocast.dtype == torch.float32 and torch.equal(under_autocast, expected)
    assert not expected.requires_grad


@pytest.mark.parametrize("name", ["lenett", "no.such:extractor", "gan_zoo.images:nothing"])
def test_unknown_extractor_is_one_line(name):
    with pytest.raises(Mistake, match=name):
        extractors.make(name)


class Pixels(extractors.Extractor):
    """An extractor of a user's own."""

    name, features = "pixels", 4

    def __init__(self) -> None:
        super().__init__()
        self.dropout = torch.nn.Dropout()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, image):
        return self.dropout(images.to_float(image)[:, 0, :2, :2].flatten(1)) * self.weight


def test_a_users_extractor_is_frozen_too():
    pixels: Any = extractors.make(f"{__name__}:Pixels")
    assert not pixels.training and not pixels.dropout.training
    assert not any(p.requires_grad for p in pixels.parameters())
