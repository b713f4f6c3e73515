"""Projection of an image that the generator made, the regularity of noise, and path lengths; and their commands."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize
from torch.testing import assert_close

from gan_zoo import cli
from gan_zoo.commands.latent.project import TAPS
from gan_zoo.editing import path_length, projection, styles
from gan_zoo.errors import Mistake
from gan_zoo.models.stylegan2 import StyleGAN2
from gan_zoo.perceptual import Features, perceptual_distance
from gan_zoo.step import randomness
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy
from tests.models.test_resume import vgg16


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of VGG-16's weights, random ones."""
    file = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    vgg16(file)
    return str(file)


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(0)
    model: Any = StyleGAN2((3, 16, 16), 0, latent_dim=8, width=16, mapping_layers=2)
    for block in model.averaged.blocks:
        block.strength.data.fill_(0.02)
    for layer in model.averaged.to_image:  # images within [-1, 1], as trained ones are
        layer.convolution.convolution.weight.data.mul_(0.15)
    return model.eval()


@pytest.mark.slow  # 120 steps of VGG, 2 s
def test_a_generated_image_comes_ten_times_closer(model: Any, vgg: str) -> None:
    features = Features(TAPS[:2], "vgg16", vgg)
    target = model.sample(1, seed=7)
    found = projection.project(model, target, features, steps=120)
    first, last = found.distances[0], found.distances[-1]
    assert len(found.distances) == 121 and last < first / 10
    assert_close(last, float(perceptual_distance(features(found.image), features(target))), rtol=1e-3, atol=1e-9)
    made = model.averaged.synthesise(found.styles, projection.style.given_noise(found.noise))
    assert_close(made.detach().clamp(-1, 1), found.image)
    assert found.styles.eq(found.styles[:, :1]).all(), "W: one style for all layers"
    for noise in projection._maps(model.averaged, found.noise):
        assert_close(noise.mean(), torch.tensor(0.0), atol=1e-5, rtol=0)
        assert_close(noise.square().mean(), torch.tensor(1.0))


@pytest.mark.slow  # two projections, 2 s
def test_in_w_plus_each_layer_has_its_own_style(model: Any, vgg: str) -> None:
    features = Features(TAPS[:2], "vgg16", vgg)
    target = torch.rand(1, 3, 16, 16) * 2 - 1  # nothing that the generator makes
    one, own = (projection.project(model, target, features, steps=40, apart=apart) for apart in (False, True))
    assert own.distances[-1] < one.distances[-1]
    assert not own.styles.eq(own.styles[:, :1]).all()


def test_the_schedules_are_those_of_the_paper() -> None:
    """Of 1,000 steps, 50 go up and 250 come down; noise on w falls over 750 steps, squared."""
    rates = [projection.learning_rate(step / 1000) for step in (0, 25, 50, 500, 750, 875, 1000)]
    assert rates == pytest.approx([0, 0.5, 1, 1, 1, 0.5, 0])
    assert [projection.jitter_of(step / 1000) for step in (0, 375, 750, 1000)] == pytest.approx([0.05, 0.0125, 0, 0])


def test_noise_without_correlation_is_regular_and_a_picture_is_not() -> None:
    torch.manual_seed(0)
    noise, ramp = torch.randn(1, 1, 64, 64), torch.linspace(-1.7, 1.7, 64).expand(1, 1, 64, 64)
    # 64^2 products: their mean has the variance 1 / 4096, and at 8 x 8 pixels 1 / 64; two directions of each scale
    assert projection.regularity([noise]) < 3 * 2 * (1 / 4096 + 1 / 1024 + 1 / 256 + 1 / 64)
    assert projection.regularity([ramp]) > 1
    stripes = torch.tensor([1.0, -1.0]).repeat(2).expand(1, 1, 4, 4)  # 4 x 4 is one scale: (-1)^2 + 1^2
    assert_close(projection.regularity([stripes]), torch.tensor(2.0))


def test_perceptual_distance_compares_directions_of_features() -> None:
    maps = {"relu1_1": torch.tensor([[[[3.0]], [[4.0]]]]), "relu1_2": torch.tensor([[[[1.0, 0.0]], [[0.0, 2.0]]]])}
    others = {"relu1_1": torch.tensor([[[[0.0]], [[5.0]]]]), "relu1_2": torch.tensor([[[[7.0, 1.0]], [[0.0, 0.0]]]])}
    # (0.6, 0.8) and (0, 1): 0.36 + 0.04; the mean of 0 and of (0, 1) against (1, 0), which is 2
    assert_close(perceptual_distance(maps, others), torch.tensor([0.4 + 1.0]))
    assert perceptual_distance(maps, maps).eq(0).all()


