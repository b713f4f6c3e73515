"""Start the server: choose address and token, listen, say where, and serve until a signal comes."""

import asyncio
import contextlib
import ipaddress
import logging
import secrets
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from datamodules.names import visible
from gan_zoo.dashboard.playing import UPLOADS
from gan_zoo.dashboard.routes import State, routes
from gan_zoo.dashboard.safety import LOOPBACK, Guard, SafeHeaders
from gan_zoo.errors import Mistake

CONNECTIONS = 300
"""Most connections at a time. Further ones are answered with 503."""


def application(root: Path, token: str, cookie: str, allow_modules: tuple[str, ...] = ()) -> Starlette:
    """Return the server's application.

    Args:
        root: The folder of all runs.
        token: What a request must know; "" allows every request to this machine's own names.
        cookie: Name of the cookie that holds the token.
        allow_modules: Modules beside ours that a run may name, when somebody plays with it.
    """
    state = State(root, allow_modules)

    @contextlib.asynccontextmanager
    async def watching(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(state.watch.keep_looking())
        task.add_done_callback(state.note_end)
        yield
        state.is_closing = True
        task.cancel()
        await run_in_threadpool(state.playground.close)

    hosts = [] if token else [Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK], www_redirect=False)]
    guards = [
        Middleware(SafeHeaders),
        *hosts,
        Middleware(Guard, token=token, cookie=cookie, uploads=UPLOADS),
        Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4),
    ]
    app = Starlette(routes=routes(state), middleware=guards, lifespan=watching)
    app.state.dashboard = state
    return app


def is_loopback(host: str) -> bool:
    """Return whether `host` names this machine to itself alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        Mistake: The port is taken, or the address is not one of this machine.
    """
    if not 0 <= port < 1 << 16:
        raise Mistake(f"There is no port {port}: choose --port from 1 to 65535, or 0 for any that is free.")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise Mistake(
            f"The dashboard cannot listen at {host}, port {port}: {error.strerror}. "
            "Choose another --port, or 0 for any that is free."
        ) from error
    return listener


def server(root: Path, cookie: str, token: str, allow_modules: tuple[str, ...] = ()) -> uvicorn.Server:
    """Return the server of the runs in `root`, not yet started."""
    app = application(root, token, cookie, allow_modules)
    made = uvicorn.Server(
        uvicorn.Config(
            app,
            ws="none",
            lifespan="on",
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=3,
        )
    )
    app.state.dashboard.server = made
    return made


def serve(
    root: Path, port: int = 8787, host: str = "127.0.0.1", token: str = "", allow_modules: tuple[str, ...] = ()
) -> int:
    """Serve the runs in `root` until a signal comes, and return the exit code.

    Args:
        root: The folder of all runs.
        port: The port; 0: any that is free.
        host: The address to listen at. One that others can reach gets a token.
        token: The token that requests must know; "": none, unless `host` can be reached from outside.
        allow_modules: Modules beside ours that a run may name, when somebody plays with it.

    Raises:
        Mistake: There is no such folder, or the address cannot be used.
    """
    if not root.is_dir():
        raise Mistake(f"There is no folder {root}: name the folder of your runs, such as runs/.")
    is_open = not is_loopback(host)
    token = token or (secrets.token_urlsafe(24) if is_open else "")
    listener = listen(host, port)
    port = listener.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{port}/{f'?token={token}' if token else ''}"
    print(f"The dashboard of {visible(str(root))} is at {address} (Ctrl-C ends it).", flush=True)
    if is_open:
        print(
            "Everyone who knows this address, with its token, can see these runs. Nobody can change them.", flush=True
        )
    server(root, f"gan_zoo_{port}", token, allow_modules).run(sockets=[listener])
    return 0
