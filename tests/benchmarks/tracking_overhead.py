"""Measures the cost of the mirror at wandb: `python -m tests.benchmarks.tracking_overhead`.

Steps are measured as in `step_overhead.py`, with an MLP GAN beside the bare loop and a line every 50 steps, with and
without the mirror. Start and end are measured on whole runs of one step, with and without the mirror in turn. Processor
time includes all processes that this one started. Bars: 0.1 ms per step and 0.1 s to the first step. The end of a run
waits for wandb, which starts in the meantime.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.tracking import Tracking
from gan_zoo.models.gan import GAN
from gan_zoo.training.trainer import Trainer
from tests.benchmarks.step_overhead import HALF_LIFE, Noise, Turns, bare

STEP_BAR, START_BAR = 1e-4, 0.1  # seconds
BLOCK, BLOCKS = 100, 40
REPEATS = 7
SHAPE = (1, 8, 8)


class FirstStep(L.Callback):
    """Records when the first step ends."""

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == 1:
            self.moment = time.perf_counter()


def fit(run: Path, mirrored: bool, steps: int, callback: L.Callback, model: GAN, data: Noise) -> None:
    trainer = Trainer(
        run=run,
        max_steps=steps,
        log_every_n_steps=50,
        grids=Grids(every=0, count=4),
        checkpoints=Checkpoints(every=0, keep_every=0),
        tracking=Tracking(wandb=mirrored),
        callbacks=[callback],
        accelerator="cpu",
        enable_progress_bar=False,
    )
    trainer.fit(model, data)


def make() -> tuple[GAN, Noise]:
    model = GAN(SHAPE, latent_dim=16, architecture="mlp", width=(32,), average_half_life=HALF_LIFE)
    return model, Noise(SHAPE, 64)


def step_over_bare(run: Path, mirrored: bool) -> list[float]:
    """Return the extra seconds per step for each block, compared with the bare loop, without the first two blocks."""
    model, data = make()
    turns = Turns(BLOCK, BLOCKS, bare(model, data))
    fit(run, mirrored, BLOCK * (BLOCKS + 2), turns, model, data)
    return [ours - theirs for ours, theirs in zip(turns.ours[2:], turns.bare[2:], strict=True)]


def whole(run: Path, mirrored: bool) -> tuple[float, float, float]:
    """Train a run of one step. Return the seconds to the end of the step, from there to the end of `fit`, and the
    processor time of all processes.
    """
    first = FirstStep()
    model, data = make()
    begun, used = time.perf_counter(), sum(os.times()[:4])
    fit(run, mirrored, 1, first, model, data)
    ended = time.perf_counter()
    return first.moment - begun, ended - first.moment, sum(os.times()[:4]) - used


def main() -> None:
    torch.set_num_threads(1)
    os.environ["WANDB_MODE"] = "offline"
    over = {True: [], False: []}
    times = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(REPEATS + 1):  # the first pair is warm-up
            for mirrored in (True, False):
                times[mirrored].append(whole(Path(folder) / f"whole_{number}_{mirrored}", mirrored))
        for mirrored in (True, False, True, False):
            over[mirrored] += step_over_bare(Path(folder) / f"steps_{mirrored}_{len(over[mirrored])}", mirrored)
    medians = {}
    for mirrored in (False, True):
        begin, end, used = (statistics.median(values) for values in zip(*times[mirrored][1:], strict=True))
        medians[mirrored] = statistics.median(over[mirrored]), begin
        print(
            f"mirror {'on' if mirrored else 'off'}: to the end of the first step {begin:.3f} s, from there to the end "
            f"{end:.3f} s, processor time {used:.2f} s (medians of {REPEATS}); "
            f"a step over the bare loop {1e3 * medians[mirrored][0]:.3f} ms "
            f"(quartiles {1e3 * statistics.quantiles(over[mirrored])[0]:.3f} to "
            f"{1e3 * statistics.quantiles(over[mirrored])[2]:.3f}, {len(over[mirrored])} blocks)"
        )
    a_step, a_start = (on - off for on, off in zip(medians[True], medians[False], strict=True))
    print(f"the mirror's part: {1e3 * a_step:.3f} ms a step, {a_start:.3f} s before the end of the first")
    if a_step >= STEP_BAR or a_start >= START_BAR:
        sys.exit(f"The bars are {1e3 * STEP_BAR} ms and {START_BAR} s.")


if __name__ == "__main__":
    main()
