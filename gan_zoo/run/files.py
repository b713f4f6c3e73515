"""Write files so that a kill at any moment leaves them whole, read .jsonl files as far as they are whole, lock folders.

Every file is opened for writing here. No link is followed, and no existing file is cut short. Loads no torch.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gan_zoo.run.reading import MAX_LINE, MAX_LINES, Damaged, open_plain, parse_json
from gan_zoo.run.schemas import LINE


def create(file: Path) -> BinaryIO:
    """Create a file and open it for writing. A file that an earlier try left is removed first."""
    file.unlink(missing_ok=True)
    return open(file, "xb")


def extend(file: Path) -> BinaryIO:
    """Open a file for reading and appending, and create it if needed.

    Raises:
        OSError: It is a link, or cannot be opened.
    """
    try:
        return os.fdopen(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666), "ab+")
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.ELOOP, "it is a link, which is never followed", str(file)) from error


def write(file: Path, content: bytes) -> None:
    """Replace the content of `file`. At every moment, the file has either the old content or the new one."""
    temporary = temporary_for(file)
    try:
        with create(temporary) as stream:
            stream.write(content)
        replace(temporary, file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def temporary_for(file: Path) -> Path:
    """Return the temporary file that this process writes before it renames it to `file`."""
    return file.with_name(f".{file.name}.{os.getpid()}.new")


def replace(temporary: Path, file: Path) -> None:
    """Rename a finished temporary file to `file`, once its content is on the disk."""
    with open(temporary, "rb") as stream:
        os.fsync(stream.fileno())
    os.replace(temporary, file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a .jsonl file that are whole and have a step; none if there is no file.

    Others are left out without a word: a power cut may leave anything.

    Raises:
        Damaged: It is no plain file, or larger than any that a run writes.
    """
    with contextlib.suppress(FileNotFoundError), open_plain(file, most=MAX_LINES) as stream:
        while line := stream.readline(MAX_LINE):
            yield from parsed(line, file)


def parsed(line: bytes, file: Path) -> Iterator[dict[str, Any]]:
    """Yield the object that a line holds; nothing if it is damaged."""
    with contextlib.suppress(Damaged, UnicodeDecodeError):
        yield LINE.check(parse_json(line.decode(), str(file)), str(file))


def last(file: Path) -> dict[str, Any]:
    """Return the last whole object of a .jsonl file, read from its end; {} if there is none.

    Raises:
        Damaged: It is no plain file, is too large, or has lines and none of the last ones is whole.
    """
    content = end_of(file, most=MAX_LINES)
    for line in reversed(content.splitlines()):
        for found in parsed(line, file):
            return found
    if b"\n" in content.strip(b"\n\0"):  # a single half-written line is what a kill leaves
        raise Damaged(f"{file} cannot be used: none of its last lines is an object with a step.")
    return {}


def last_score(file: Path) -> dict[str, Any]:
    """Return the last line of the first metric at the step that was scored last; empty if there is none.

    The first metric is the one that decides which step is best. Scores of images that no model made are left out.
    """
    scores = [line for line in lines(file) if isinstance(line, dict) and not line.get("baseline")]
    at_step = [line for line in scores if line.get("step") == scores[-1].get("step")]
    return next((line for line in reversed(at_step) if line.get("metric") == at_step[0].get("metric")), {})


def tail(file: Path) -> list[str]:
    """Return the lines at the end of a text file; none if there is no file, or something else. The first may be cut."""
    try:
        return end_of(file).decode(errors="replace").splitlines()
    except Damaged:
        return []


def end_of(file: Path, most: int | None = None) -> bytes:
    """Return the last 64 KiB of a file of at most `most` bytes; none if there is no file.

    Raises:
        Damaged: It is no plain file, or larger.
    """
    try:
        with open_plain(file, most=most) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - (1 << 16)))
            return stream.read(1 << 16)
    except FileNotFoundError:
        return b""


def finite(value: Any) -> Any:
    """Return `value` with None for infinite numbers and NaN, which JSON cannot hold."""
    if isinstance(value, dict):
        return {name: finite(entry) for name, entry in value.items()}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def lock(folder: Path) -> BinaryIO | None:
    """Lock `folder` until the returned file is closed. Return None if another process has locked it."""
    file = extend(folder / ".lock")
    try:
        # lockf, not flock: a loader's worker must not inherit the lock and outlive a killed run with it
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    return file


def held(folder: Path) -> bool:
    """Return whether another process has locked `folder`. Do not call it while a run starts, which would see this lock.

    It is False if this process cannot know, because it may only read there, or the lock is no plain file.
    """
    file = folder / ".lock"
    if file.is_symlink() or not file.is_file() or not os.access(file, os.W_OK):
        return False
    if locked := lock(folder):
        locked.close()
    return locked is None


def disk(folder: Path) -> int:
    """Return the number of bytes of all files below `folder`."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a run that trains renames its files
            total += 0 if file.is_dir() else file.lstat().st_size
    return total


def size(count: int) -> str:
    """Return a number of bytes as people write it, such as 3.4 MB."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
