"""Images in overlapping tiles: equal to the whole image, or close to it if norms use the statistics of the image."""

from pathlib import Path

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo import tiles
from gan_zoo.layers import instance_norm
from gan_zoo.models import adain
from gan_zoo.models.adain import AdaIN
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.models.stargan import StarGAN
from gan_zoo.networks.pieces import PRESENT_NORMS
from gan_zoo.translation.labels import LabelSet


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "WHOLE", 1000)
    monkeypatch.setattr(tiles, "CORE", 64)
    monkeypatch.setattr(tiles, "OVERLAP", 32)


def test_tiles_cover_every_position_once_and_their_weights_sum_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "WHOLE", 10_000)
    monkeypatch.setattr(tiles, "CORE", 64)
    monkeypatch.setattr(tiles, "OVERLAP", 20)
    for stride in (4, 16, 64):
        height, width = 384, 4 * 192
        count, weight = torch.zeros(height, width), torch.zeros(height, width)
        for row, column in tiles.cut(height, width, stride):
            assert not any(place % stride for span in (row, column) for place in vars(span).values())
            count[row.start : row.stop, column.start : column.stop] += 1
            weight[row.first : row.last, column.first : column.last] += tiles.fade(row, height)[:, None] * tiles.fade(
                column, width
            )
        assert (count == 1).all()
        torch.testing.assert_close(weight, torch.ones(height, width))
    assert len(tiles.cut(100, 100, 4)) == 1, "an image of 10,000 pixels is not cut"
    assert len(tiles.cut(100, 104, 4)) > 1


