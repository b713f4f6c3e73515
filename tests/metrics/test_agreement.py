"""Class agreement, on real digits in the place of generated ones."""

import pytest
import torch

from datamodules.mnist import MNIST
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.agreement import class_agreement
from gan_zoo.models.gan import GAN
from gan_zoo.module import GenerativeModule


class Real(GenerativeModule):
    """Shows the bundled digits whose class is the one asked for, moved on by `off`."""

    num_classes = 10

    def __init__(self, off: int) -> None:
        super().__init__()
        data = MNIST()
        data.setup("fit")
        tensors = data.images[Whole()]
        self.digits, self.label, self.off = tensors["image"], tensors["label"], off

    def sample(self, n, seed=0, first=0, label=None, averaged=True, **_):
        assert label is not None and len(label) == n
        places = [torch.nonzero(self.label == (one + self.off) % 10)[(first + i) % 800] for i, one in enumerate(label)]
        return images.to_float(self.digits[torch.cat(places)])


class Whole:
    indices = torch.arange(10_000).numpy()
    resolution = None


def test_real_digits_agree_as_often_as_the_classifier_is_right():
    """98.95 % on this split; of 1,000 of them 0.97 to 1 is six deviations wide."""
    assert 0.97 <= class_agreement(Real(off=0), extractors.make("lenet"), samples=1000) <= 1
    assert class_agreement(Real(off=1), extractors.make("lenet"), samples=1000) <= 0.03


def test_a_model_without_classes_is_refused():
    with pytest.raises(Mistake, match="GAN knows 0 classes and lenet tells 10"):
        class_agreement(GAN(image_shape=(1, 28, 28), width=(8,)), extractors.make("lenet"), samples=10)
