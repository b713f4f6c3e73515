"""The state that the callbacks of one `fit` share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import lightning.pytorch as L

from gan_zoo.run.directory import Run


def tell_nobody(kind: str, values: dict[str, Any]) -> None:
    """Do nothing: the value of `Session.tell` when no tracker mirrors the run."""


@dataclass
class Session:
    """One call of `fit`: where its files go, how long it has run, its last losses and scores."""

    run: Run | None = None
    """The run's directory; None writes no files (`fast_dev_run`, or a trainer without a run)."""
    data: Any = None
    """The data module; None if `fit` was given plain loaders."""
    log_every: int = 50
    """Steps between lines of metrics."""
    asked_to_stop: bool = False
    """Whether this process has received SIGINT or SIGTERM. The signal handler alone sets it, and nothing resets it."""
    interrupted: bool = False
    """Whether the run ends early because of a signal: the step at hand is finished and saved, nothing else. With
    several processes they agree on it, because what they do at the end they do together."""
    line: dict[str, Any] = field(default_factory=dict)
    """The last line of metrics."""
    scores: dict[str, float] = field(default_factory=dict)
    """The last scores by name."""
    best: dict[str, float] = field(default_factory=dict)
    """The best value of the first metric at a regular time (see `higher_is_better`), and its step."""
    extractor: Any = None
    """The network whose features are compared; None if the run is not scored."""
    higher_is_better: bool = False
    """Which values of the first metric are better."""
    earlier: float = 0.0
    """Seconds of training before this call, if the run was resumed."""
    begun: float = field(default_factory=time.monotonic)
    tell: Callable[[str, dict[str, Any]], None] = tell_nobody
    """Passes what was written on to the tracker, each with its `step`: ("metrics", a line), ("scores", values by name),
    ("samples", the grid's `file`). It returns at once."""

    def seconds(self) -> float:
        """Return the seconds of training so far, over all resumptions."""
        return self.earlier + time.monotonic() - self.begun


class SessionCallback(L.Callback):
    """A callback to which our Trainer gives the session."""

    session: Session = Session()

    def files(self, trainer: L.Trainer) -> Run | None:
        """Return the run's directory on the process that writes files, and None on all others."""
        return self.session.run if trainer.is_global_zero else None
