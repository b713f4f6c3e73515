"""The options of `sample`: classes, truncation and batch norm. tests/models/test_models.py tests it without options."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.step import randomness

SMALL: dict[str, Any] = {"image_shape": (1, 16, 16), "latent_dim": 6, "architecture": "dcgan", "width": 4}


class Conditional(nn.Module):
    """Generates images whose first pixel is their class divided by 10."""

    def forward(self, latents: Tensor, label: Tensor) -> Tensor:
        image = latents[:, :4].tanh().reshape(-1, 1, 2, 2).clone()
        image[:, 0, 0, 0] = label / 10
        return image


def conditional() -> GAN:
    model = GAN(**SMALL)
    model.generator, model.num_classes = Conditional(), 10
    return model


def classes_of(image: Tensor) -> Tensor:
    return (image[:, 0, 0, 0] * 10).round().long()


def with_batch_norm() -> GAN:
    torch.manual_seed(0)
    model = GAN(**SMALL)
    assert any(isinstance(part, nn.BatchNorm2d) for part in model.generator.modules())
    return model


@pytest.mark.parametrize(("first", "count"), [(0, 3000), (5, 7), (1023, 2), (2047, 3), (7, 0), (0, 0)])
def test_class_depends_on_seed_and_index_alone(first, count):
    whole = randomness.classes(0, 3000, num_classes=10, seed=5)
    assert torch.equal(randomness.classes(first, count, num_classes=10, seed=5), whole[first : first + count])
    assert not torch.equal(whole, randomness.classes(0, 3000, num_classes=10, seed=6))


def test_classes_are_uniform():
    counts = randomness.classes(0, 100_000, num_classes=10, seed=0).bincount(minlength=10)
    assert len(counts) == 10 and (counts - 10_000).abs().max() < 5 * 95  # five standard errors of (1e5 x .1 x .9)^(1/2)


@pytest.mark.parametrize(("first", "n", "chunk"), [(0, 11, 4), (3, 5, 250), (2, 9, 3)])
@pytest.mark.parametrize("batch_norm", ["eval", "train"])
def test_without_a_label_classes_are_drawn_by_index(first, n, chunk, batch_norm):
    image = conditional().sample(n, seed=7, first=first, chunk=chunk, batch_norm=batch_norm)
    assert torch.equal(classes_of(image), randomness.classes(first, n, 10, seed=7))


@pytest.mark.parametrize(("first", "n", "chunk"), [(0, 11, 4), (3, 5, 250), (2, 9, 3)])
@pytest.mark.parametrize("batch_norm", ["eval", "train"])
def test_label_sets_the_classes_of_the_images(first, n, chunk, batch_norm):
    label = torch.arange(n) % 10
    image = conditional().sample(n, seed=7, first=first, label=label, chunk=chunk, batch_norm=batch_norm)
    assert torch.equal(classes_of(image), label)
    assert torch.equal(label, torch.arange(n) % 10), "the caller's tensor is unchanged"


def test_a_label_for_a_model_without_classes_is_refused():
    with pytest.raises(Mistake, match="GAN has no classes"):
        with_batch_norm().sample(2, label=torch.tensor([0, 1]))


def test_truncation_is_refused_by_a_model_without_it():
    with pytest.raises(Mistake, match=r"truncation is 0\.5"):
        with_batch_norm().sample(2, truncation=0.5)


def test_batch_norm_train_gives_the_images_of_a_training_pass():
    model = with_batch_norm()
    latents = randomness.rows(model.latent_law, 0, 8, 6, seed=3)
    expected = model.generator.train()(latents)  # changes the running statistics, which this mode does not read
    assert_close(model.eval().sample(8, seed=3, batch_norm="train", chunk=8), expected)
    assert not torch.allclose(model.sample(8, seed=3), expected, atol=1e-2)


@pytest.mark.parametrize(("first", "n"), [(0, 4), (3, 5), (7, 9), (4, 4), (15, 1)])
def test_batch_norm_train_depends_on_the_chunk_and_not_on_the_requested_images(first, n):
    model = with_batch_norm()
    whole = model.sample(16, seed=3, batch_norm="train", chunk=4)
    assert_close(model.sample(n, seed=3, first=first, batch_norm="train", chunk=4), whole[first : first + n])
    assert not torch.allclose(model.sample(16, seed=3, batch_norm="train", chunk=8), whole, atol=1e-3)


def test_batch_norm_train_changes_no_mode_and_no_running_statistics():
    model = with_batch_norm()
    next(part for part in model.generator.modules() if isinstance(part, nn.BatchNorm2d)).eval()
    norms = [part for part in model.generator.modules() if isinstance(part, nn.BatchNorm2d)]
    before = [(part.training, part.track_running_stats) for part in norms]
    buffers = [buffer.clone() for buffer in model.generator.buffers()]
    model.sample(5, batch_norm="train")
    assert [(part.training, part.track_running_stats) for part in norms] == before
    assert all(map(torch.equal, model.generator.buffers(), buffers))
