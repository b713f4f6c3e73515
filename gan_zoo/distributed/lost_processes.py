"""Detect that another process of the run has died, so that the others do not wait for its gradients for ever.

Rank 0 holds a connection to every other process. The system closes the connection of a process that ends, however it
ends; a connection that closes without a farewell thus means that its process has died. TCP keepalive finds a machine
that is gone. Silence alone means nothing, so that a slow process is never taken for a dead one.
"""

import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import torch.distributed as dist

from gan_zoo import interrupts

PATIENCE = 20.0  # seconds in which a process may end by itself after another is lost
SILENCE = (
    (socket.TCP_KEEPIDLE, 15),
    (socket.TCP_KEEPINTVL, 5),
    (socket.TCP_KEEPCNT, 4),
)  # 35 s if it does not answer
FAREWELL, FAILED, STOPPED = b"done", b"failed", b"stopped"
GREETING = 256  # bytes
DELAY = 60.0  # timeout of a greeting in seconds


class Peers:
    """The connections of this process to the others. All processes must create this object at the same time.

    Args:
        address: Address of the machine of rank 0, as the other processes reach it.
        on_loss: Function called at once with a message, on a separate thread, when another process was killed.
    """

    def __init__(self, address: str, on_loss: Callable[[str], None]) -> None:
        self._on_loss, self._lost, self._is_over = on_loss, "", False
        self._found = threading.Event()
        self.is_stopped = False
        """Whether a signal ended another process at once, so that this one must end too."""
        self._links: dict[str, socket.socket] = {}
        is_first = dist.get_rank() == 0
        with listening() if is_first else nullcontext() as server:
            box: list[Any] = [server.getsockname()[1], secrets.token_hex(8)] if server else [None, None]
            dist.broadcast_object_list(box, src=0)
            port, token = box
            if server:
                self._welcome(server, token)
            else:
                link = socket.create_connection((address, port), timeout=DELAY)
                me = f"rank {dist.get_rank()} (process {os.getpid()} on {socket.gethostname()})"
                link.sendall(f"{token}{me}".encode().ljust(GREETING)[:GREETING])
                self._links["rank 0"] = link
        for name, link in self._links.items():
            link.settimeout(None)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in SILENCE:
                link.setsockopt(socket.IPPROTO_TCP, option, value)
            threading.Thread(target=self._watch, args=(name, link), name=f"peer {name}", daemon=True).start()

    def lost(self, seconds: float = 0.0) -> str:
        """Return a message that names the lost process, "" if none is lost.

        Wait up to `seconds` for it, because a failed exchange may be noticed before the loss that caused it.
        """
        self._found.wait(seconds)
        return self._lost

    def part(self, word: bytes = FAREWELL) -> None:
        """Send `word` to the others: `FAREWELL` if this process is done. The others end too after any other word.

        `FAILED` means that this process has raised an error, and `STOPPED` that a signal has ended it.
        """
        if not self._is_over:
            self._is_over = True
            self._tell(word)

    def _welcome(self, server: socket.socket, token: str) -> None:
        server.settimeout(DELAY)
        while len(self._links) < dist.get_world_size() - 1:
            link, _ = server.accept()
            link.settimeout(DELAY)
            greeting = link.recv(GREETING, socket.MSG_WAITALL).decode(errors="replace")
            if greeting.startswith(token):  # otherwise it is not a process of this run
                self._links[greeting.removeprefix(token).strip()] = link

    def _tell(self, word: bytes) -> None:
        for link in self._links.values():
            with suppress(OSError):
                link.sendall(word)
                link.shutdown(socket.SHUT_WR)

    def _watch(self, name: str, link: socket.socket) -> None:
        received = b""
        with suppress(OSError):
            while part := link.recv(1024):
                received += part
        if received == FAREWELL or self._is_over or self._found.is_set():
            return
        self._lost = {
            b"": f"{name} has ended without a word: it was killed, or its machine is gone.",
            FAILED: f"{name} has failed, and has printed why.",
            STOPPED: f"{name} was stopped by a signal.",
        }.get(received, received.decode())
        self.is_stopped = received == STOPPED
        if received not in (FAILED, STOPPED):
            self._on_loss(self._lost)
        self._found.set()
        # The other processes are connected to rank 0 only, which passes the message on.
        self._tell(STOPPED if self.is_stopped else self._lost.encode())
        if self.is_stopped:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(PATIENCE)
        if not self._is_over:  # the main thread waits where no exception reaches it
            message = "Stopped." if self.is_stopped else self._lost
            print(f"gan-zoo: {message}", file=sys.stderr, flush=True)
            os._exit(interrupts.exit_code(interrupts.CODE) if self.is_stopped else 1)


def listening() -> socket.socket:
    """Return a server at a free port, for IPv4 and IPv6 addresses where the machine has both."""
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    return socket.create_server(("", 0), family=family, dualstack_ipv6=dual)
