"""Scores while training: seeded latents, all devices, a bounded share of the time."""

import time
from typing import Any

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.errors import Mistake, bounded
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.module import GenerativeModule
from gan_zoo.strategy import broadcast_state, from_rank_zero


class Evaluation(SessionCallback):
    """Scores the sampled generator at step 0, every so many steps and at the end; writes evaluations.jsonl.

    Args:
        extractor: network whose features are compared: lenet, or package.module:callable; None: no scores.
        metrics: fd (Frechet distance), or package.module:Class of yours.
        every: steps between scores; 0: only at the start and the end.
        samples: images generated for a score.
        seed: of their latents.
        share: the most of the run's time that scores may take; where they would take more, some are left out, and
            that is said. 1: all are made, which makes two runs' evaluations equal line for line.
    """

    def __init__(
        self,
        extractor: str | None = None,
        metrics: tuple[str, ...] = ("fd",),
        every: int = 1000,
        samples: int = 10_000,
        seed: int = 0,
        share: float = 0.05,
    ) -> None:
        bounded("evaluation.", at_least=0, every=every, share=share)
        bounded("evaluation.", at_least=2, samples=samples)
        if not metrics:
            raise Mistake("evaluation.metrics is empty: name at least one, or set evaluation.extractor null for none.")
        self.extractor, self.metrics, self.every, self.samples = extractor, tuple(metrics), every, samples
        self.seed, self.share = seed, share
        self._evaluator: Evaluator | None = None
        self._scored, self._spent, self._cost, self._left_out = -1, 0.0, 0.0, 0

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if run := self.files(trainer):
            run.drop_after(run.evaluations_file, self._scored)
        if self.extractor is None:
            return
        device = trainer.strategy.root_device
        self._evaluator = Evaluator(
            self.session.data, self.extractor, self.metrics, device, trainer.global_rank, trainer.world_size
        )
        if trainer.global_step == 0:
            self._score(trainer, module)

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        if not (self._evaluator and self.every and trainer.global_step % self.every == 0):
            return
        if from_rank_zero(self._spent + self._cost <= self.share * (self.session.seconds() + self._cost)):
            self._score(trainer, module)
        else:
            self._leave_out(trainer)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self._evaluator and self._scored != trainer.global_step and not self.session.interrupted:
            regular = self.state_dict()
            self._score(trainer, module)
            self.load_state_dict(regular)  # a continued run drops this score: a longer run would not have made it

    def state_dict(self) -> dict[str, Any]:
        return {"scored": self._scored, "spent": self._spent, "cost": self._cost, "best": dict(self.session.best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._scored, self._spent, self._cost = state["scored"], state["spent"], state["cost"]
        self.session.best = dict(state["best"])

    def _score(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        assert self._evaluator
        begun = time.monotonic()
        broadcast_state(module.averaged)
        self.session.scores, protocol = self._evaluator.score(module, self.samples, self.seed, averaged=True)
        self._scored, self._cost = trainer.global_step, time.monotonic() - begun
        self._spent += self._cost
        first = next(iter(self.session.scores.values()))
        if not self.session.best or first < self.session.best["value"]:
            self.session.best = {"value": first, "step": trainer.global_step}
        if run := self.files(trainer):
            for metric, value in self.session.scores.items():
                line = {"step": trainer.global_step, "images": module.images, "metric": metric, "value": value}
                run.append(run.evaluations_file, line | {"interval": None, "protocol": protocol.as_dict()})
            scores = {"step": trainer.global_step, "images": module.images, **self.session.scores}
            self.session.tell("scores", scores)
            run.update_record(evaluating=round(self._spent / max(self.session.seconds(), self._spent), 4))
        for logger in trainer.loggers:
            logger.log_metrics(self.session.scores, step=trainer.global_step)

    def _leave_out(self, trainer: L.Trainer) -> None:
        self._left_out += 1
        if run := self.files(trainer):
            run.update_record(evaluations_left_out=self._left_out)
            if self._left_out == 1:
                print(
                    f"Scores take {self._cost:.1f} s each: some of those due every {self.every} steps are left out to "
                    f"keep within {self.share:.0%} of the time (evaluation.share)."
                )
