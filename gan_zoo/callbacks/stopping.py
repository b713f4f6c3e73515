"""End a run between two steps: by number of images, by time, or on a signal."""

import signal
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.trainer.connectors.signal_connector import _SignalConnector

from gan_zoo import interrupts
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.distributed.strategy import from_rank_zero, gathered
from gan_zoo.errors import Mistake
from gan_zoo.interrupts import SIGNALS
from gan_zoo.module import GenerativeModule

EMPTY = "The loader of the data has no batch, so nothing was trained: give it images, at least one batch of them."


class Signals(SessionCallback):
    """From the first step on, note Ctrl-C and SIGTERM, on which `Stopping` ends the run. A second Ctrl-C stops at once.

    Before the first step there is nothing to save, so that both signals end the process as at any other time.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        """The handlers outside of training."""

    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        if self._before:
            return

        def note(number: int, _: Any) -> None:
            if self.session.asked_to_stop and number == signal.SIGINT:
                interrupts.stop()
            self.session.asked_to_stop = True
            if trainer.world_size == 1:  # no other process to agree with: the rest is skipped at once
                self.session.interrupted = True

        self._before = {number: signal.signal(number, note) for number in SIGNALS}

    def on_fit_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        # A signal may have reached any process since the processes last agreed, as during the final score.
        if any(gathered(self.session.asked_to_stop)):
            self.session.interrupted = True

    def close(self) -> None:
        """Give both signals back the handlers that they had before training. The Trainer calls this after each fit."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


class NoSignals(_SignalConnector):
    """Lightning's part that handles signals, and that leaves them to `Signals` here.

    Lightning's own handler of SIGTERM makes the processes exchange data, whatever they are exchanging at that moment.
    """

    def register_signal_handlers(self) -> None:
        """Register nothing."""


class Stopping(SessionCallback):
    """End the run at `max_images` or `max_seconds`, or after the current step if a signal asked for it.

    Args:
        max_images: Number of real images, summed over devices, after which the run ends; 0: no limit.
        max_seconds: Seconds of training, over all resumptions, after which the run ends; 0: no limit.
    """

    def __init__(self, max_images: int, max_seconds: float = 0.0) -> None:
        self.max_images, self.max_seconds = max_images, max_seconds
        self._pass_began_at = -1  # a run that goes back to a checkpoint ends a pass that it has not begun

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._stop_at_images(trainer, module)
        trainer.should_stop |= from_rank_zero(self._is_time_over())

    def on_train_epoch_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._pass_began_at = trainer.global_step

    def on_train_epoch_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if trainer.global_step == self._pass_began_at and not trainer.should_stop:
            raise Mistake(EMPTY)  # otherwise Lightning would ask an empty iterable again, for ever

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        self._stop_at_images(trainer, module)
        # All processes must stop at the same step. They agree at the steps where they exchange the losses anyway, and
        # at the last step, because a process may have received a signal since.
        is_last = trainer.should_stop or trainer.global_step == trainer.max_steps
        if trainer.world_size == 1 or trainer.global_step % self.session.log_every == 0 or is_last:
            self._agree(trainer)

    def _agree(self, trainer: L.Trainer) -> None:
        """Stop every process if any of them received a signal, or if time is over by the clock of rank 0.

        A signal can arrive at any moment of the exchange, so this method only reads the handler's flag: the next
        exchange sees a signal that comes too late for this one.
        """
        asked_to_stop, is_time_over = zip(*gathered((self.session.asked_to_stop, self._is_time_over())), strict=True)
        if any(asked_to_stop):  # never reset to False: the handler may have set it since
            self.session.interrupted = True
        trainer.should_stop |= self.session.interrupted or is_time_over[0]

    def _stop_at_images(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self.max_images and module.images >= self.max_images:
            trainer.should_stop = True

    def _is_time_over(self) -> bool:
        return 0 < self.max_seconds <= self.session.seconds()
