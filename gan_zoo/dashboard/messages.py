"""Messages between the dashboard and the process that makes pictures: a line of JSON, then files as bytes."""

import json
from typing import IO, Any

LONGEST = 1 << 20
"""Most bytes of the line."""


def send(stream: IO[bytes], message: dict[str, Any], *files: bytes) -> None:
    """Write a message with the content of any number of files.

    Raises:
        BrokenPipeError: The process that reads has ended.
    """
    stream.write(json.dumps(message | {"files": [len(file) for file in files]}).encode() + b"\n")
    for file in files:
        stream.write(file)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the next message and its files; None if the process that writes has ended, even within a message."""
    line = stream.readline(LONGEST)
    if not line.endswith(b"\n"):
        return None
    message = json.loads(line)
    sizes = message.pop("files")
    files = [stream.read(size) for size in sizes]
    return (message, files) if [len(file) for file in files] == sizes else None
