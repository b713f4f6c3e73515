"""An output that may fail without ending the training that writes to it."""

import os
from contextlib import suppress
from typing import Any


class LastingOutput:
    """Writes to `stream`, and to nowhere once that fails: its disk is full, or its reader has gone."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._discard()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._discard()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _discard(self) -> None:
        with suppress(OSError, ValueError):  # what the stream still holds goes nowhere too
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
