"""A server in a thread of this process, and requests as raw as an attacker sends them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from gan_zoo.dashboard.server import listen, server


@contextmanager
def serving(root: Path, token: str = "") -> Iterator[int]:
    """Serve the runs in `root` at a free port, which it returns, until the block ends."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    made = server(root, f"gan_zoo_{port}", token)
    thread = threading.Thread(target=made.run, args=([listener],))
    thread.start()
    try:
        wait_for(lambda: made.started)
        yield port
    finally:
        made.should_exit = True
        thread.join(timeout=15)
        assert not thread.is_alive()


def wait_for(condition: Any, seconds: float = 20) -> Any:
    """Wait until `condition()` is true, and return what it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


@dataclass
class Answer:
    """The answer to a request."""

    status: int
    headers: Message
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


def ask(port: int, target: str, method: str = "GET", headers: dict[str, str | None] | None = None) -> Answer:
    """Send one request and return the answer. A header of None is left out; one that is not a GET sends some bytes."""
    body = b"" if method in ("GET", "HEAD") else b"x" * 100
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    sent = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)) if body else None} | (headers or {})
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in sent.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body or None)
    answer = connection.getresponse()
    read = Answer(answer.status, answer.headers, answer.read())
    connection.close()
    return read


def rows(port: int) -> dict[str, dict[str, Any]]:
    """Return the rows of all runs by name, once the server has read each of them."""
    news = wait_for(lambda: (found := json.loads(ask(port, "/api/runs").text))["ready"] and found)
    return {row["name"]: row for row in news["rows"]}


@contextmanager
def events(port: int, after: int = 0, seconds: float = 20) -> Iterator[Iterator[tuple[dict[str, Any], int]]]:
    """Open the stream of events, and yield what each says with its number of bytes."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    connection.request("GET", f"/api/events?after={after}")
    answer = connection.getresponse()

    def read() -> Iterator[tuple[dict[str, Any], int]]:
        size = 0
        for line in iter(answer.readline, b""):
            size += len(line)
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: ")), size
                size = 0

    try:
        yield read()
    finally:
        connection.close()
