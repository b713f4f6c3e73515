"""What SIGINT and SIGTERM do outside of training: they end a command at once, with exit code 130.

While a run trains, `gan_zoo.callbacks.stopping` handles both signals, and they end the run after the current step. At
all other times the main thread gets an `Interrupted`. Python raises it between two of its instructions, which is
late where the main thread waits inside a library, and in vain where a library swallows it. A second thread therefore
ends the process if it is still there after `GRACE` seconds.
"""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE = 8.0  # seconds in which the main thread may end the process in an orderly way
PATIENCE = 3.0  # seconds in which the first process of a training may print the error that another process has too
CODE = 130  # exit code of a command that a signal ended
LAUNCHER = "GAN_ZOO_LAUNCHER"  # environment variable: number of the `gan-zoo` process that started this process

before_forced_end: list[Callable[[], None]] = []
"""Functions that the second thread calls before it ends the process, such as one that ends other processes."""


class Interrupted(KeyboardInterrupt):
    """A signal ends this process.

    A plain `KeyboardInterrupt` that passes through `exec`, with which Python makes dataclasses, would let Python end
    with another exit code, whoever catches it.
    """


_is_stopping = threading.Event()
_is_told = threading.Lock()
"""Held after the line that tells of the signal was printed."""
_final_code: int | None = None
_writer: int | None = None
"""Where the numbers of signals are written for the second thread; None: `end_at_once` was not called."""
STOP = b"\0"
"""What `stop` writes there, which is the number of no signal."""
_launcher = 0
"""Number of the first process of the training, if Lightning started this process from it; else 0."""


def end_at_once() -> None:
    """Let SIGINT and SIGTERM end this process from now on. Call this once, in the main thread."""
    global _writer, _launcher
    atexit.register(_leave)  # called last, because it is registered first
    if os.environ.get("LOCAL_RANK", "0") != "0" and os.environ.get(LAUNCHER) == str(os.getppid()):
        _launcher = os.getppid()
    os.environ[LAUNCHER] = str(os.getpid())
    reader, _writer = os.pipe()
    os.set_blocking(_writer, False)
    signal.set_wakeup_fd(_writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), name="signals", daemon=True).start()
    for number in SIGNALS:
        signal.signal(number, stop)
    os.register_at_fork(after_in_child=_forget)


def stop(number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
    """End this process at once. This is the handler of both signals outside of training.

    Raises:
        Interrupted: The process is not ending already.
    """
    if _is_stopping.is_set():
        return
    _is_stopping.set()
    _stop_launcher()
    if _writer is not None:
        with suppress(BlockingIOError):  # then it holds thousands of signals, which say the same
            os.write(_writer, STOP)
    raise Interrupted


def is_stopping() -> bool:
    """Return whether a signal is ending this process, so that any error is a consequence of that."""
    return _is_stopping.is_set()


def is_follower() -> bool:
    """Return whether Lightning started this process from the first one of a training on several devices.

    The first process speaks for it.
    """
    return _launcher != 0


def is_spokesman() -> bool:
    """Return whether this process should print its error: it is the first of a training, or the only one that has it.

    Where the first process has the same error, it ends within a moment, and has printed it.
    """
    for _ in range(round(PATIENCE / 0.1) if is_follower() else 0):
        if os.getppid() != _launcher:
            return False
        time.sleep(0.1)
    return True


def exit_code(code: int) -> int:
    """Return the exit code of this process, given the `code` of the command.

    Lightning kills the first process as soon as one that it started ends with another code than 0. Then the first
    process could not finish what it does, and end with 130 itself.
    """
    return 0 if code == CODE and is_follower() else code


def print_stopped() -> None:
    """Print that a signal has ended the command, once for all processes of a training."""
    if not is_follower() and _is_told.acquire(blocking=False):
        with suppress(OSError):
            print("gan-zoo: Stopped.", file=sys.stderr, flush=True)


def end_with(code: int) -> None:
    """End this process with `code`, whatever signals still come. The caller exits next."""
    global _final_code
    _final_code = code
    for number in SIGNALS:
        signal.signal(number, lambda *_: os._exit(code))
    if is_stopping():  # nobody needs what they read
        _kill_children()


def _leave() -> None:
    """End this process before Python takes itself down, when it would handle no more signals."""
    if _final_code is not None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(_final_code)


def _kill_children() -> None:
    """Kill the processes that `multiprocessing` started, such as those that read data."""
    if "multiprocessing" in sys.modules:
        from multiprocessing import active_children

        for process in active_children():
            process.kill()


def _watch(reader: int) -> None:
    """Read the signals that reach this process, also while its main thread cannot handle them. End it if one should."""
    while numbers := os.read(reader, 64):
        handlers = [signal.getsignal(number) for number in numbers if number in SIGNALS]
        if stop in handlers or STOP[0] in numbers:
            _end_by_force()


def _end_by_force() -> None:
    time.sleep(GRACE)
    print_stopped()
    _stop_launcher()
    _kill_children()
    for function in before_forced_end:
        function()
    os._exit(exit_code(CODE))


def _stop_launcher() -> None:
    """Stop the first process of a training, which would wait for this one."""
    if is_follower() and os.getppid() == _launcher:  # otherwise it has ended, and the number is another's
        os.kill(_launcher, signal.SIGTERM)


def _forget() -> None:
    """Undo `end_at_once` in a forked process, whose signals are not those of this process."""
    global _writer, _final_code
    _writer, _final_code = None, None
    atexit.unregister(_leave)
    signal.set_wakeup_fd(-1)
    for number, default in zip(SIGNALS, (signal.default_int_handler, signal.SIG_DFL), strict=True):
        if signal.getsignal(number) is stop:
            signal.signal(number, default)
