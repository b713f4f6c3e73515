"""What each kind of model can show, and with which controls. In this process, on models that were not trained."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch.testing import assert_close

from datamodules.labels import LabelSet
from gan_zoo.dashboard import scenes
from gan_zoo.dashboard.controls import Choice, Mode, Picture, Switches
from gan_zoo.dashboard.messages import receive, send
from gan_zoo.dashboard.player import MODELS, Player
from gan_zoo.dashboard.scenes import Pictures
from gan_zoo.editing import styles
from gan_zoo.errors import Mistake
from gan_zoo.models.adain import AdaIN
from gan_zoo.models.cgan import CGAN
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.models.sngan import SNGAN
from gan_zoo.models.stargan import StarGAN
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.models.stylegan2 import StyleGAN2
from gan_zoo.models.vae import VAE
from tests.dashboard.played import Runs
from tests.dashboard.played import runs as runs

HAIR = LabelSet(names=["Black_Hair", "Blond_Hair", "Male"], kind="attributes", exclusive=[["Black_Hair", "Blond_Hair"]])
NARROW: dict[str, Any] = {"width": 4, "discriminator_width": 4}
STYLES: dict[str, Any] = {"latent_dim": 4, "width": 4, "mapping_layers": 2, "stable_images": 4, "fade_images": 4}


def noise(count: int, side: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def modes(model: Any, **own: torch.Tensor) -> dict[str, Mode]:
    return {mode.name: mode for mode in scenes.modes(model.eval(), Pictures(own))}


def names(found: dict[str, Mode]) -> dict[str, list[str]]:
    return {name: [control.name for control in mode.controls] for name, mode in found.items()}


@pytest.mark.parametrize("name", ["StyleGAN", "StyleGAN2"])
def test_a_styles_model_has_truncation_and_mixing_once_it_was_trained(name: str) -> None:
    torch.manual_seed(0)
    if name == "StyleGAN":
        model: Any = StyleGAN((3, 16, 16), **STYLES)
    else:
        model = StyleGAN2((3, 16, 16), 0, latent_dim=4, width=4, mapping_layers=2)
    assert names(modes(model))["sample"] == ["seed", "count"]
    for network in (model.generator, model.averaged):
        network.track(torch.ones(4))
    found = modes(model)
    assert names(found) == {
        "sample": ["seed", "count", "truncation"],
        "walk": ["seed", "end", "position", "count", "truncation"],
        "sum": ["seed", "a", "b", "c", "truncation"],
        "mix": ["seed", "first", "last", "rows", "columns", "truncation"],
    }
    mix = found["mix"]
    sheet, columns = mix.draw(mix.read({"rows": "2", "columns": "3", "first": "1", "last": "2", "seed": "4"}))
    assert columns == 4 and torch.equal(sheet, styles.mixtures(model, 2, 3, range(1, 3), 4))
    with pytest.raises(Mistake, match="The first layer, 3, comes after the last, 2"):
        mix.draw(mix.read({"first": "3", "last": "2"}))
    sample = found["sample"]
    sheet, _ = sample.draw(sample.read({"truncation": "-0.5", "count": "2"}))
    assert torch.equal(sheet, model.sample(2, truncation=-0.5))


def test_a_model_with_classes_has_a_class() -> None:
    model = CGAN((1, 8, 8), num_classes=3, latent_dim=4, architecture="mlp", width=(6,))
    sample = modes(model)["sample"]
    assert sample.controls[-1] == Choice("label", "Class", "any", ("any", "0", "1", "2"))
    sheet, _ = sample.draw(sample.read({"label": "2", "count": "3"}))
    assert torch.equal(sheet, model.sample(3, label=torch.tensor([2, 2, 2])))
    with pytest.raises(Mistake, match="label is 3: there are any, 0, 1, 2"):
        sample.read({"label": "3"})


@pytest.mark.parametrize(
    "model", [VAE((1, 8, 8), latent_dim=4, width=(6,)), SNGAN((3, 32, 32), 3, width=4, discriminator_width=4)]
)
def test_models_of_latents_have_samples_walks_and_sums(model: Any) -> None:
    found = modes(model)
    assert list(found) == ["sample", "walk", "sum"]
    for mode in found.values():
        sheet, _ = mode.draw(mode.read({}))
        assert scenes.png((sheet, None)).startswith(b"\x89PNG")


def test_large_images_are_fewer_at_once() -> None:
    model = StyleGAN((3, 512, 512), **STYLES)
    assert modes(model)["sample"].read({})["count"] == 4
    with pytest.raises(Mistake, match="count is 5: a whole number from 1 to 4"):
        modes(model)["sample"].read({"count": "5"})


def test_a_model_that_draws_has_a_seed_and_its_own_images() -> None:
    torch.manual_seed(0)
    model = Pix2Pix((3, 64, 64), halvings=6, discriminator_layers=1, **NARROW)
    source = noise(2, 64)
    (mode,) = modes(model, source=source, target=noise(2, 64, seed=1)).values()
    assert [control.name for control in mode.controls] == ["image", "direction", "seed"]
    sheet, columns = mode.draw(mode.read({"image": "1", "seed": "5"}))
    assert columns == 2 and torch.equal(sheet[0], source[1])
    assert torch.equal(sheet[1:], model.translate(source[1:], seed=5))
    with pytest.raises(Mistake, match="image is 2: choose a file, or an image from 0 to 1"):
        mode.read({"image": "2"})


def test_labels_are_switches_and_the_others_stay_as_they_are() -> None:
    torch.manual_seed(0)
    model = StarGAN((3, 16, 16), (HAIR,), blocks=1, halvings=3, **NARROW)
    image = noise(1, 16)
    (mode,) = modes(model, image=image).values()
    assert mode.controls[1] == Switches("labels", "Labels", "Black_Hair", ("Black_Hair", "Blond_Hair", "Male"))
    sheet, _ = mode.draw(mode.read({"labels": "Blond_Hair,not_Male"}))
    assert torch.equal(sheet[1:], model.changed(image, {1: True, 2: False}, 0))
    for labels, reason in (("Black_Hair,Blond_Hair", "exclude each other"), ("", "No label is given")):
        with pytest.raises(Mistake, match=reason):
            mode.draw(mode.read({"labels": labels}))
    for labels in ("Beard", "Male,not_Male"):
        with pytest.raises(Mistake, match=f"labels is {labels}: name each of"):
            mode.read({"labels": labels})


@pytest.mark.slow
def test_style_transfer_has_two_images_and_a_strength(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), tmp_path / "vgg16.pth")
    model = AdaIN(network="vgg16", vgg_weights=str(tmp_path / "vgg16.pth"))
    contents, paintings = noise(2, 256), noise(2, 256, seed=1)
    (mode,) = modes(model, a=contents, b=paintings).values()
    assert [control.name for control in mode.controls] == ["content", "style", "strength"]
    sheet, columns = mode.draw(mode.read({"content": "1", "style": "0", "strength": "0.25"}))
    assert columns == 3 and torch.equal(sheet[:2], torch.cat([contents[1:], paintings[:1]]))
    assert_close(sheet[2:], model.stylize(contents[1:], [paintings[:1]], strength=0.25))


def test_a_run_without_images_says_why() -> None:
    control = Picture("image", "Image", "0", 0, "The data is gone.")
    with pytest.raises(Mistake, match=r"Choose an image file\. The data is gone\."):
        control.read("0")
    assert control.read("0" * 24) == "0" * 24


def test_few_models_stay_in_memory(runs: Runs, tmp_path: Path) -> None:
    player = Player(())
    for number in range(MODELS + 1):
        path = shutil.copytree(runs.noise.path, tmp_path / str(number))
        player.answer({"kind": "controls", "run": str(path)}, [])
    assert [Path(path).name for path in player._models] == ["1", "2"]


def test_messages_arrive_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "stream"
    with file.open("wb") as stream:
        send(stream, {"kind": "a\nb"}, b"1\n2", b"")
    content = file.read_bytes()
    for end in range(len(content) + 1):
        file.write_bytes(content[:end])
        with file.open("rb") as stream:
            assert receive(stream) == (({"kind": "a\nb"}, [b"1\n2", b""]) if end == len(content) else None)
