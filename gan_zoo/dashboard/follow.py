"""Follow a .jsonl file that a run appends to: read what is new, and notice when the file is no longer the same.

A cursor is a number of bytes. What lies before it was read once and is never read again, whatever the length of the
file. A line counts once its newline is there, so that half a line, or half a character, waits for its other half.
"""

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gan_zoo.run.files import parsed
from gan_zoo.run.reading import MAX_LINE, MAX_LINES, open_plain

ANCHOR = 64
"""Bytes before the cursor that are compared with what they were, as a file may be cut and written again."""
PIECE = 4 << 20
"""Most bytes that are read at a time."""
GENERATIONS = itertools.count(time.time_ns() >> 20)
"""Numbers for files that were begun anew, which no other file and no earlier server has."""


class Follower:
    """A cursor over one file.

    Args:
        file: The file, which need not exist yet.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.position = 0
        """Number of bytes that were read: the end of a line."""
        self.generation = next(GENERATIONS)
        """Another number each time that the file is found to be another one. Then the position starts at 0 again."""
        self.is_behind = False
        """Whether there is more to read at once."""
        self._seen: tuple[int, int, int] | None = None
        self._anchor = b""

    def pieces(self) -> Iterator[tuple[bool, list[dict[str, Any]]]]:
        """Yield all lines that are new, in pieces, each with whether the file began anew before them.

        Raises:
            Damaged: It is no plain file, or larger than any that a run writes.
        """
        is_behind = True
        while is_behind:
            before = self.generation
            lines = self.advance()
            is_behind = self.is_behind
            yield self.generation != before, lines

    def advance(self, most: int = PIECE) -> list[dict[str, Any]]:
        """Return the lines that are new, of at most `most` bytes. After a restart, the first lines of the file.

        Raises:
            Damaged: It is no plain file, or larger than any that a run writes.
        """
        try:
            stream = open_plain(self.file, most=MAX_LINES)
        except FileNotFoundError:
            self._restart(None)
            return []
        with stream:
            state = os.fstat(stream.fileno())
            seen = (state.st_ino, state.st_size, state.st_mtime_ns)
            if seen == self._seen and not self.is_behind:
                return []
            if self._is_another(stream, state):
                self._restart(seen)
            self._seen = seen
            content = os.pread(stream.fileno(), most, self.position)
        whole = content[: content.rfind(b"\n") + 1]
        if not whole and len(content) >= MAX_LINE:  # no run writes such a line: it is passed over
            whole = content
        self.position += len(whole)
        self._anchor = (self._anchor + whole)[-ANCHOR:]
        self.is_behind = bool(whole) and self.position + len(content) - len(whole) < state.st_size
        return [found for line in whole.splitlines() for found in parsed(line, self.file)]

    def _is_another(self, stream: BinaryIO, state: os.stat_result) -> bool:
        """Return whether the file is not the one, longer by some lines, that was read last."""
        if self._seen is None:
            return False
        if state.st_ino != self._seen[0]:
            return True
        return os.pread(stream.fileno(), len(self._anchor), self.position - len(self._anchor)) != self._anchor

    def _restart(self, seen: tuple[int, int, int] | None) -> None:
        """Begin at the start of the file, which is another one than before."""
        if self._seen is not None:
            self.generation = next(GENERATIONS)
        self._seen, self.position, self._anchor, self.is_behind = seen, 0, b"", False


def lines_between(file: Path, first: int, end: int) -> list[dict[str, Any]]:
    """Return the lines between two positions of a cursor; none if the file is gone.

    Raises:
        Damaged: It is no plain file.
    """
    try:
        with open_plain(file, most=MAX_LINES) as stream:
            content = os.pread(stream.fileno(), max(end - first, 0), first)
    except FileNotFoundError:
        return []
    return [found for line in content.splitlines() for found in parsed(line, file)]
