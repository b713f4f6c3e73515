"""Sends signals to runs on two processes: `python -m tests.drivers.signalled FOLDER`.

Lightning starts the second process with the same command line, once for all runs. Rank 0 writes to FOLDER/ends.json how
each run ended: the runs with `During`, with `Late` on either rank, and with each `Moment`.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch

from gan_zoo.callbacks.watchdog import Watchdog
from gan_zoo.distributed.strategy import gathered
from gan_zoo.models.gan import GAN
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny

EVERY, AT = 2, 4
"""Steps between two agreements of the processes, and the step of the agreement that `During` delays."""
STEPS = 300
MOMENTS = 12


def kill(number: int) -> None:
    os.kill(os.getpid(), number)


class During(Watchdog):
    """Rank 1 is late for the agreement at step `AT`, so the signal reaches rank 0 while it waits."""

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == AT:
            if trainer.global_rank == 0:
                threading.Timer(1.0, kill, [signal.SIGTERM]).start()
            else:
                time.sleep(2.0)


class Late(Watchdog):
    """Rank `rank` sends itself a signal after the last agreement, when the last step is done, as in the final score."""

    def __init__(self, rank: int) -> None:
        super().__init__(collapse_every=0)
        self.rank = rank

    def on_train_end(self, trainer: L.Trainer, module: GAN) -> None:
        if trainer.global_rank == self.rank:
            kill(signal.SIGTERM)


class Moment(Watchdog):
    """Rank `rank` sends itself the signal `number`, `seconds` after the end of the first step, from another thread."""

    def __init__(self, rank: int, number: int, seconds: float) -> None:
        super().__init__(collapse_every=0)
        self.rank, self.number, self.seconds = rank, number, seconds

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == 1 and trainer.global_rank == self.rank:
            threading.Timer(self.seconds, kill, [self.number]).start()


def train(run: Path, watchdog: Watchdog) -> tuple[str, int]:
    """Train, and return the status of the run and its last step, which are the same on both processes."""
    trainer = Trainer(
        run=run,
        max_steps=STEPS,
        devices=2,
        accelerator="cpu",
        log_every_n_steps=EVERY,
        watchdog=watchdog,
        enable_progress_bar=False,
    )
    trainer.fit(GAN(image_shape=(1, 8, 8), architecture="mlp", width=(8,)), Tiny())
    statuses = gathered("interrupted" if trainer.session.interrupted else "finished")
    assert len(set(statuses)) == 1, f"the processes disagree: {statuses}"
    return statuses[0], trainer.global_step


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    watchdogs: list[Watchdog] = [During(), Late(0), Late(1)]
    for number in range(MOMENTS):
        kind = (signal.SIGINT, signal.SIGTERM)[number // 2 % 2]
        watchdogs.append(Moment(number % 2, kind, 0.003 * number))
    ends = [train(folder / f"run{number}", watchdog) for number, watchdog in enumerate(watchdogs)]
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        (folder / "ends.json").write_text(json.dumps(ends))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
