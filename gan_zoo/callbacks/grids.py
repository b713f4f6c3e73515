"""Sample grids, drawn from the same latents each time to show the progress of a run."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as L
import torch
from torch.utils.data import DataLoader

from datamodules.names import real
from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.errors import Mistake
from gan_zoo.module import GenerativeModule
from gan_zoo.run.files import write


class Grids(SessionCallback):
    """Write a grid of samples, such as images/step_00001000.png, at step 0, at regular steps and at the end.

    Args:
        every: Steps between grids; 0: only at the start and the end.
        count: Number of images in a grid.
        seed: Seed of the latents.
        split: Split of the data whose first images are the inputs of a model that translates images; None: the split
            used for training.
    """

    def __init__(self, every: int = 1000, count: int = 64, seed: int = 0, split: str | None = None) -> None:
        bounded("grids.", at_least=0, every=every)
        bounded("grids.", at_least=1, at_most=10_000, count=count)
        self.every, self.count, self.seed, self.split = every, count, seed, split
        self._drawn = -1

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if run := self.files(trainer):
            run.drop_files_after(run.images, self._drawn)
        if trainer.global_step == 0:
            self._draw(trainer, module)

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_) -> None:
        if self.every and trainer.global_step % self.every == 0:
            self._draw(trainer, module)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self._drawn != trainer.global_step and not self.session.interrupted:
            last_regular = self._drawn
            self._draw(trainer, module)
            self._drawn = last_regular  # a continued run drops this grid: a longer run would not have drawn it

    def state_dict(self) -> dict[str, int]:
        return {"drawn": self._drawn}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._drawn = state["drawn"]

    def _draw(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._drawn = trainer.global_step
        if run := self.files(trainer):
            loader = trainer.train_dataloader
            image, columns = module.show(self.count, self.seed, lambda count: self._examples(module, count, loader))
            sheet = images.grid(images.to_uint8(image), columns)
            file = run.images / f"step_{trainer.global_step:08d}.png"
            write(file, images.png(sheet))
            self.session.tell("samples", {"step": trainer.global_step, "file": str(real(file))})

    def _examples(self, module: GenerativeModule, count: int, loader: Any) -> images.Batch:
        """Return the first `count` images of each data set, the same in every call, on the model's device."""
        data = self.session.data
        batch = first_images(loader, count, self.split) if data is None else data.examples(count, self.split)
        return {
            name: value.to(module.device) for name, value in images.unaltered(batch, module.preparation.crop).items()
        }


def first_images(loader: Any, count: int, split: str | None) -> images.Batch:
    """Return the first `count` images of a plain loader's data, or all of its first batch if that has fewer.

    The images of a `DataLoader` are taken in their stored order. Drawing a batch from a loader that shuffles would
    return other images each time, and would change the order of training.

    Args:
        loader: A `DataLoader`, or another iterable of batches.
        count: Number of images.
        split: Value of `grids.split`.

    Raises:
        Mistake: `split` is set, although a loader has no splits, or the batches have no names.
    """
    if split is not None:
        raise Mistake(f"grids.split is {split}, and a plain loader has no splits: leave it out, or pass a data module.")
    if isinstance(loader, DataLoader):
        size = None if loader.batch_size is None and loader.batch_sampler is None else count
        loader = DataLoader(loader.dataset, batch_size=size, collate_fn=loader.collate_fn)
    with torch.random.fork_rng(devices=[]):
        batch = next(iter(loader))
    if not isinstance(batch, Mapping):
        raise Mistake(f"The loader's batches are of type {type(batch).__name__}: make each a dict of tensors by name.")
    return {name: value[:count] for name, value in batch.items()}