def test_the_path_length_in_w_is_the_slope_of_the_features(model: Any, vgg: str) -> None:
    """d(t, t + e) / e^2 tends to the square of the directional derivative, here by automatic differentiation."""
    features = Features(("relu1_1",), "vgg16", vgg)
    double = StyleGAN2((3, 16, 16), 0, latent_dim=8, width=16, mapping_layers=2).double()
    double.load_state_dict(model.state_dict())
    features = features.double()
    found = path_length.perceptual_path_length(double, features, "w", count=3, seed=2, chunk=2)
    network: Any = double.averaged
    z = randomness.rows("normal", 0, 6, 8, 2).double()
    for i in range(3):
        start, end = (network.mapping(part[None]) for part in z[2 * i : 2 * i + 2])
        noise = randomness.image_noise(i, 1, network.numbers_of_noise(), 2).double()

        def look(t: torch.Tensor, start: Any = start, end: Any = end, noise: Any = noise) -> torch.Tensor:
            w = network.spread(torch.lerp(start, end, t))
            image = network.synthesise(w, projection.style.given_noise(noise))
            return normalize(features(image)["relu1_1"], dim=1)

        slope: Any = torch.autograd.functional.jvp(look, torch.zeros(()).double(), torch.ones(()).double())[1]
        assert_close(found[i], slope.square().sum(1).mean().to(found), rtol=0.02, atol=0)


def test_both_spaces_and_places_can_be_asked_for(model: Any, vgg: str) -> None:
    features = Features(TAPS[:2], "vgg16", vgg)
    lengths = {
        (space, ends): path_length.perceptual_path_length(model, features, space, 4, ends)
        for space in ("z", "w")
        for ends in (True, False)
    }
    assert all(length.shape == (4,) and (length > 0).all() for length in lengths.values())
    assert len({float(length.mean()) for length in lengths.values()}) == 4


def test_slerp_goes_along_the_arc() -> None:
    start, end = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    for t in (0.0, 0.3, 1.0):
        expected = torch.tensor([[math.cos(t * math.pi / 2), math.sin(t * math.pi / 2)]])
        assert_close(path_length.slerp(start, end, torch.tensor([[t]])), expected, atol=1e-6, rtol=0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("style2") / "run"
    trainer = Trainer(run=folder, max_steps=1, accelerator="cpu", enable_progress_bar=False)
    trainer.fit(StyleGAN2((3, 16, 16), 0, latent_dim=4, width=4, mapping_layers=2), Toy(("image",), (3, 16, 16)))
    return folder


def test_the_commands_write_their_tables(run: Path, vgg: str, tmp_path: Path, capsys: Any) -> None:
    picture = tmp_path / "face.png"
    Image.new("RGB", (16, 16), (200, 90, 40)).save(picture)
    for words, size, message in (
        (["sefa", str(run), "--layers", "1-4", "--steps", "5"], (5, 6), "Shares of the directions: "),
        (["sefa", str(run), "--pca", "--truncation", "0.7"], (7, 6), "Shares of the directions: "),
        (["mix", str(run)], (7, 4), "images in"),
        (["project", str(run), str(picture), "--steps", "3", "--vgg-weights", vgg], (2, 1), "Perceptual distance: "),
    ):
        out = tmp_path / f"{words[0]}{len(words)}.png"
        with pytest.raises(SystemExit) as end:
            cli.main(["latent", *words, "--out", str(out)])
        assert end.value.code == 0 and message in capsys.readouterr().out
        with Image.open(out) as table:
            assert table.size == (size[0] * 18 - 2, size[1] * 18 - 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["project", "RUN", "IMAGE"], "has 20 x 16 pixels, and this generator makes 16 x 16"),
        (["project", "RUN", "no.png"], "There is no no.png"),
        (["project", "RUN", "IMAGE", "--steps", "0"], "--steps is 0"),
        (["project", "mnist-wgan-gp", "IMAGE"], "WGANGP has no styles"),
        (["sefa", "RUN", "--layers", "3-9"], "has layers 0 to 5"),
        (["sefa", "RUN", "--layers", "all"], "--layers all: name a range"),
        (["sefa", "RUN", "--distance", "nan"], "--distance is nan"),
        (["sefa", "mnist-wgan-gp"], "WGANGP has no styles, and no layer for normalised latents"),
    ],
)
def test_what_cannot_be_edited_is_said_in_a_line(
    words: list[str], message: str, run: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (20, 16)).save("wide.png")
    names = {"RUN": str(run), "IMAGE": "wide.png"}
    with pytest.raises(SystemExit) as end:
        cli.main(["latent", *(names.get(word, word) for word in words), "--out", "x.png"])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1


def test_another_size_is_refused(model: Any, vgg: str) -> None:
    with pytest.raises(Mistake, match="crop it to a square"):
        projection.project(model, torch.zeros(1, 3, 32, 32), Features(TAPS[:1], "vgg16", vgg))
    assert styles.styled(model).last == 16
