"""Ends a run between two steps: by images shown, by time, or because it was asked to."""

import signal
from typing import Any

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.distributed.strategy import from_rank_zero, gathered
from gan_zoo.module import GenerativeModule

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals(SessionCallback):
    """Notes that Ctrl-C or SIGTERM asked the run to stop, for `Stopping` to decide on; a second Ctrl-C ends it at once.

    It comes before the callbacks that score or draw as training starts: Lightning's own handler of SIGTERM would let
    the processes exchange something in the middle of that. Lightning puts the earlier handlers back after the fit.
    """

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        def ask(number: int, _: Any) -> None:
            if self.session.asked_to_stop and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.session.asked_to_stop = True
            if trainer.world_size == 1:  # nobody to agree with: whatever comes next is left out at once
                self.session.interrupted = True

        for one in SIGNALS:
            signal.signal(one, ask)


class Stopping(SessionCallback):
    """Stops at `max_images` or `max_seconds`, and after the step at hand where the run was asked to by a signal.

    Args:
        max_images: real images, summed over devices, after which the run ends; 0: no such end.
        max_seconds: time in training, over all resumptions, after which the run ends; 0: no such end.
    """

    def __init__(self, max_images: int, max_seconds: float = 0.0) -> None:
        self.max_images, self.max_seconds = max_images, max_seconds

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._stop_at_images(trainer, module)
        trainer.should_stop |= from_rank_zero(self._is_time_over())

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        self._stop_at_images(trainer, module)
        # All processes must stop at the same step. They agree when the losses are exchanged anyway, and at the last
        # step, because some process may have been asked to stop since.
        is_last = trainer.should_stop or trainer.global_step == trainer.max_steps
        if trainer.world_size == 1 or trainer.global_step % self.session.log_every == 0 or is_last:
            self._agree(trainer)

    def _agree(self, trainer: L.Trainer) -> None:
        """Stop every process if any was asked to, or if time is over by the clock of rank 0.

        A signal can arrive at any moment of the exchange, so the handler's flag is only read here: a signal that comes
        too late for this exchange is seen by the next one.
        """
        asked, is_time_over = zip(*gathered((self.session.asked_to_stop, self._is_time_over())), strict=True)
        if any(asked):  # nothing sets it back: the handler may have set it since
            self.session.interrupted = True
        trainer.should_stop |= self.session.interrupted or is_time_over[0]

    def _stop_at_images(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if self.max_images and module.images >= self.max_images:
            trainer.should_stop = True

    def _is_time_over(self) -> bool:
        return 0 < self.max_seconds <= self.session.seconds()
