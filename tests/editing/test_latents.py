"""Walks between latents and sums of them: closed forms, and pictures that equal those of `sample` at the ends."""

import math
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.editing import latents
from gan_zoo.errors import Mistake
from gan_zoo.models.cgan import CGAN
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.models.gan import GAN
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.step import randomness
from gan_zoo.step.randomness import Law

LAWS: tuple[Law, ...] = ("normal", "uniform", "sphere")
STYLES: dict[str, Any] = {"latent_dim": 4, "width": 4, "mapping_layers": 2, "stable_images": 4, "fade_images": 4}


@pytest.mark.parametrize("law", LAWS)
def test_the_ends_of_a_way_are_the_latents_themselves(law: Law) -> None:
    start, end = (randomness.rows(law, 0, 5, 16, seed) for seed in (0, 1))
    assert torch.equal(latents.between(law, start, end, 0.0), start)
    assert torch.equal(latents.between(law, start, end, 1.0), end)


@pytest.mark.parametrize("law", ["normal", "sphere"])
def test_the_way_goes_round_the_origin_at_constant_speed(law: Law) -> None:
    """From (2, 0) to (0, 4): at a third of the way the angle is 30 degrees, and the length 2 + 2 / 3."""
    start, end = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    angle, length = math.pi / 6, 8 / 3
    expected = torch.tensor([[length * math.cos(angle), length * math.sin(angle)]])
    assert_close(latents.between(law, start, end, 1 / 3), expected)


def test_uniform_latents_go_straight() -> None:
    start, end = torch.tensor([[1.0, -1.0]]), torch.tensor([[0.0, 1.0]])
    assert_close(latents.between("uniform", start, end, 0.25), torch.tensor([[0.75, -0.5]]))


@pytest.mark.parametrize("law", LAWS)
def test_the_way_between_equal_latents_stays_there(law: Law) -> None:
    point = randomness.rows(law, 0, 3, 8, seed=0)
    assert_close(latents.between(law, point, point.clone(), 0.3), point)


@pytest.mark.parametrize("law", ["normal", "sphere"])
def test_halfway_latents_are_as_long_as_drawn_ones(law: Law) -> None:
    """Half the sum of two normal latents would be shorter by √2."""
    start, end = (randomness.rows(law, 0, 200, 64, seed) for seed in (0, 1))
    assert latents.between(law, start, end, 0.5).norm(dim=1).mean().item() == pytest.approx(8, rel=0.02)


def test_a_sum_has_the_direction_of_the_sum_and_the_length_of_a_latent() -> None:
    table = torch.tensor([[3.0, 0.0], [0.0, 3.0], [0.0, 6.0]])
    assert_close(latents.combined("normal", table, (1, -1, 1)), torch.tensor([[4 / math.sqrt(2), 4 / math.sqrt(2)]]))
    table = torch.tensor([[0.5, 1.0], [-0.25, -1.0], [0.0, 1.0]])
    assert_close(latents.combined("uniform", table, (1, -1, 1)), torch.tensor([[0.75, 1.0]]))


def models() -> dict[str, Any]:
    torch.manual_seed(0)
    return {
        "mlp": GAN((1, 8, 8), latent_dim=4, width=(6,)),
        "classes": CGAN((1, 8, 8), num_classes=3, latent_dim=4, architecture="mlp", width=(6,)),
        "styles": StyleGAN((3, 16, 16), **STYLES),
    }


@pytest.mark.parametrize("name", ["mlp", "classes", "styles"])
def test_a_walk_begins_with_the_images_that_sample_makes(name: str) -> None:
    model = models()[name]
    # In float32, a batch may be summed in another order than the chunk of `sample`.
    assert_close(latents.walk(model, 4, (5, 6), 0.0), model.sample(4, seed=5))
    middle = latents.walk(model, 4, (5, 6), 0.5)
    assert (middle - model.sample(4, seed=5)).abs().max() > 1e-3


def test_a_walk_ends_with_the_images_of_the_other_seed() -> None:
    model = models()["mlp"]
    assert_close(latents.walk(model, 4, (5, 6), 1.0), model.sample(4, seed=6))


def test_a_sum_shows_its_three_images_first() -> None:
    model = models()["mlp"]
    made = latents.sum_of(model, 5, (2, 0, 3))
    assert_close(made[:3], model.sample(4, seed=5)[[2, 0, 3]])
    assert_close(latents.sum_of(model, 5, (2, 0, 0))[3], made[0])


def test_a_sum_has_the_class_of_its_first_image() -> None:
    model = models()["classes"]
    label = randomness.classes(2, 1, 3, 5).expand(3)
    assert_close(latents.sum_of(model, 5, (2, 2, 2))[:3], model.sample(3, 5, 2, label)[[0, 0, 0]])


def test_a_model_without_latents_is_refused() -> None:
    model: Any = CycleGAN((3, 16, 16), blocks=1, width=4, discriminator_width=4, discriminator_layers=1)
    with pytest.raises(Mistake, match="CycleGAN makes images of images: it has no latents"):
        latents.walk(model, 4, (0, 1), 0.5)
