"""Sample grids: the same latents at every time, so that a run can be watched."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as L
import torch
from torch.utils.data import DataLoader

from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.errors import Mistake
from gan_zoo.module import GenerativeModule
from gan_zoo.run.files import write


class Grids(SessionCallback):
    """Writes images/step_00001000.png at step 0, every so many steps and at the end.

    Args:
        every: steps between grids; 0: only at the start and the end.
        count: images in a grid.
        seed: of their latents.
        split: of the data, whose first images a model that makes images of images is shown with; None: those that are
            trained on.
    """

    def __init__(self, every: int = 1000, count: int = 64, seed: int = 0, split: str | None = None) -> None:
        bounded("grids.", at_least=0, every=every)
        bounded("grids.", at_least=1, count=count)
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
            regular = self._drawn
            self._draw(trainer, module)
            self._drawn = regular

    def state_dict(self) -> dict[str, int]:
        return {"drawn": self._drawn}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._drawn = state["drawn"]

    def _draw(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._drawn = trainer.global_step
        if run := self.files(trainer):
            loader = trainer.train_dataloader
            made, columns = module.show(self.count, self.seed, lambda count: self._examples(module, count, loader))
            sheet = images.grid(images.to_uint8(made), columns)
            file = run.images / f"step_{trainer.global_step:08d}.png"
            write(file, images.png(sheet))
            self.session.tell("samples", {"step": trainer.global_step, "file": str(file.resolve())})

    def _examples(self, module: GenerativeModule, count: int, loader: Any) -> images.Batch:
        """Return the same `count` images of each set of the data at every time, on the model's device."""
        data = self.session.data
        batch = first_images(loader, count, self.split) if data is None else data.examples(count, self.split)
        return {
            name: value.to(module.device) for name, value in images.unaltered(batch, module.preparation.crop).items()
        }


def first_images(loader: Any, count: int, split: str | None) -> images.Batch:
    """Return the first `count` images of a plain loader's data, or all of its first batch if that has fewer.

    A loader that shuffles is not asked for a batch, which would be another one at every time and would change the order
    of training: its images are taken in the order in which they are stored.

    Args:
        loader: a `DataLoader`, or anything else that batches come from.
        count: of images.
        split: what the user asked for.

    Raises:
        Mistake: a split, which a loader does not have, or batches without names.
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
