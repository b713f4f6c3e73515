"""Trains one small model in several ways that must come to the same, each in a process of its own.

`python -m tests.drivers.exact FOLDER` imports once and forks a child for each call of `fit`, so that a SIGKILL is a
real one and no child sees another's state.
"""

import os
import random
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch

from datamodules.mnist import MNIST
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.module import Feed
from gan_zoo.training import Trainer

KILLED_AT, STEPS = 37, 74  # 37 is a multiple of no interval below, and the feed changes at 20 and 50


class ChangingFeed(WGANGP):
    """WGAN-GP whose steps change in length and batch size on the way."""

    def feed(self, step: int) -> Feed:
        return Feed(minibatches=3 if 20 <= step < 50 else 1, batch_size=4 if step < 50 else 6)


class Draws(L.Callback):
    """A foreign callback that uses up random numbers of every kind."""

    def on_train_batch_start(self, *_: Any) -> None:
        self.draw()

    def on_train_batch_end(self, *_: Any) -> None:
        self.draw()

    def draw(self) -> None:
        torch.randn(3)
        np.random.rand(3)
        random.random()


class Kill(L.Callback):
    """Ends the process as a power cut would."""

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)


def train(run: Path, steps: int, callbacks: list[L.Callback], seed: int = 3, workers: int = 1) -> None:
    trainer = Trainer(
        run=run,
        seed=seed,
        max_steps=steps,
        log_every_n_steps=5,
        grids=Grids(every=7, count=4),
        evaluation=Evaluation(extractor="lenet", every=11, samples=64, share=1.0),
        checkpoints=Checkpoints(every=13, keep_every=26),
        callbacks=callbacks,
        accelerator="cpu",
        enable_progress_bar=False,
    )
    model = ChangingFeed(image_shape=(1, 28, 28), latent_dim=8, width=4, learning_rate=1e-3, average_half_life=500)
    trainer.fit(model, MNIST(batch_size=8, flip=True, workers=workers))


def apart(*arguments: Any, **options: Any) -> int:
    """`train` in a forked child; returns what `os.waitstatus_to_exitcode` makes of its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            train(*arguments, **options)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    assert apart(folder / "whole", STEPS, []) == 0
    assert apart(folder / "drawing", STEPS, [Draws()], workers=0) == 0
    assert apart(folder / "killed", STEPS, [Draws(), Kill()]) == -signal.SIGKILL
    assert apart(folder / "killed", STEPS, []) == 0
    assert apart(folder / "longer", KILLED_AT, []) == 0
    assert apart(folder / "longer", STEPS, []) == 0
    assert apart(folder / "other_seed", STEPS, [], seed=4) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
