"""Trains a small model in several ways that must all give the same result, each in its own process.

`python -m tests.drivers.exact FOLDER` imports once and forks a child for each call of `fit`, so that a SIGKILL is real
and no child sees the state of another.
"""

import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.module import Feed
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy

KILLED_AT, STEPS = 37, 78
"""37 is no multiple of an interval below. At 78 a checkpoint is due, but no line, grid or score. The feed changes at 20
and 50."""
KILLS = 30
PLACES: tuple[str, ...] = (
    "gan_zoo/",
    "gan_zoo/metrics/",
    "gan_zoo/callbacks/checkpoints.py",
    "gan_zoo/run/directory.py",
)
"""Code in which a run is killed: anywhere, computing a score, making a checkpoint, writing a file."""
ROOT = str(Path(__file__).parents[2]) + "/"


class ChangingFeed(WGANGP):
    """WGAN-GP whose steps change in length and batch size during training."""

    def feed(self, step: int) -> Feed:
        return Feed(minibatches=3 if 20 <= step < 50 else 1, batch_size=4 if step < 50 else 6)


class Draws(L.Callback):
    """A user's callback that consumes random numbers of every kind."""

    def on_train_batch_start(self, *_: Any) -> None:
        self.draw()

    def on_train_batch_end(self, *_: Any) -> None:
        self.draw()

    def draw(self) -> None:
        torch.randn(3)
        np.random.rand(3)
        random.random()


class Kill(L.Callback):
    """Kills the process, as a power cut would."""

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)


class Calls:
    """Counts the calls that our code makes in the main thread of this process, by place; see `PLACES`."""

    def __init__(self, act: Callable[["Calls"], None] = lambda calls: None) -> None:
        self.counts, self.act, self.process = dict.fromkeys(PLACES, 0), act, os.getpid()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event in ("call", "c_call") and file.startswith(ROOT) and os.getpid() == self.process:
            for place in PLACES:
                self.counts[place] += file.startswith(ROOT + place)
            self.act(self)


def train(run: Path, steps: int, callbacks: list[L.Callback], seed: int = 3, workers: int = 1) -> None:
    trainer = Trainer(
        run=run,
        seed=seed,
        max_steps=steps,
        log_every_n_steps=5,
        grids=Grids(every=7, count=4),
        evaluation=Evaluation(extractor="lenet", every=11, samples=32, share=1.0),
        checkpoints=Checkpoints(every=13, keep_every=26),
        callbacks=callbacks,
        accelerator="cpu",
        enable_progress_bar=False,
    )
    model = ChangingFeed(image_shape=(1, 28, 28), latent_dim=8, width=4, learning_rate=1e-3, average_half_life=500)
    trainer.fit(model, Toy(keys=("image",), shape=(1, 28, 28), workers=workers))


def apart(*arguments: Any, watch: Callable[[], Any] = lambda: None, **options: Any) -> int:
    """Call `train` in a forked child under the profiler `watch`. Return its exit code, or minus its signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.setprofile(watch())
            train(*arguments, **options)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counted(run: Path, notes: Path) -> dict[str, int]:
    """Train `run`, and return the number of calls in each place."""

    def write_down(calls: Calls) -> None:
        if calls.counts[PLACES[0]] % 10 == 0:
            notes.write_text(json.dumps(calls.counts))

    assert apart(run, STEPS, [], watch=partial(Calls, write_down)) == 0
    return json.loads(notes.read_text())


def death(place: str, moment: int) -> Callable[[Calls], None]:
    """Return a function that kills the process at call number `moment` in `place`."""

    def die(calls: Calls) -> None:
        if calls.counts[place] == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def killed_often(folder: Path, calls: dict[str, int]) -> None:
    """Kill runs at seeded random calls, `KILLS` times in all, and resume each run until it is finished."""
    chance = random.Random(6)
    names = (folder / f"often_{number:02d}" for number in count())
    run, deaths = next(names), 0
    while deaths < KILLS:
        place = PLACES[deaths % len(PLACES)]
        moment = chance.randint(1, calls[place] // 3)

        end = apart(run, STEPS, [], watch=partial(Calls, death(place, moment)))
        if end == 0:
            run = next(names)
            continue
        assert end == -signal.SIGKILL
        deaths += 1
        with open(folder / "deaths.jsonl", "a") as notes:
            notes.write(json.dumps({"run": run.name, "place": place, "moment": moment}) + "\n")
    assert not run.exists() or apart(run, STEPS, []) == 0


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    assert apart(folder / "whole", STEPS, []) == 0
    calls = counted(folder / "again", folder / "calls.json")  # values that all runs share have been computed by now
    killed_often(folder, calls)
    assert apart(folder / "drawing", STEPS, [Draws()], workers=0) == 0
    assert apart(folder / "killed", STEPS, [Draws(), Kill()]) == -signal.SIGKILL
    assert apart(folder / "killed", STEPS, []) == 0
    score = "gan_zoo/metrics/"
    assert apart(folder / "ending", STEPS, [], watch=partial(Calls, death(score, calls[score] - 3))) == -signal.SIGKILL
    assert apart(folder / "ending", STEPS, []) == 0
    assert apart(folder / "longer", KILLED_AT, []) == 0
    assert apart(folder / "longer", STEPS, []) == 0
    assert apart(folder / "other_seed", STEPS, [], seed=4) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
