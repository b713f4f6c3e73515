"""The moment at which a run claims its directory."""

from collections.abc import Callable

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.module import GenerativeModule

Prepare = Callable[[L.Trainer, GenerativeModule], None]


class Opening(SessionCallback):
    """Claims the run's directory when training truly begins, so that a mistake found before then writes nothing.

    Args:
        prepare: called first, on every process, for what may still be refused once data and model are set up.
    """

    begin: Callable[[], None]
    """Makes the directory and writes the configuration and the record; set for each call of `fit` that has a run."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._prepare(trainer, module)
        run = self.session.run
        if run is None or run.has_started:  # the latter where a run goes back to its last checkpoint
            return
        if trainer.is_global_zero:
            self.begin()
        run.has_started = True
