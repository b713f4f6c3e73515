"""Ends a run between two steps: by images shown, by time, or because it was asked to."""

import signal
from typing import Any

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.distributed.strategy import from_rank_zero
from gan_zoo.module import GenerativeModule

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

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._before = {one: signal.signal(one, self._ask) for one in SIGNALS}
        self._stop_at_images(trainer, module)
        trainer.should_stop |= from_rank_zero(self._is_time_over())

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        self._stop_at_images(trainer, module)
        # With several processes all must stop at one step: rank 0 decides, when the losses are exchanged anyway.
        if trainer.world_size == 1:
            trainer.should_stop |= self.session.interrupted or self._is_time_over()
        elif trainer.global_step % self.session.log_every == 0:
            self.session.interrupted = from_rank_zero(self.session.interrupted)
            trainer.should_stop |= from_rank_zero(self._is_time_over()) or self.session.interrupted

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._restore()

    def on_exception(self, trainer: L.Trainer, module: GenerativeModule, exception: BaseException) -> None:
        self._restore()

    def _stop_at_images(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self.max_images and module.images >= self.max_images:
            trainer.should_stop = True

    def _is_time_over(self) -> bool:
        return 0 < self.max_seconds <= self.session.seconds()

    def _ask(self, number: int, _: Any) -> None:
        if self.session.interrupted and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.session.interrupted = True

    def _restore(self) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        self._before = {}
