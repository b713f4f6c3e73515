"""The command `gan-zoo`: runs the command that was typed, and turns errors into one line and an exit code."""

import errno
import io
import os
import re
import stat
import sys
import traceback
from contextlib import suppress

from datamodules.errors import DataError
from datamodules.names import visible
from gan_zoo import interrupts
from gan_zoo.commands import options
from gan_zoo.commands.parser import dispatch
from gan_zoo.errors import Mistake, RunFailed

COMMANDS = {
    "fit": "train one run, or resume it: gan-zoo fit -c mnist/wgan_gp --run runs/x",
    "study": "train a grid of runs and report on them: gan-zoo study mnist_objectives (repeat it to finish the grid)",
    "sample": "write generated images: gan-zoo sample runs/x --count 64 --out x.png",
    "latent": "draw what latents do: gan-zoo latent mix runs/x --out x.png (see gan-zoo latent --help)",
    "evaluate": "score runs, or a folder of images: gan-zoo evaluate runs/* --metrics fd kid prdc",
    "stylize": "paint photographs in the style of a picture: gan-zoo stylize --content a.jpg --style b.jpg --out c.png",
    "translate": "translate images with a trained run: gan-zoo translate runs/x --images a.jpg --out b.png",
    "report": "write a page that ranks and plots runs: gan-zoo report runs/ --out report.html",
    "dashboard": "show runs in a browser while they train: gan-zoo dashboard runs/",
    "data": "list, check and prepare data sets: gan-zoo data prepare -c celeba/dcgan (see gan-zoo data --help)",
    "status": "list runs with their state, step, speed and size: gan-zoo status runs/",
    "runs": "remove runs, such as those that failed: gan-zoo runs rm --failed runs/",
}
"""Description of each command. The function of the same name in `commands/options.py` runs it."""

OUT_OF_MEMORY = re.compile("can't allocate memory|out of memory", re.IGNORECASE)
"""What torch says when the memory of the machine or of a GPU does not suffice."""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that has no more room."""


def main(argv: list[str] | None = None) -> None:
    """Run `gan-zoo` with the arguments `argv`, and exit.

    Exit codes: 0 for success; 1 if a run failed, or the output cannot be written; 2 if the user made a mistake; 130
    after Ctrl-C or SIGTERM; 141 if the reader of the output has gone, as in `gan-zoo status | head -1` (it is the code
    that a shell reports). If the environment variable GAN_ZOO_TRACEBACK is set, the line of an error follows its
    traceback.

    Args:
        argv: What follows `gan-zoo`; None: the arguments of this process.
    """
    if argv is not None:
        sys.exit(finish(argv))
    interrupts.end_at_once()
    try:
        protect_children()
        prepare_streams()
        code = finish(sys.argv[1:])
    except KeyboardInterrupt:  # it came between two lines of `finish`
        code = print_stopped()
    code = interrupts.exit_code(code)
    interrupts.end_with(code)
    sys.exit(code)


def finish(arguments: list[str]) -> int:
    """Run one command, print its error as one line, and return its exit code."""
    try:
        code = run_to_end([with_home(word) for word in arguments])
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return print_stopped()
    except BaseException as error:
        if interrupts.is_stopping():  # a consequence of the signal, as when a process that read data ended as well
            return print_stopped()
        if isinstance(error, Mistake | RunFailed) and os.environ.get("GAN_ZOO_TRACEBACK"):
            traceback.print_exception(error)
        if isinstance(error, Mistake):
            return print_error(str(error), 2)
        if isinstance(error, RunFailed):
            return print_error(str(error), 1)
        if isinstance(error, BrokenPipeError):
            discard_output()
            return 141
        if isinstance(error, OSError) and error.errno in FULL:
            discard_output()
            return print_error(f"The output cannot be written: {error.strerror}.", 1)
        raise


def run_to_end(arguments: list[str]) -> int:
    """Run one command as `run` does, and return its exit code also if argparse ends it, as after `--help`."""
    try:
        return run(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            raise
        return end.code or 0


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code.

    Raises:
        Mistake: There is no such command, it was called with wrong options, or a file or its data cannot be used.
        RunFailed: The memory does not suffice.
    """
    if arguments[:1] == ["--version"]:
        from gan_zoo import __version__

        print(f"gan-zoo {__version__}")
        return 0
    for word in arguments:
        refuse_device(word.partition("=")[2] if word.startswith("-") else word)
    try:
        return dispatch("gan-zoo", COMMANDS, lambda name: getattr(options, name), arguments, ("--help", "--version"))
    except DataError as error:
        raise Mistake(str(error)) from error
    except OSError as error:
        if error.filename is None or error.errno is None:  # no file is to blame: a reader that has gone, or a bug
            raise
        raise Mistake(f"{str(error.filename)[:200]} cannot be used: {error.strerror}.") from error
    except (MemoryError, RuntimeError) as error:
        if not (isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error))):
            raise
        reason = " ".join(str(error).split())[:160]
        raise RunFailed(f"The memory does not suffice{reason and f' ({reason})'}: choose smaller numbers.") from error


def refuse_device(word: str) -> None:
    """Raise a `Mistake` if a word names what is neither file nor folder: a pipe would be waited for, for ever."""
    try:
        mode = os.stat(word).st_mode
    except (OSError, ValueError):  # there is nothing of this name
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise Mistake(f"{word} is a pipe or a device: name a file or a folder.")


def with_home(word: str) -> str:
    """Return `word` with the home folder in `--run=~/x`, where a shell leaves the `~` as it is."""
    name, equals, value = word.partition("=")
    is_in_home = name.startswith("--") and value.startswith("~/")
    return f"{name}{equals}{os.path.expanduser(value)}" if is_in_home else word


def protect_children() -> None:
    """Keep the processes that this one starts from importing files of the working directory.

    Python puts that directory first on the path of `python -m` and of the processes of `multiprocessing`, so that a
    file `torchvision.py` there would run in them. Nothing changes if this process imports from it too.
    """
    if sys.flags.safe_path or sys.path[0] not in ("", os.getcwd()):
        os.environ["PYTHONSAFEPATH"] = "1"


def prepare_streams() -> None:
    """Let no command end because its output is closed, or has an encoding that lacks a character."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - it is open to the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def discard_output() -> None:
    """Write nothing more to standard output. Otherwise Python complains when it exits."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_stopped() -> int:
    """Print that a signal has ended the command, and return the exit code."""
    interrupts.print_stopped()
    return interrupts.CODE


def print_error(message: str, code: int) -> int:
    """Print `message` as one line on standard error, and return `code`."""
    with suppress(OSError):  # the exit code still tells
        print(f"gan-zoo: {visible(' '.join(message.split()))}", file=sys.stderr)
    return code
