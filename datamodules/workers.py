"""Signals in the processes that read data."""

import signal
from typing import Any


def leave_signals(_: int = 0) -> None:
    """Ignore SIGINT and the first SIGTERM in this process; pass this function as `worker_init_fn` of a DataLoader.

    Ctrl-C in a terminal and many schedulers send a signal to all processes of a command. The main process decides what
    it means, and may need more data to finish its step. When it ends, its loader ends this process. A second SIGTERM
    comes from a main process that wants this process to end and got no answer.
    """

    def note(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, note)
