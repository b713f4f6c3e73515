"""Ends a run between two steps: by images shown, or because it was asked to."""

import signal
from typing import Any

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.module import GenerativeModule
from gan_zoo.strategy import from_rank_zero

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping(SessionCallback):
    """Stops at `max_images`, and after the step at hand on Ctrl-C or SIGTERM; a second Ctrl-C stops at once.

    Args:
        max_images: real images, summed over devices, after which the run ends; 0: no such end.
    """

    def __init__(self, max_images: int) -> None:
        self.max_images = max_images
        self._before: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._before = {one: signal.signal(one, self._ask) for one in SIGNALS}
        self._stop_at_images(trainer, module)

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        self._stop_at_images(trainer, module)
        # With several processes all must stop at one step: rank 0 decides, when the losses are exchanged anyway.
        if trainer.world_size == 1:
            trainer.should_stop |= self.session.interrupted
        elif trainer.global_step % self.session.log_every == 0:
            self.session.interrupted = from_rank_zero(self.session.interrupted)
            trainer.should_stop |= self.session.interrupted

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._restore()

    def on_exception(self, trainer: L.Trainer, module: GenerativeModule, exception: BaseException) -> None:
        self._restore()

    def _stop_at_images(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self.max_images and module.images >= self.max_images:
            trainer.should_stop = True

    def _ask(self, number: int, _: Any) -> None:
        if self.session.interrupted and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.session.interrupted = True

    def _restore(self) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        self._before = {}
