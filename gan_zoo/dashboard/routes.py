"""Every address that the server answers, and nothing else.

    /                                   the list of runs
    /run?id=ID                          one run
    /compare?ids=ID,ID                  several runs
    /api/runs?after=N                   rows that have changed since change number N
    /api/events?after=N                 the same, as a stream of events
    /api/lines?id=ID&generation=&after= lines of metrics after a cursor
    /runs/ID/grids/STEP.png             pictures and the log of a run
    /runs/ID/neighbours.png, log.txt
    /static/NAME                        scripts and style

The addresses of the playground are in `playing.py`. An ID is looked up in the table of runs and is never part of a
path. Addresses within pages are relative, so that a proxy may show the server below a path of its own.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from gan_zoo.dashboard import pages, playing
from gan_zoo.dashboard.courses import KEPT, Courses
from gan_zoo.dashboard.playground import Playground
from gan_zoo.dashboard.rows import Watched
from gan_zoo.dashboard.watch import Watch
from gan_zoo.report.collect import grids, is_own, latest_neighbours
from gan_zoo.run.files import end_of
from gan_zoo.run.layout import LOG
from gan_zoo.run.reading import Damaged, open_plain

LARGEST = 64 << 20
"""Most bytes of a picture."""
READERS = 200
"""Most streams of events at a time."""
QUIET = 15.0
"""Seconds after which an event stream without news sends a comment, so that a reader that is gone is noticed."""


class State:
    """What the routes share.

    Args:
        root: The folder of all runs.
        allow_modules: Modules beside ours that a run may name, when somebody plays with it.
    """

    def __init__(self, root: Path, allow_modules: tuple[str, ...] = ()) -> None:
        self.watch = Watch(root)
        self.playground = Playground(allow_modules)
        self.courses = Courses()
        self.readers = 0
        """Number of event streams."""
        self.server: uvicorn.Server | None = None
        self.is_closing = False

    def watched(self, key: str) -> Watched:
        """Return the run of an id.

        Raises:
            HTTPException: There is no such run.
        """
        if key not in self.watch.runs:
            raise HTTPException(404, "There is no such run: it was removed, or never there.")
        return self.watch.runs[key]

    @property
    def is_ending(self) -> bool:
        """Whether the server ends, so that no answer should go on."""
        return self.is_closing or bool(self.server and self.server.should_exit)

    def note_end(self, task: "asyncio.Task[None]") -> None:
        """End the server if the look at the runs has failed: a page that stands still would not say so."""
        if not task.cancelled() and task.exception() and self.server:
            self.server.should_exit = True


def routes(state: State) -> list[Route]:
    """Return the routes. Functions that are not `async` run in threads, as they read files."""

    def listing(request: Request) -> Response:
        return HTMLResponse(pages.listing(state.watch.root))

    def run(request: Request) -> Response:
        return HTMLResponse(pages.runs([state.watched(request.query_params.get("id", ""))], state.courses))

    def compare(request: Request) -> Response:
        ids = list(dict.fromkeys(filter(None, request.query_params.get("ids", "").split(","))))
        known = [state.watch.runs[key] for key in ids if key in state.watch.runs]
        if not known:
            raise HTTPException(404, "None of these runs is there: pick runs in the list.")
        if len(known) > KEPT:
            raise HTTPException(400, f"One page compares at most {KEPT} runs: pick fewer.")
        return HTMLResponse(pages.runs(known, state.courses))

    def lines(request: Request) -> Response:
        course = state.courses.of(state.watched(request.query_params.get("id", "")))
        return JSONResponse(course.after(number(request, "generation"), number(request, "after")))

    async def rows(request: Request) -> Response:
        return Response(state.watch.since(number(request, "after")), media_type="application/json")

    async def events(request: Request) -> Response:
        if state.readers >= READERS:
            raise HTTPException(503, "Too many pages are open.")
        after = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        version = int(after) if after.isdecimal() and len(after) < 16 else 0
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream(state, version), media_type="text/event-stream", headers=headers)

    def grid(request: Request) -> Response:
        watched = state.watched(request.path_params["id"])
        return picture(request, dict(grids(watched.run)).get(request.path_params["step"]), watched)

    def neighbours(request: Request) -> Response:
        watched = state.watched(request.path_params["id"])
        return picture(request, latest_neighbours(watched.run), watched)

    def log(request: Request) -> Response:
        watched = state.watched(request.path_params["id"])
        file = watched.run.path / LOG
        content = plainly(lambda: end_of(file)) if is_own(file, watched.run.path) else None
        if content is None:
            raise HTTPException(404, "This run has no log.")
        return PlainTextResponse(content.decode(errors="replace"))

    return [
        Route("/", listing),
        Route("/run", run),
        Route("/compare", compare),
        Route("/api/runs", rows),
        Route("/api/events", events),
        Route("/api/lines", lines),
        Route("/runs/{id}/grids/{step:int}.png", grid),
        Route("/runs/{id}/neighbours.png", neighbours),
        Route("/runs/{id}/log.txt", log),
        Route("/static/{name}", static),
        *playing.routes(state.playground, lambda key: state.watched(key).run),
    ]


def static(request: Request) -> Response:
    """Answer with a script or the style, by its name in a table."""
    found = files().get(request.path_params["name"])
    if not found:
        raise HTTPException(404, "There is no such file.")
    kind, content, tag = found
    return unchanged(request, tag) or Response(content, media_type=kind, headers={"ETag": tag})


@cache
def files() -> dict[str, tuple[str, bytes, str]]:
    """Return kind, content and tag of every script and style by name."""
    kinds = {".js": "text/javascript", ".css": "text/css"}
    content = {file.name: file.read_bytes() for file in (Path(__file__).parent / "static").iterdir()}
    content |= {name: text.encode() for name, text in pages.shared().items()}
    return {name: (kinds[Path(name).suffix], body, tagged(body)) for name, body in content.items()}


def tagged(content: bytes) -> str:
    """Return a tag that changes with the content."""
    return f'"{hashlib.sha256(content).hexdigest()[:24]}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """Return the answer to a browser that has this content already; None if it has not."""
    return Response(status_code=304, headers={"ETag": tag}) if request.headers.get("if-none-match") == tag else None


def picture(request: Request, file: Path | None, watched: Watched) -> Response:
    """Answer with a picture of a run.

    Raises:
        HTTPException: There is none, or it cannot be read.
    """
    content = plainly(lambda: read(file)) if file and is_own(file, watched.run.path) else None
    if content is None:
        raise HTTPException(404, "There is no such picture.")
    tag = tagged(content)
    return unchanged(request, tag) or Response(content, media_type="image/png", headers={"ETag": tag})


def read(file: Path) -> bytes:
    """Return the content of a picture.

    Raises:
        Damaged: It is no plain file, or too large.
        FileNotFoundError: It is gone.
    """
    with open_plain(file, most=LARGEST) as stream:
        return stream.read(LARGEST)


def plainly(reader: Any) -> bytes | None:
    """Return what `reader` reads; None if the file is gone, or is not what it should be."""
    try:
        return reader()
    except (Damaged, FileNotFoundError):
        return None


def number(request: Request, name: str) -> int:
    """Return a whole number of the query; 0 if it is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else 0


async def stream(state: State, version: int) -> AsyncIterator[bytes]:
    """Yield an event for every change after `version`, each with all rows that have changed since the one before."""
    state.readers += 1
    silent = 0.0
    try:
        yield b"retry: 2000\n\n"
        while not state.is_ending:
            if version != state.watch.version:
                content, version, silent = state.watch.since(version), state.watch.version, 0.0
                yield b"id: %d\ndata: %b\n\n" % (version, content)
            elif silent >= QUIET:
                silent = 0.0
                yield b": nothing new\n\n"
            if not await state.watch.wait(version, 1.0):
                silent += 1.0
    finally:
        state.readers -= 1
