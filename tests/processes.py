"""Helpers of tests that start processes."""

import socket
from pathlib import Path


def free_port() -> str:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def children(process: int) -> list[int]:
    """Return the ids of the processes that `process` has started and that still run."""
    stats = [file.read_text() for file in Path("/proc").glob("[0-9]*/stat") if file.exists()]
    fields = [(stat.partition(" ")[0], stat.rpartition(")")[2].split()) for stat in stats]
    return [int(number) for number, (state, parent, *_) in fields if int(parent) == process and state != "Z"]
