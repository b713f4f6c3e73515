"""Sample grids: the same latents at every time, so that a run can be watched."""

import lightning.pytorch as L

from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.session import SessionCallback
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
            made, columns = module.show(self.count, self.seed, lambda count: self._examples(module, count))
            sheet = images.grid(images.to_uint8(made), columns)
            file = run.images / f"step_{trainer.global_step:08d}.png"
            write(file, images.png(sheet))
            self.session.tell("samples", {"step": trainer.global_step, "file": str(file.resolve())})

    def _examples(self, module: GenerativeModule, count: int) -> images.Batch:
        """The same `count` images of each set of the data at every time, on the model's device."""
        batch = self.session.data.examples(count, self.split)
        return {
            name: value.to(module.device) for name, value in images.unaltered(batch, module.preparation.crop).items()
        }
