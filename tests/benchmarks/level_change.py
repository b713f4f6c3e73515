"""Times the steps in which ProGAN and StyleGAN change their level: `python -m tests.benchmarks.level_change`.

A step that begins a fade makes new gradients, new states of Adam and new convolutions. Printed is how many more seconds
of a core it takes than the median of the steps after it; the same for the step after a fade, at which Adam begins anew.
The bar is one second.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import lightning.pytorch as L
import torch

from gan_zoo.growing import GrowingModule
from gan_zoo.models.progan import ProGAN
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.step.growth import Stage
from gan_zoo.training.trainer import Trainer
from tests.benchmarks.step_overhead import Noise

STEPS, BATCH, SIDE, WIDTH = 6, 4, 32, 256
"""Steps of each fade and of each time after it; images of a step; last resolution; channels."""


class Clock(L.Callback):
    """Keeps the seconds of each step, loader included, with the stage that the step had."""

    def __init__(self) -> None:
        self.steps: list[tuple[Stage, float]] = []
        self.begun = 0.0

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        assert isinstance(pl_module, GrowingModule)
        now = time.process_time()
        if trainer.global_step > 1:
            self.steps.append((pl_module.growth.stage(trainer.global_step - 1), now - self.begun))
        self.begun = now


def measure(name: str, kind: Callable[..., GrowingModule], first: int) -> None:
    """Train a model through all its levels, from `first` pixels on, and print what each change cost."""
    clock, parts = Clock(), 2 * (SIDE // first).bit_length() - 1
    trainer = Trainer(max_steps=STEPS * parts, callbacks=[clock], accelerator="cpu", enable_progress_bar=False)
    images: Any = {"stable_images": STEPS * BATCH, "fade_images": STEPS * BATCH, "batch_size": BATCH}
    trainer.fit(kind((3, SIDE, SIDE), width=WIDTH, first_resolution=first, **images), Noise((3, SIDE, SIDE), BATCH))
    found: dict[tuple[int, bool], list[float]] = {}
    for stage, seconds in clock.steps:
        found.setdefault((stage.resolution, stage.alpha < 1), []).append(seconds)
    for (resolution, fading), seconds in list(found.items())[1:]:
        change, rest = seconds[0], statistics.median(seconds[1:])
        part = "fade begins" if fading else "fade ends"
        print(
            f"{name} {resolution:3} pixels, {part:11}: first step {change:.2f} s, then {rest:.2f} s, "
            f"{change - rest:+.2f} s",
            flush=True,
        )


def main() -> None:
    torch.set_num_threads(1)
    measure("ProGAN", ProGAN, 4)
    measure("StyleGAN", StyleGAN, 8)


if __name__ == "__main__":
    main()
