"""Truncation and mixing as functions and as commands, on a small StyleGAN that was trained for two steps."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from gan_zoo import cli
from gan_zoo.editing import styles
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.sampling import Inputs
from gan_zoo.training.loading import load
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy

SMALL: dict[str, Any] = {"latent_dim": 4, "width": 4, "mapping_layers": 2, "first_resolution": 8}
SMALL |= {"stable_images": 4, "fade_images": 4, "batch_size": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's directory, after its second step of which the last resolution of 16 is still faded in."""
    folder = tmp_path_factory.mktemp("style") / "run"
    torch.manual_seed(0)
    model = StyleGAN((3, 16, 16), **SMALL)
    networks: tuple[Any, ...] = (model.generator, model.averaged)
    for network in networks:
        for block in network.blocks:
            block.noise.strength.data.normal_()
    trainer = Trainer(run=folder, max_steps=2, accelerator="cpu", enable_progress_bar=False)
    trainer.fit(model, Toy(("image",), (3, 16, 16)))
    return folder


@pytest.fixture(scope="module")
def model(run: Path) -> Any:
    return load(str(run))


def test_a_loaded_generator_stands_where_the_run_stood(model: Any) -> None:
    assert (model.averaged.resolution, model.averaged.fading, int(model.averaged.tracked)) == (16, True, 2)


def test_nought_is_one_image_and_one_the_sample(model: Any) -> None:
    table = styles.truncations(model, count=3, values=[0.0, 1.0], seed=5).unflatten(0, (3, 2))
    assert_close(table[0, 0], table[1, 0])
    assert_close(table[1, 0], table[2, 0])
    assert (table[0, 1] - table[1, 1]).abs().max() > 1e-3
    assert_close(table[0, 1], model.sample(1, seed=5)[0])  # image 0 has its own noise


def test_sampling_truncates_only_the_layers_asked_for(model: Any) -> None:
    """truncation_layers 8 are all six layers of 16 pixels; with 0 nothing moves."""
    truncated, whole = model.sample(4, truncation=0.0), model.sample(4)
    assert not torch.equal(truncated, whole)
    model.truncation_layers = 0
    try:
        assert_close(model.sample(4, truncation=0.0), whole)
    finally:
        model.truncation_layers = 8


def test_an_image_has_its_own_noise_whatever_is_drawn_beside_it(model: Any) -> None:
    whole = model.sample(6, seed=1)
    assert_close(model.sample(2, seed=1, first=3), whole[3:5])
    assert_close(model.sample(6, seed=1, chunk=4), whole)
    latents = torch.zeros(2, 4)
    noisy = [
        model.render(model.averaged, Inputs(latents, None, 1.0, lambda n, k=k: torch.full((2, n), k)))
        for k in (0.0, 1.0)
    ]
    assert (noisy[0] - noisy[1]).abs().max() > 1e-3, "noise reaches the image"


def test_mixtures_have_the_rows_styles_in_the_layers_named(model: Any) -> None:
    every = styles.mixtures(model, rows=2, columns=3, layers=range(6)).unflatten(0, (3, 4))
    for row in (1, 2):
        for column in (1, 2, 3):
            assert_close(every[row, column], every[row, 0])  # all layers of the row: its image
    some = styles.mixtures(model, rows=2, columns=3, layers=range(2, 4)).unflatten(0, (3, 4))
    assert_close(some[0], every[0])  # the columns' images
    assert (some[1, 1] - some[1, 0]).abs().max() > 1e-4 < (some[1, 1] - some[0, 1]).abs().max()
    assert (every[0, 0] == 1).all(), "a blank corner"


def test_the_commands_write_their_tables(run: Path, tmp_path: Path) -> None:
    for name, more, columns, lines in (("truncate", ["--count", "2", "--values", "0", "1"], 2, 2), ("mix", [], 7, 4)):
        out = tmp_path / f"{name}.png"
        with pytest.raises(SystemExit) as end:
            cli.main(["latent", name, str(run), "--out", str(out), *more])
        assert end.value.code == 0
        with Image.open(out) as picture:
            assert picture.size == (columns * 18 - 2, lines * 18 - 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mix", "RUN", "--layers", "4-6", "--out", "x.png"], "has layers 0 to 5"),
        (["mix", "RUN", "--layers", "coarse", "--out", "x.png"], "--layers coarse: name a range"),
        (["mix", "RUN", "--layers", "3-1", "--out", "x.png"], "Layers 3 to 1 are not all there"),
        (["mix", "RUN", "--rows", "0", "--out", "x.png"], "--rows is 0"),
        (["mix", "RUN", "--truncation", "nan", "--out", "x.png"], "--truncation is nan: it must be finite"),
        (["truncate", "RUN", "--values", "nan", "--out", "x.png"], "--values is"),
        (["truncate", "RUN", "--out", "x.jpg"], "written as PNG"),
        (["truncate", "mnist-wgan-gp", "--out", "x.png"], "WGANGP has no styles"),
        (["blend", "RUN"], "No command is called latent blend"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_line(
    arguments: list[str], message: str, run: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main(["latent", *(str(run) if part == "RUN" else part for part in arguments)])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1


def test_there_is_no_mean_before_the_first_step() -> None:
    model = StyleGAN((3, 8, 8), **SMALL)
    for draw in (lambda: model.sample(1, truncation=0.5), lambda: styles.truncations(model, 1, [0.0])):
        with pytest.raises(Mistake, match="not been trained for a step"):
            draw()
    with pytest.raises(Mistake, match="GAN has no styles"):
        styles.mixtures(GAN((1, 8, 8), width=(4,)), 1, 1, range(1))
