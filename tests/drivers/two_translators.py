"""Trains a translation model on one or two processes: `... -m tests.drivers.two_translators MODEL RUN DEVICES STEPS`.

It trains on noise, without flips and without batch norm, so that two halves of a batch train the same as the whole.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.module import GenerativeModule
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy

SHAPE, WHOLE_BATCH = (3, 16, 16), 8


def pix2pix() -> Pix2Pix:
    """Return a pix2pix without dropout."""
    return Pix2Pix(SHAPE, halvings=4, width=4, discriminator_width=4, discriminator_layers=1, norm="instance")


MODELS: dict[str, tuple[Callable[[], GenerativeModule], tuple[str, str]]] = {"pix2pix": (pix2pix, ("source", "target"))}
"""For each model, a function that makes it, and the keys of its batches."""


def main(name: str, run: Path, devices: int, steps: int) -> None:
    torch.set_num_threads(1)
    trainer = Trainer(
        run=run,
        max_steps=steps,
        devices=devices,
        accelerator="cpu",
        log_every_n_steps=2,
        grids=Grids(every=0, count=6),
        checkpoints=Checkpoints(every=5),
        enable_progress_bar=False,
    )
    make, keys = MODELS[name]
    model, data = make(), Toy(keys=keys, shape=SHAPE)
    data.batch_size, data.flip = WHOLE_BATCH // devices, False
    trainer.fit(model, data)
    torch.save(model.state_dict(), run / f"weights_{trainer.global_rank}.pt")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
