"""Real runs of small models, which the tests of the playground look at."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from datamodules.unpaired import Unpaired
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.training.trainer import Trainer
from tests.drivers.image_files import picture, write
from tests.drivers.tiny import Tiny

SIDE = 16
QUIET: dict[str, Any] = {"accelerator": "cpu", "enable_progress_bar": False, "grids": Grids(every=0, count=4)}


class Runs(NamedTuple):
    """Runs that have ended, and files beside them."""

    noise: Run
    """Of a GAN that makes images of noise."""
    horses: Run
    """Of a CycleGAN."""
    held_out: list[Path]
    """Images of the first set that the CycleGAN was not trained on."""


def train(folder: Path, steps: int) -> Run:
    """Train a GAN of images of 8 x 8 pixels, and write its weights at each second step."""
    trainer = Trainer(run=folder, seed=0, max_steps=steps, checkpoints=Checkpoints(every=2), **QUIET)
    trainer.fit(GAN(image_shape=(1, 8, 8), latent_dim=3, width=(6,), learning_rate=0.05), Tiny())
    return Run(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("played")
    sets = {"trainA": 0, "trainB": 4, "testA": 8, "testB": 12}
    for name, first in sets.items():
        for number in range(first, first + 3):
            write(folder / f"data/{name}/{number:02d}.png", picture(number, SIDE, SIDE))
    data = Unpaired(
        a=str(folder / "data/{split}A"), b=str(folder / "data/{split}B"), resolution=SIDE, crop=SIDE, batch_size=1
    )
    trainer = Trainer(run=folder / "horses", seed=0, max_steps=1, **QUIET)
    model = CycleGAN((3, SIDE, SIDE), blocks=1, width=4, discriminator_width=4, discriminator_layers=1)
    for parameter in model.generator.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # an untrained network paints everything grey
    trainer.fit(model, data)
    noise = train(folder / "noise", 2)
    return Runs(noise, Run(folder / "horses"), sorted((folder / "data/testA").iterdir()))
