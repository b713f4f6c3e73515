"""Ends a run between two steps: by images shown, by time, or because it was asked to."""

import signal
from typing import Any

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.module import GenerativeModule
from gan_zoo.strategy import from_rank_zero, gathered

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping(SessionCallback):
    """Stops at `max_images` or `max_seconds`, and after the step at hand on Ctrl-C or SIGTERM; a second Ctrl-C at once.

    Args:
        max_images: real images, summed over devices, after which the run ends; 0: no such end.
        max_seconds: time in training, over all resumptions, after which the run ends; 0: no such end.
    """

    def __init__(self, max_images: int, max_seconds: float = 0.0) -> None:
        self.max_images, self.max_seconds = max_images, max_seconds
        self._before: dict[signal.Signals, Any] = {}
        self._is_alone = True

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._is_alone = trainer.world_size == 1
        self._before = {one: signal.signal(one, self._ask) for one in SIGNALS}
        self._stop_at_images(trainer, module)
        trainer.should_stop |= from_rank_zero(self._is_time_over())

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        self._stop_at_images(trainer, module)
        # All processes must stop at the same step. They agree when the losses are exchanged anyway, and at the last
        # step, because some process may have been asked to stop since.
        is_last = trainer.should_stop or trainer.global_step == trainer.max_steps
        if self._is_alone or trainer.global_step % self.session.log_every == 0 or is_last:
            self._agree(trainer)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._restore()

    def on_exception(self, trainer: L.Trainer, module: GenerativeModule, exception: BaseException) -> None:
        self._restore()

    def _agree(self, trainer: L.Trainer) -> None:
        """Stop every process if any was asked to, or if time is over by the clock of rank 0.

        A signal can arrive at any moment of the exchange, so the handler's flag is read once and never written here: a
        signal that comes too late for this exchange is seen by the next one.
        """
        asked, is_time_over = zip(*gathered((self.session.asked_to_stop, self._is_time_over())), strict=True)
        self.session.interrupted = any(asked)
        trainer.should_stop |= self.session.interrupted or is_time_over[0]

    def _stop_at_images(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self.max_images and module.images >= self.max_images:
            trainer.should_stop = True

    def _is_time_over(self) -> bool:
        return 0 < self.max_seconds <= self.session.seconds()

    def _ask(self, number: int, _: Any) -> None:
        if self.session.asked_to_stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.session.asked_to_stop = True
        if self._is_alone:  # nobody to agree with: whatever comes next is left out at once
            self.session.interrupted = True

    def _restore(self) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        self._before = {}
