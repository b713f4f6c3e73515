"""Every GAN from noise lets its discriminator see augmented images alone; a run with ADA resumes exactly."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

import gan_zoo
from gan_zoo.augment import controller
from gan_zoo.augment.choice import Augmentation
from gan_zoo.models.acgan import ACGAN
from gan_zoo.models.cgan import CGAN
from gan_zoo.models.dcgan import DCGAN
from gan_zoo.models.gan import GAN
from gan_zoo.models.lsgan import LSGAN
from gan_zoo.models.progan import ProGAN
from gan_zoo.models.sngan import SNGAN
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.models.stylegan2 import StyleGAN2
from gan_zoo.models.wgan import WGAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.models.wgan_gp_classes import WGANGPWithClasses
from gan_zoo.run.files import lines
from tests.comparing import differences
from tests.drivers.toy import Toy

SMALL: dict[str, Any] = {"latent_dim": 4, "augment": "ada_bg", "n_critic": 2}
SHAPE = (1, 16, 16)
DCGAN_SHAPE = (1, 32, 32)
GROWING: dict[str, Any] = {"latent_dim": 4, "augment": "ada_bg", "width": 4, "first_resolution": 16}
MODELS = {
    "gan": lambda: GAN(SHAPE, width=(6,), **SMALL),
    "cgan": lambda: CGAN(SHAPE, 3, widths=(4, 4, 4), units=(4, 3, 4), **SMALL),
    "dcgan": lambda: DCGAN(DCGAN_SHAPE, width=2, **SMALL),
    "lsgan": lambda: LSGAN(SHAPE, width=2, **SMALL),
    "wgan": lambda: WGAN(SHAPE, width=2, warm_up=2, **SMALL),
    "wgan_gp": lambda: WGANGP(SHAPE, width=2, **SMALL),
    "wgan_gp_classes": lambda: WGANGPWithClasses(SHAPE, 3, architecture="dcgan", width=2, **SMALL),
    "sngan": lambda: SNGAN(SHAPE, 3, architecture="dcgan", width=2, discriminator_width=2, **SMALL),
    "projection": lambda: SNGAN(SHAPE, 3, True, architecture="dcgan", width=2, discriminator_width=2, **SMALL),
    "progan": lambda: ProGAN(SHAPE, **GROWING),
    "stylegan": lambda: StyleGAN(SHAPE, mapping_layers=1, **GROWING),
    "stylegan_wasserstein": lambda: StyleGAN(SHAPE, mapping_layers=1, objective="wasserstein", **GROWING),
    "stylegan2": lambda: StyleGAN2(SHAPE, 3, latent_dim=4, augment="ada_bg", width=4, mapping_layers=1),
    "stylegan2_classes": lambda: StyleGAN2(SHAPE, 3, True, 4, augment="ada_bg", width=4, mapping_layers=1),
    "acgan": lambda: ACGAN(SHAPE, 3, architecture="dcgan", width=2, **SMALL),
}


class Shifted(Augmentation):
    """Adds 100, by which a test knows what went through it. It keeps the signs that it is told."""

    told: tuple[tuple[float, int], ...] = ()

    def __call__(self, image: Tensor, shown: int) -> Tensor:
        return image + 100

    def note(self, sign: Tensor, images: int, shown: int) -> tuple[tuple[str, ...], Tensor]:
        self.told = (*self.told, (float(sign), images))
        return super().note(sign, images, shown)


@pytest.mark.parametrize("name", MODELS)
def test_the_discriminator_sees_augmented_images_alone(name: str):
    model: Any = MODELS[name]()
    model.augmentation = augmentation = Shifted("ada_bg")
    seen: list[Tensor] = []
    model.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().mean()))
    draw = torch.Generator().manual_seed(0)
    shape, updates = DCGAN_SHAPE if name == "dcgan" else SHAPE, model.n_critic
    batch = {"image": torch.rand(4 * updates, *shape, generator=draw) * 2 - 1}
    batch["label"] = torch.randint(3, (4 * updates,), generator=draw)
    trainer = gan_zoo.trainer(seed=1, max_steps=1, accelerator="cpu", enable_progress_bar=False)
    trainer.fit(model, DataLoader([batch], batch_size=None))  # pyright: ignore[reportArgumentType]
    assert len(seen) >= 2 * updates + 1
    assert all(90 < mean < 110 for mean in seen), "the penalty's images too"
    assert [images for _, images in augmentation.told] == [4] * updates
    assert all(-1 <= sign <= 1 for sign, _ in augmentation.told)


def test_a_run_with_ada_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(controller, "TARGET", -2.0)  # below every mean sign: the probability rises from the start,
    monkeypatch.setattr(controller, "IMAGES", 64)  # and fast

    def train(name: str, steps: int) -> Any:
        trainer = gan_zoo.trainer(
            run=tmp_path / name, seed=1, max_steps=steps, log_every_n_steps=2, accelerator="cpu", devices=1
        )
        model = GAN((1, 12, 12), width=(6,), **SMALL)
        trainer.fit(model, Toy(keys=("image",), shape=(1, 12, 12)))
        return model

    whole = train("whole", 6)
    half = train("stopped", 3)
    assert half.augmentation.state()["minibatches"] == 2, "in the middle of four minibatches"
    stopped = train("stopped", 6)
    assert not differences(tmp_path / "whole", tmp_path / "stopped")
    assert stopped.augmentation.state() == whole.augmentation.state()
    assert whole.augmentation.state()["probability"] == 12 * 4 / 64
    logged = list(lines(tmp_path / "whole" / "metrics.jsonl"))
    # The means over steps 0 and 1, 2 and 3, and 4 and 5, two updates each, of the probability that they had.
    assert [line["augment/probability"] for line in logged] == [0.0, 0.25, 0.5]
    assert all(-1 <= line["augment/sign"] <= 1 for line in logged)


def test_without_augmentation_nothing_is_noted_or_saved(tmp_path: Path):
    model = GAN((1, 12, 12), 4, width=(6,))
    trainer = gan_zoo.trainer(run=tmp_path / "run", seed=1, max_steps=2, accelerator="cpu", log_every_n_steps=1)
    trainer.fit(model, Toy(keys=("image",), shape=(1, 12, 12)))
    assert not any("augment" in name for line in lines(tmp_path / "run/metrics.jsonl") for name in line)
    assert "augmentation" not in torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)["gan_zoo"]
