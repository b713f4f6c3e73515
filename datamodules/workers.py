"""Signals in the processes that read data."""

import ctypes
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
"""Linux's number of the request to be sent a signal when the process that started this one ends."""


def leave_signals(_: int = 0) -> None:
    """Ignore SIGINT and the first SIGTERM in this process; pass this function as `worker_init_fn` of a DataLoader.

    Ctrl-C in a terminal and many schedulers send a signal to all processes of a command. The main process decides what
    it means, and may need more data to finish its step. When it ends, its loader ends this process. A second SIGTERM
    comes from a main process that wants this process to end and got no answer. If the main process is gone, however it
    ended, Linux ends this one too, also while it reads.
    """

    def note(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, note)
