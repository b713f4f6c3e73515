"""Does in minutes what a day of training does: `python -m tests.drivers.endurance FOLDER STEPS`.

A day at 50 steps a second, with a checkpoint, a score and a grid every 1,000 steps, makes 4,320 of each. Here every
step makes one of each, so that 4,320 steps stand for a day. The memory of the process, its open files and threads, and
the bytes of its checkpoints are noted on the way. They must not grow; lines and grids are kept by design.
"""

import gc
import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as L
import torch

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.gan import GAN
from gan_zoo.run.files import disk
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny

WARM = 100
"""Steps before the first note: caches and pools of memory fill up in the beginning."""
EVERY = 20
"""Steps between notes."""


class Note(NamedTuple):
    """What a process holds after a step."""

    step: int
    memory: int
    """Bytes of memory that are in use."""
    files: int
    threads: int
    checkpoints: int
    """Bytes of all checkpoints."""
    lines: int
    """Bytes of the two .jsonl files."""


class Meter(L.Callback):
    """Takes a note every `EVERY` steps from step `WARM` on."""

    def __init__(self, run: Path) -> None:
        self.run, self.notes = run, list[Note]()

    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step < WARM or trainer.global_step % EVERY:
            return
        gc.collect()
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        files, lines = len(os.listdir("/proc/self/fd")), sum(file.stat().st_size for file in self.run.glob("*.jsonl"))
        note = Note(trainer.global_step, memory, files, threading.active_count(), disk(self.run / "checkpoints"), lines)
        self.notes.append(note)
        print(json.dumps(note._asdict()), flush=True)


def endured(run: Path, steps: int) -> list[Note]:
    """Train for `steps` steps, each with a checkpoint, a score and a grid, and return the notes."""
    meter = Meter(run)
    trainer = Trainer(
        run=run,
        max_steps=steps,
        log_every_n_steps=1,
        grids=Grids(every=1, count=4),
        evaluation=Evaluation(extractor="lenet", every=1, samples=64, share=1.0),
        checkpoints=Checkpoints(every=1),
        callbacks=[meter],
        accelerator="cpu",
        enable_progress_bar=False,
    )
    model = GAN(image_shape=(1, 28, 28), latent_dim=8, architecture="mlp", width=(8,), average_half_life=100)
    trainer.fit(model, Tiny(size=28))
    return meter.notes


def growth(notes: list[Note]) -> dict[str, float]:
    """Return by how much each quantity is larger in the last quarter than in the first, by its smallest value."""
    quarter = max(1, len(notes) // 4)
    first, last = notes[:quarter], notes[-quarter:]
    names = ("memory", "files", "threads", "checkpoints")
    return {name: min(getattr(n, name) for n in last) - min(getattr(n, name) for n in first) for name in names}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(growth(endured(Path(sys.argv[1]), int(sys.argv[2]))))
