"""Class agreement, on real digits in place of generated ones."""

import numpy as np
import pytest
import torch

from datamodules.mnist import MNIST
from datamodules.order import Request
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.agreement import class_agreement
from gan_zoo.metrics.fakes import Labels, Sampled, Sampling
from gan_zoo.metrics.protocol import Protocol
from gan_zoo.models.gan import GAN
from gan_zoo.module import GenerativeModule


class Real(GenerativeModule):
    """Shows the bundled digits of the requested class plus `off`."""

    num_classes = 10

    def __init__(self, off: int) -> None:
        super().__init__()
        data = MNIST()
        data.setup("fit")
        tensors = data.images[Request(np.arange(10_000))]
        self.digits, self.label, self.off = tensors["image"], tensors["label"], off

    def sample(self, n, seed=0, first=0, label=None, averaged=True, **_):
        assert label is not None and len(label) == n
        places = [torch.nonzero(self.label == (k + self.off) % 10)[(first + i) % 800] for i, k in enumerate(label)]
        return images.to_float(self.digits[torch.cat(places)])


def agreement(model: GenerativeModule, labels: Labels | int = "uniform"):
    """Return the score of 1,000 images with its name, and its protocol."""
    fakes = Sampled(model, Sampling(labels=labels))
    of_features = Protocol("other", "0", 1, "none", "digits", "1", "", 10, 1000, fakes.conditions)
    scores, protocol = class_agreement(fakes, extractors.make("lenet"), 1000, of_features)
    (score,) = scores.items()
    return score, protocol


def test_agreement_of_real_digits_is_the_accuracy_of_the_classifier():
    """LeNet is right on 98.95 % of this split; with 1,000 images, 0.97 to 1 is six standard deviations wide."""
    (name, right), _ = agreement(Real(off=0))
    assert name == "accuracy_lenet_1k" and 0.97 <= right.value <= 1
    error = 1.96 * (right.value * (1 - right.value) / 999) ** 0.5
    assert right.interval == pytest.approx((right.value - error, right.value + error))
    (_, wrong), _ = agreement(Real(off=1))
    assert wrong.value <= 0.03


def test_the_protocol_names_the_classifier_and_the_images():
    _, protocol = agreement(Real(off=0), labels=3)
    assert protocol.extractor == "lenet" and protocol.extractor_weights == extractors.make("lenet").fingerprint()
    assert protocol.conditions.labels == "class 3" and protocol.data == "digits"


def test_a_model_without_classes_is_refused():
    with pytest.raises(Mistake, match="GAN has 0 classes and lenet has 10"):
        agreement(GAN(image_shape=(1, 28, 28), width=(8,)))
