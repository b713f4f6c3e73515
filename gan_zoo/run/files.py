"""Files that a kill at any moment leaves whole, read as far as they are; folders that one process has to itself.

Every file is opened for writing here. No link is followed, and no file that is there already is cut short.

Loads no torch: `status` and `report` answer at once.
"""

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


def create(file: Path) -> BinaryIO:
    """Open a new file for writing, in the place of one that is left over from an earlier try."""
    file.unlink(missing_ok=True)
    return open(file, "xb")


def extend(file: Path) -> BinaryIO:
    """Open a file for reading and for adding to its end, making it if needed.

    Raises:
        OSError: it is a link, or cannot be opened.
    """
    try:
        return os.fdopen(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666), "ab+")
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.ELOOP, "it is a link, which is never followed", str(file)) from error


def write(file: Path, content: bytes) -> None:
    """Replace `file` by `content` as a whole: at every moment it is the old one or the new one."""
    temporary = temporary_for(file)
    try:
        with create(temporary) as stream:
            stream.write(content)
        replace(temporary, file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def temporary_for(file: Path) -> Path:
    """Where this process writes what is to become `file`."""
    return file.with_name(f".{file.name}.{os.getpid()}.new")


def replace(temporary: Path, file: Path) -> None:
    """Put a finished temporary file in the place of `file`, on the disk before it has the name."""
    with open(temporary, "rb") as stream:
        os.fsync(stream.fileno())
    os.replace(temporary, file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a .jsonl file that are whole; none if there is no file."""
    if file.exists():
        with open(file, errors="replace") as stream:  # a power cut may leave anything
            for line in stream:
                with contextlib.suppress(json.JSONDecodeError):
                    yield json.loads(line)


def last(file: Path) -> dict[str, Any]:
    """The last whole object of a .jsonl file, read from its end; empty if there is none."""
    for line in reversed(tail(file)):
        with contextlib.suppress(json.JSONDecodeError):
            if isinstance(found := json.loads(line), dict):
                return found
    return {}


def last_score(file: Path) -> dict[str, Any]:
    """Return the last line of the first metric at the step that was scored last; empty if there is none.

    The first metric is the one that decides which step is best.
    """
    scores = [line for line in lines(file) if isinstance(line, dict)]
    at_step = [line for line in scores if line.get("step") == scores[-1].get("step")]
    return next((line for line in reversed(at_step) if line.get("metric") == at_step[0].get("metric")), {})


def tail(file: Path, size: int = 1 << 16) -> list[str]:
    """The lines in the last `size` bytes of a file, the first of them cut perhaps; none if there is no file."""
    if not file.exists():
        return []
    with open(file, "rb") as stream:
        stream.seek(max(0, file.stat().st_size - size))
        return stream.read().decode(errors="replace").splitlines()


def finite(value: Any) -> Any:
    """`value` with null for the numbers that JSON has no name for."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def lock(folder: Path) -> BinaryIO | None:
    """A file that holds `folder` for this process until it is closed or the process ends; None: another holds it."""
    file = extend(folder / ".lock")
    try:
        # lockf, not flock: a loader's worker must not inherit the lock and outlive a killed run with it
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    return file


def held(folder: Path) -> bool:
    """Whether another process trains in `folder`. Not to be asked of a run that is about to start: it would see us.

    In a folder that this process may only read, or whose lock is a link, it cannot be known: False.
    """
    if (folder / ".lock").is_symlink() or not os.access(folder / ".lock", os.W_OK):
        return False
    if file := lock(folder):
        file.close()
    return file is None


def disk(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a run that trains renames its files
            total += 0 if file.is_dir() else file.lstat().st_size
    return total


def size(count: int) -> str:
    """`count` bytes as somebody reads them: 3.4 MB."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
