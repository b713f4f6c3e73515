"""Whether the other processes of a run still live: one that dies must not leave the others waiting for its gradients.

Rank 0 holds a connection to every other process. One that ends without a farewell means that its process has ended,
however it did, for the system closes it; a machine that is gone is found by TCP's own questions. Nothing is inferred
from silence, so a slow process is never taken for a dead one.
"""

import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import torch.distributed as dist

PATIENCE = 20.0  # seconds that a process has to end by itself, once another is lost
SILENCE = ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 4))  # 35 s, where no host answers
FAREWELL, FAILED = b"done", b"failed"
GREETING = 256  # bytes
DELAY = 60.0  # seconds that a greeting may take


class Peers:
    """The connections of this process to the others. Every process must make one, at the same time.

    Args:
        address: of the machine of rank 0, as the others see it.
        on_loss: told at once of a process that was killed, on a thread of its own.
    """

    def __init__(self, address: str, on_loss: Callable[[str], None]) -> None:
        self._on_loss, self._lost, self._is_over = on_loss, "", False
        self._found = threading.Event()
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
        """Which process was lost, "" if none; waits for `seconds`, as a failure may be seen before its cause."""
        self._found.wait(seconds)
        return self._lost

    def part(self, word: bytes = FAREWELL) -> None:
        """Say farewell: this process has done its work, or has `FAILED` and the others are to end too."""
        if not self._is_over:
            self._is_over = True
            self._tell(word)

    def _welcome(self, server: socket.socket, token: str) -> None:
        server.settimeout(DELAY)
        while len(self._links) < dist.get_world_size() - 1:
            link, _ = server.accept()
            link.settimeout(DELAY)
            greeting = link.recv(GREETING, socket.MSG_WAITALL).decode(errors="replace")
            if greeting.startswith(token):  # else it is a stranger
                self._links[greeting.removeprefix(token).strip()] = link

    def _tell(self, word: bytes) -> None:
        for link in self._links.values():
            with suppress(OSError):
                link.sendall(word)
                link.shutdown(socket.SHUT_WR)

    def _watch(self, name: str, link: socket.socket) -> None:
        said = b""
        with suppress(OSError):
            while part := link.recv(1024):
                said += part
        if said == FAREWELL or self._is_over or self._found.is_set():
            return
        self._lost = {
            b"": f"{name} has ended without a word: it was killed, or its machine is gone.",
            FAILED: f"{name} has failed, and has said why.",
        }.get(said, said.decode())
        if said != FAILED:
            self._on_loss(self._lost)
        self._found.set()
        self._tell(self._lost.encode())  # rank 0 knows who it is; the others are connected to rank 0 alone
        time.sleep(PATIENCE)
        if not self._is_over:  # the process waits where no exception reaches it
            print(f"gan-zoo: {self._lost}", file=sys.stderr, flush=True)
            os._exit(1)


def listening() -> socket.socket:
    """A server at a free port, for both kinds of addresses where the machine has both."""
    both = socket.has_dualstack_ipv6()
    return socket.create_server(("", 0), family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both)