@pytest.mark.parametrize("norm", PRESENT_NORMS)
def test_statistics_of_a_whole_image_make_its_tiles_the_whole(norm, small_tiles: None) -> None:
    """After a 1 x 1 convolution, tiles that do not overlap have exactly the pixels of the whole image."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, kernel_size=1), PRESENT_NORMS[norm](8), nn.Tanh()).requires_grad_(False)
    image = torch.randn(1, 3, 96, 128) + torch.linspace(-2, 2, 128)
    with tiles.gathered_statistics(network) as statistics:
        for part in image.split(32, dim=3):
            network(part)
    with tiles.fixed_statistics(statistics):
        tiled = torch.cat([network(part) for part in image.split(32, dim=3)], dim=3)
    torch.testing.assert_close(tiled, network(image))
    assert "forward" not in vars(network[1]), "the norm is restored after the block"


def test_gains_and_biases_are_applied() -> None:
    torch.manual_seed(0)
    norm = instance_norm(6, affine=True)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = torch.randn(2, 6, 5, 7)
    with tiles.gathered_statistics(norm) as statistics:
        expected = norm(x)
    with tiles.fixed_statistics(statistics):
        torch.testing.assert_close(norm(x), expected)


Image = Float[Tensor, "1 3 _ _"]
LABEL = torch.tensor([[1.0, 0.0]])


def model_of(name: str) -> Pix2Pix | CycleGAN | StarGAN:
    """Return a small model that translates, whose random weights change the image visibly and smoothly."""
    torch.manual_seed(0)
    shape, narrow = (3, 16, 16), {"width": 8, "discriminator_width": 4}
    if name == "stargan":
        hair = LabelSet(names=["Black_Hair", "Male"], kind="attributes", exclusive=[])
        model = StarGAN(shape, (hair,), blocks=1, halvings=3, **narrow)  # type: ignore[arg-type]
    elif name == "pix2pix":
        model = Pix2Pix(shape, halvings=4, discriminator_layers=1, **narrow)  # type: ignore[arg-type]
    else:
        model = CycleGAN(shape, blocks=1, discriminator_layers=1, **narrow)  # type: ignore[arg-type]
    for weight in model.generator.parameters():
        if weight.ndim == 4:  # Mix channels at random and neighbours with smooth kernels, to avoid checkerboards.
            profile = torch.tensor(SMOOTH[weight.shape[2]])
            nn.init.normal_(weight, std=2 * weight.shape[1] ** -0.5)
            weight.data = weight.data[:, :, :1, :1] * profile[:, None] * profile / profile.sum() ** 2
    return model


def translated(model: Pix2Pix | CycleGAN | StarGAN, image: Image) -> Image:
    return model.translate(image, LABEL) if isinstance(model, StarGAN) else model.translate(image)


SMOOTH = {3: [1.0, 2, 1], 4: [1.0, 3, 3, 1], 7: [1.0] * 7}
MODELS = ("cyclegan", "pix2pix", "stargan")


@pytest.mark.parametrize("name", MODELS)
def test_a_small_image_passes_through_the_network_as_it_is(name) -> None:
    model = model_of(name)
    image = torch.rand(1, 3, 48, 64) * 2 - 1
    with torch.no_grad():
        network = model.generator["a2b"] if isinstance(model, CycleGAN) else model.generator
        expected = network(image, LABEL) if isinstance(model, StarGAN) else network(image)  # type: ignore[operator]
    assert torch.equal(translated(model, image), expected)


@pytest.mark.parametrize("name", MODELS)
def test_tiles_have_no_seams_and_are_closer_to_the_whole_than_separate_tiles(name, monkeypatch) -> None:
    """The image is smooth. Where tiles meet, neighbouring pixels differ no more than elsewhere in the whole image."""
    model = model_of(name)
    down, across = torch.linspace(-1, 1, 192)[:, None], torch.linspace(-1, 1, 256)
    image = torch.stack([(2 * down).sin() * across, down * down - across, (3 * across).cos() - down])[None] / 2
    whole = translated(model, image)
    for key, value in (("WHOLE", 1000), ("CORE", 64), ("OVERLAP", 32)):
        monkeypatch.setattr(tiles, key, value)
    tiled = translated(model, image)
    alone = torch.cat([translated(model, part) for part in image.split(64, dim=3)], dim=3)
    assert not torch.equal(tiled, whole)
    assert step(tiled) < 1.5 * step(whole) < step(alone)
    assert rms(tiled, whole) < 0.7 * rms(alone, whole)


def step(image: torch.Tensor) -> float:
    """Return the largest difference, averaged over rows, between neighbouring columns away from the borders.

    Borders are left out because the network sees nothing beyond them.
    """
    inner = image[:, :, 16:-16, 16:-16]
    return float((inner[..., 1:] - inner[..., :-1]).mean(dim=(0, 1, 2)).abs().max())


def rms(image: torch.Tensor, other: torch.Tensor) -> float:
    """Return the root mean squared difference."""
    return float((image - other).square().mean().sqrt())


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> AdaIN:
    import torchvision

    torch.manual_seed(0)
    file: Path = tmp_path_factory.mktemp("tiles") / "vgg19.pth"
    torch.save(torchvision.models.vgg19(weights=None).features.state_dict(), file)
    model = AdaIN(network="vgg19", vgg_weights=str(file))
    nn.init.normal_(list(model.generator.parameters())[-2], std=5.0)  # without this, its images are plain grey
    return model


@pytest.mark.slow
@pytest.mark.parametrize("mixed", ["weights", "masks"])
def test_adain_in_tiles_is_adain_of_the_whole(mixed, painter: AdaIN, monkeypatch) -> None:
    """The statistics are those of the whole content and the whole style. The sides are no multiples of the stride."""
    draw = torch.Generator().manual_seed(1)
    content, style, other = (
        torch.rand(1, 3, *sides, generator=draw) * 2 - 1 for sides in ((107, 203), (131, 77), (40, 40))
    )
    content[..., 100:] *= 0.1  # so that each half has other statistics than the whole
    masks = torch.rand(2, 107, 203, generator=draw) if mixed == "masks" else None
    weights = () if mixed == "masks" else (1.0, 2.0)
    whole = painter.stylize(content, [style, other], weights, masks, strength=0.9)
    monkeypatch.setattr(adain, "WHOLE", 2000)
    monkeypatch.setattr(adain, "TILE", 32)
    tiled = painter.stylize(content, [style, other], weights, masks, strength=0.9)
    assert whole.std() > 0.1
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)  # sums of some thousand float32 products
