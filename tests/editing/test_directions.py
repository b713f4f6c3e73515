"""SeFa and GANSpace against numpy, and what moves when an image goes along a direction."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from gan_zoo.editing import directions, styles
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.progan import ProGAN
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.models.stylegan2 import StyleGAN2
from gan_zoo.step import randomness

SHAPE = (3, 16, 16)
SMALL: dict[str, Any] = {"latent_dim": 6, "width": 8}
MAKERS: dict[str, Any] = {
    "ProGAN": lambda: ProGAN(SHAPE, **SMALL),
    "StyleGAN": lambda: StyleGAN(SHAPE, **SMALL, mapping_layers=2),
    "StyleGAN2": lambda: StyleGAN2(SHAPE, 3, True, **SMALL, mapping_layers=2),
}


def made(name: str) -> Any:
    torch.manual_seed(0)
    return MAKERS[name]().eval()


def weights_of(model: Any) -> list[Tensor]:
    """The weights that meet the latent, taken from the networks by name, (outputs, 6)."""
    network = model.averaged
    if isinstance(model, ProGAN):
        return [network.dense.weight]
    if isinstance(model, StyleGAN):
        return [block.style.affine.weight for block in network.blocks]
    return [part.convolution.affine.weight for part in (*network.blocks, network.to_image[2])]


@pytest.mark.parametrize("name", MAKERS)
def test_sefa_is_the_singular_value_decomposition_of_the_unit_rows(name: str) -> None:
    model = made(name)
    found = directions.sefa(model)
    weight = torch.cat(weights_of(model)).detach().double().numpy()
    _, singular, vectors = np.linalg.svd(weight / np.linalg.norm(weight, axis=1, keepdims=True))
    assert_close(found.vectors @ found.vectors.T, torch.eye(6).double())
    assert (found.strengths.diff() <= 0).all()
    assert_close(found.strengths, torch.from_numpy(singular**2))
    assert_close(found.strengths.sum(), torch.tensor(float(len(weight))).double())
    for ours, theirs in zip(found.vectors, torch.from_numpy(vectors), strict=True):
        assert_close(ours, theirs * (ours @ theirs).sign())
        assert ours[ours.abs().argmax()] > 0


@pytest.mark.parametrize("name", ["StyleGAN", "StyleGAN2"])
def test_the_layers_named_are_taken_and_moved(name: str) -> None:
    model = made(name)
    some = directions.sefa(model, range(2, 4))
    assert_close(some.strengths.sum(), torch.tensor(float(sum(map(len, weights_of(model)[2:4])))).double())
    image = directions.walk(model, some.vectors[:2], [-1.0, 0.0, 2.0], 2, range(2, 4), seed=3).unflatten(0, (2, 2, 3))
    network = model.averaged
    w = styles.drawn(model, network, 0, 2, 3)
    expected = w[1].clone()
    expected[2:4] += 2 * some.vectors[0].float()
    assert_close(image[0, 1, 2], styles.pictures(model, network, expected[None], 3)[0])
    assert_close(image[1, :, 1], styles.pictures(model, network, w, 3))


def test_a_progan_is_moved_after_its_pixel_norm() -> None:
    model = made("ProGAN")
    found = directions.sefa(model)
    image = directions.walk(model, found.vectors[:1], [0.0, 1.5], 2, seed=3).unflatten(0, (2, 2))
    assert_close(image[:, 0], model.sample(2, seed=3))
    z = randomness.rows("normal", 0, 2, 6, 3)
    z = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt() + 1.5 * found.vectors[0].float()
    assert_close(image[:, 1], model.averaged.synthesise(z).detach().clamp(-1, 1))


@pytest.mark.parametrize("name", MAKERS)
def test_the_first_direction_moves_images_more_than_random_ones(name: str) -> None:
    """Weights that mostly look along one direction, as trained ones do."""
    model = made(name)
    with torch.no_grad():
        for weight in weights_of(model):
            weight.copy_(torch.randn(len(weight), 1) * torch.tensor([3.0, 0, 0, 0, 0, 0]) + 0.3 * weight)
    found = directions.sefa(model)
    assert found.vectors[0, 0] > 0.99 and found.strengths[0] > 0.7 * found.strengths.sum()
    random = torch.nn.functional.normalize(torch.randn(20, 6), dim=1)
    image = directions.walk(model, torch.cat([found.vectors[:1].float(), random]), [0.0, 0.5], 8)
    moved = image.unflatten(0, (21, 8, 2)).diff(dim=2).square().mean((1, 2, 3, 4, 5))
    assert moved[0] > 1.3 * moved[1:].mean() and (moved[0] > moved[1:]).sum() >= 17


def test_ganspace_is_the_principal_components_of_styles() -> None:
    model = made("StyleGAN2")
    found = directions.principal(model, count=50, seed=4)
    w = styles.drawn(model, model.averaged, 0, 50, 4)[:, 0].detach().double().numpy()
    _, singular, vectors = np.linalg.svd(w - w.mean(0), full_matrices=False)
    assert_close(found.strengths, torch.from_numpy(singular**2 / 49))
    assert_close((found.vectors @ torch.from_numpy(vectors.T)).abs(), torch.eye(6).double(), atol=1e-5, rtol=0)
    with pytest.raises(Mistake, match="ProGAN has no styles"):
        directions.principal(made("ProGAN"))


@pytest.mark.parametrize(
    ("name", "layers", "message"),
    [
        ("StyleGAN2", range(4, 7), "Layers 4 to 6 are not all there: this generator has layers 0 to 5"),
        ("ProGAN", range(2), "ProGAN has one latent for all layers: leave the layers out"),
        ("GAN", None, "GAN has no styles, and no layer for normalised latents"),
    ],
)
def test_what_cannot_be_factorised_is_refused(name: str, layers: range | None, message: str) -> None:
    model = GAN(SHAPE, width=(4,)) if name == "GAN" else made(name)
    with pytest.raises(Mistake, match=message):
        directions.sefa(model, layers)
