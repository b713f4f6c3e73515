"""What the callbacks of one `fit` share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import lightning.pytorch as L

from gan_zoo.run.directory import Run


def tell_nobody(kind: str, values: dict[str, Any]) -> None:
    """What `Session.tell` is where no tracker mirrors the run."""


@dataclass
class Session:
    """One call of `fit`: where its files go, how long it has run, and what was last seen of it."""

    run: Run | None = None
    """None: no files (`fast_dev_run`, a quick try)."""
    data: Any = None
    """The data module; None where plain loaders were given."""
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
    """The network whose features are scored; None: no scores."""
    higher_is_better: bool = False
    """Which values of the first metric are better."""
    earlier: float = 0.0
    """Seconds of training before this call: the run was resumed."""
    begun: float = field(default_factory=time.monotonic)
    tell: Callable[[str, dict[str, Any]], None] = tell_nobody
    """Mirrors what was written, each with its `step`: ("metrics", a line), ("scores", values by name), ("samples", the
    grid's `file`). Returns at once."""

    def seconds(self) -> float:
        """Time in training so far, over all resumptions."""
        return self.earlier + time.monotonic() - self.begun


class SessionCallback(L.Callback):
    """A callback that our Trainer hands the session to."""

    session: Session = Session()

    def files(self, trainer: L.Trainer) -> Run | None:
        """The run's directory, on the one process that writes; None on the others, or if nothing is written."""
        return self.session.run if trainer.is_global_zero else None
