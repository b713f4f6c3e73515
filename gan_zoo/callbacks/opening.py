"""The callback that claims the directory of a run."""

from collections.abc import Callable

import lightning.pytorch as L

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.module import GenerativeModule

Prepare = Callable[[L.Trainer, GenerativeModule], None]


class Opening(SessionCallback):
    """Claim the directory of a run when training begins. A mistake found earlier thus writes nothing.

    Args:
        prepare: Function called first, on every process, which may still refuse the prepared data and model.
    """

    begin: Callable[[], None]
    """Make the directory and write the configuration and the record. Set in each call of `fit` that has a run."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._prepare(trainer, module)
        run = self.session.run
        if run is None or run.has_started:  # it has started where it went back to its last checkpoint
            return
        if trainer.is_global_zero:
            self.begin()
        run.has_started = True
