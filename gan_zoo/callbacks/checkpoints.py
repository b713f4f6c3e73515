"""Checkpoints: the whole state for an exact resume, and the generator alone for sampling."""

import json
import math
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from safetensors.torch import save

from gan_zoo.bounds import bounded
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.distributed.strategy import broadcast_buffers
from gan_zoo.errors import NonFinite
from gan_zoo.module import GenerativeModule
from gan_zoo.run import layout
from gan_zoo.run.directory import Run
from gan_zoo.run.files import create, replace, temporary_for, write


class Checkpoints(SessionCallback):
    """Write last.ckpt and model.safetensors at regular steps and at the end, and best.ckpt after the best score.

    The previous last.ckpt is kept as previous.ckpt, which is used if last.ckpt is damaged. The checkpoints of the next
    best scores are named by their steps, such as best_00001000.ckpt. A checkpoint holds the buffers of rank 0, with
    which all processes continue.

    Args:
        every: Steps between checkpoints; a killed run loses at most this many. 0: only at the end.
        keep_every: Steps between generators that are kept permanently as step_*.safetensors; 0: none.
        keep_best: Number of checkpoints to keep of those with the best scores by the first metric; 0: none.
    """

    def __init__(self, every: int = 1000, keep_every: int = 10_000, keep_best: int = 1) -> None:
        bounded("checkpoints.", at_least=0, every=every, keep_every=keep_every, keep_best=keep_best)
        self.every, self.keep_every, self.keep_best = every, keep_every, keep_best
        self._best: list[list[float]] = []
        """Score and step of each checkpoint that is kept, the best first."""
        self._scores: dict[str, float] = {}
        self._kept = -1

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if run := self.files(trainer):
            run.drop_files_after(run.checkpoints, self._kept)
            self._restore_best(run)
            if trainer.ckpt_path == run.previous:
                set_aside_damaged(run)
        self._scores = self.session.scores  # the scores of step 0 are those of an untrained model

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        step = trainer.global_step
        if self.keep_every and step % self.keep_every == 0:
            self._kept = step
            self._write_generator(trainer, module, f"checkpoints/step_{step:08d}.safetensors")
        if self.session.scores is not self._scores:
            self._scores = self.session.scores
            self._save_if_best(trainer, module)
        # Not at the last step: a run that is killed after that checkpoint would never make its final score.
        if self.every and step % self.every == 0 and step != trainer.max_steps:
            self.save(trainer, module)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self.save(trainer, module)

    def save(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        """Write model.safetensors and last.ckpt of this step. Every process must call this."""
        self._check(trainer, module)
        self._write_generator(trainer, module, "model.safetensors")
        self._save(trainer, module, "last.ckpt")

    def state_dict(self) -> dict[str, Any]:
        return {"best": [list(scored) for scored in self._best], "kept": self._kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best, self._kept = state["best"], state["kept"]

    def _save_if_best(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        before, current = self._best, [next(iter(self._scores.values())), float(trainer.global_step)]
        self._best = ranked([*before, current], self.session.higher_is_better)[: self.keep_best]
        if current not in self._best:
            return
        self._check(trainer, module)
        self._save(trainer, module, runner_up(current))
        if run := self.files(trainer):
            if current == self._best[0]:
                if before:
                    move(run.best, run.checkpoints / runner_up(before[0]))
                move(run.checkpoints / runner_up(current), run.best)
            self._drop_others(run)

    def _restore_best(self, run: Run) -> None:
        """Make the files match the loaded checkpoint: the run may have written better ones before it was killed."""
        if self._best:
            move(run.checkpoints / runner_up(self._best[0]), run.best)
        self._drop_others(run)

    def _drop_others(self, run: Run) -> None:
        kept = {runner_up(scored) for scored in self._best[1:]}
        for _, file in layout.numbered(run.checkpoints, "best"):
            if file.name not in kept:
                file.unlink()

    def _save(self, trainer: L.Trainer, module: GenerativeModule, name: str) -> None:
        run = self.session.run
        if run is None:
            return
        file = run.checkpoints / name
        temporary = temporary_for(file)
        try:
            trainer.save_checkpoint(temporary, weights_only=False)
            if trainer.is_global_zero:
                run.sync()
                if file == run.last and file.exists():
                    file.replace(run.previous)  # a run that is killed here resumes from this file
                replace(temporary, file)
                if file == run.last:
                    run.update_record(checkpoint=trainer.global_step)  # tells later whether the file has gone missing
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _check(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        """Raise `NonFinite` before a non-finite value is written, and give all processes the buffers of rank 0."""
        broadcast_buffers(module)
        if self.session.run:
            module.ledger.check()
            check_weights(module, trainer.global_step)

    def _write_generator(self, trainer: L.Trainer, module: GenerativeModule, name: str) -> None:
        if run := self.files(trainer):
            write_generator(run.path / name, module, trainer.global_step)


def ranked(scored: list[list[float]], higher_is_better: bool) -> list[list[float]]:
    """Return pairs of value and step, the best first, without NaN. Of two equal values the earlier comes first."""
    numbers = [pair for pair in scored if not math.isnan(pair[0])]
    return sorted(numbers, key=lambda pair: -pair[0] if higher_is_better else pair[0])


def runner_up(scored: list[float]) -> str:
    """Return the file name of a checkpoint that is kept but not the best, from its value and step."""
    return f"best_{int(scored[1]):08d}.ckpt"


def move(file: Path, place: Path) -> None:
    """Rename `file` to `place`. A missing file was renamed already, by a run that was killed after it."""
    if file.exists():
        file.replace(place)


class StraightIO(TorchCheckpointIO):
    """Write checkpoints straight to their file. Lightning's own class goes through memory and /tmp.

    A full disk thus raises `OSError`, and a killed run leaves nothing outside its directory.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        with create(Path(path)) as stream:
            try:
                torch.save(checkpoint, stream)
            except RuntimeError as error:  # torch replaces the error that the stream raised
                raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def set_aside_damaged(run: Run) -> None:
    """Rename previous.ckpt, from which the run resumes, to last.ckpt, and keep the damaged one as damaged.ckpt."""
    if run.last.exists():
        run.last.replace(run.last.with_name("damaged.ckpt"))
    run.previous.replace(run.last)


def check_weights(module: GenerativeModule, step: int) -> None:
    """Raise `NonFinite` if a weight is infinite or NaN, which the loss would show only one step later."""
    for name, weight in module.state_dict().items():
        if weight.is_floating_point() and not torch.isfinite(weight).all():
            raise NonFinite(
                f"The weight {name} was not finite after step {step}. The last checkpoint is from before: "
                "go on from it with a lower learning rate."
            )


def write_generator(file: Path, module: GenerativeModule, step: int) -> None:
    """Write the generator for sampling, and what `gan_zoo.load` needs to rebuild it, to one safetensors file."""
    kind = type(module)
    header = {
        "model": f"{kind.__module__}.{kind.__qualname__}",
        "hyperparameters": dict(module.hparams),
        "weights": "averaged" if module.average_half_life else "last",
        "seed": module.seed,
        "step": step,
        "images": module.images,
    }
    state = {name: tensor.contiguous() for name, tensor in module.averaged.state_dict().items()}
    write(file, save(state, {"gan_zoo": json.dumps(header)}))  # one entry: safetensors shuffles several
