"""The addresses of the playground.

    /play?id=ID                     the page
    /api/play?id=ID                 what the run can show, and the controls of it
    /runs/ID/play/MODE.png?...      a picture; the query holds the controls that differ from their defaults
    /uploads                        takes an image file by POST, and answers with its name

A picture has an ETag of the run, its weights and the controls, so a browser that asks again gets no new bytes.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from gan_zoo.dashboard.playground import LARGEST, Playground, Superseded, Unavailable
from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run

UPLOADS = ("/uploads",)
"""Paths that take a POST."""
KIND = "application/octet-stream"
"""The kind of content that an upload must state. No form of another site can send it without asking first."""
PATIENCE = 60.0
"""Seconds in which an upload must have come."""
AT_ONCE = 4
"""Most uploads at a time."""
VALUES, LONGEST = 20, 2000
"""Most controls in a query, and its most characters."""


@contextmanager
def plainly() -> Iterator[None]:
    """Within the block, turn what can go wrong into an answer of one line."""
    try:
        yield
    except Mistake as mistake:
        raise HTTPException(400, str(mistake)) from mistake
    except Superseded as error:
        raise HTTPException(409, "A newer request has taken the place of this one.") from error
    except Unavailable as error:
        raise HTTPException(503, str(error)) from error


def routes(playground: Playground, find: Callable[[str], Run]) -> list[Route]:
    """Return the routes of the playground. Functions that are not `async` run in threads, as they wait for pictures.

    Args:
        playground: Makes the pictures.
        find: Function from an id to its run, which raises an `HTTPException` if there is none.
    """
    coming = asyncio.Semaphore(AT_ONCE)

    def page(request: Request) -> Response:
        run = find(request.query_params.get("id", ""))
        return HTMLResponse(template().render(name=run.name, id=request.query_params["id"]))

    def controls(request: Request) -> Response:
        run = find(request.query_params.get("id", ""))
        with plainly():
            return JSONResponse({"modes": playground.controls(run)})

    def picture(request: Request) -> Response:
        run, mode = find(request.path_params["id"]), request.path_params["mode"]
        values = dict(request.query_params)
        if len(values) > VALUES or len(str(request.query_params)) > LONGEST:
            raise HTTPException(400, f"A picture has at most {VALUES} controls and {LONGEST:,} characters of them.")
        tag = f'"{playground.tag(run, mode, values)}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        with plainly():
            made = playground.picture(run, mode, values, request.headers.get("x-client", "")[:64])
        return Response(made.content, media_type="image/png", headers={"ETag": f'"{made.tag}"'})

    async def upload(request: Request) -> Response:
        if request.headers.get("content-type") != KIND:
            raise HTTPException(415, f"Send the image file itself, as {KIND}.")
        if coming.locked():
            raise HTTPException(503, "Too many images come at once: try again.")
        async with coming:
            content = await received(request)
        with plainly():
            return JSONResponse({"image": await run_in_threadpool(playground.keep, content)})

    return [
        Route("/play", page),
        Route("/api/play", controls),
        Route("/runs/{id}/play/{mode}.png", picture),
        Route("/uploads", upload, methods=["POST"]),
    ]


async def received(request: Request) -> bytes:
    """Return the content of a request, of which no more than allowed is kept in memory.

    Raises:
        HTTPException: It is too large or too slow, or ends too early.
    """
    too_large = HTTPException(413, f"An image file may have {LARGEST:,} bytes.")
    stated = request.headers.get("content-length", "0")
    if not stated.isdecimal() or len(stated) > 15 or int(stated) > LARGEST:
        raise too_large
    content = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                content += piece
                if len(content) > LARGEST:
                    raise too_large
    except TimeoutError as error:
        raise HTTPException(408, f"The image did not come within {PATIENCE:g} s.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The image did not come whole.") from error
    return bytes(content)


@cache
def template():
    """Return the template of the page, which escapes whatever is put in."""
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("play.html.j2")
