"""The addresses of the playground, asked by a client and by a browser, with real runs and the real process."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_zoo.dashboard import playing
from gan_zoo.dashboard.playground import LARGEST
from tests.dashboard.played import Runs
from tests.dashboard.played import runs as runs
from tests.dashboard.serving import Answer, rows, serving
from tests.datamodules.test_hostile_files import png as bomb
from tests.drivers.image_files import encoded, picture, write
from tests.report.test_browser import AXE, RULES

SENT = {"Content-Type": playing.KIND}


class Client:
    """Asks the server, as a program would that keeps to no browser's rules."""

    def __init__(self, port: int, ids: dict[str, str]) -> None:
        self.port, self.ids = port, ids

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, content: Any, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("POST", path, content, headers)

    def full(self, path: str) -> str:
        """Return a path in which ids stand for the names of the two runs."""
        return re.sub(r"(?<=id=)[nh]$|(?<=^/runs/)[nh](?=/)", lambda match: self.ids[match[0]], path)

    def ask(self, method: str, path: str, content: Any, headers: dict[str, str] | None) -> Answer:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
                connection.request(method, self.full(path), content, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


@pytest.fixture(scope="module")
def client(runs: Runs) -> Iterator[Client]:
    with serving(runs.noise.path.parent) as port:
        found = rows(port)
        yield Client(port, {"n": found["noise"]["id"], "h": found["horses"]["id"]})


def test_the_page_escapes_names_and_unknown_runs_are_not_there(client: Client, runs: Runs, tmp_path: Path) -> None:
    assert f'<main id="playground" data-id="{client.ids["n"]}">' in client.get("/play?id=n").text
    assert f'<a href="play?id={client.ids["n"]}">Play with it</a>' in client.get("/run?id=n").text
    for address in ("/play?id=x", "/play", "/api/play?id=../n", "/runs/x/play/sample.png", "/runs/../play/sample.png"):
        assert client.get(address).status == 404
    odd = playing.template().render(name="<script>alert(1)</script>", id='"><b>')
    assert "<script>alert" not in odd and "<b>" not in odd


def test_uploads_that_cannot_be_used_are_refused_before_a_process_starts(client: Client) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(LARGEST // (1 << 20) + 1):
            yield bytes(1 << 20)

    assert client.get("/uploads").status == 405
    assert client.post("/uploads", b"x").status == 415
    assert client.post("/uploads", b"x", headers={"Content-Type": "image/png"}).status == 415
    assert client.post("/uploads", bytes(LARGEST + 1), SENT).status == 413
    assert client.post("/uploads", pieces(), SENT).status == 413, "without a stated length"


def test_a_query_of_too_many_controls_is_refused(client: Client) -> None:
    many = "&".join(f"a{number}=1" for number in range(21))
    for query in (many, f"seed={'9' * 2001}"):
        refused = client.get(f"/runs/n/play/sample.png?{query}")
        assert (refused.status, refused.text[:30]) == (400, "A picture has at most 20 contr")


@pytest.mark.slow
def test_a_picture_has_a_tag_and_is_not_sent_twice(client: Client, runs: Runs) -> None:
    first = client.get("/runs/n/play/sample.png?seed=1")
    assert first.headers["content-type"] == "image/png" and first.content.startswith(b"\x89PNG")
    again = client.get("/runs/n/play/sample.png?seed=1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.content) == (304, b"")
    other = client.get("/runs/n/play/sample.png?seed=2", headers={"If-None-Match": first.headers["etag"]})
    assert other.status == 200 and other.content != first.content
    refused = client.get("/runs/n/play/sample.png?seed=x")
    assert (refused.status, refused.text) == (400, "seed is x: a whole number from 0 to 1000000000.")
    assert [mode["name"] for mode in json.loads(client.get("/api/play?id=n").content)["modes"]] == [
        "sample",
        "walk",
        "sum",
    ]


@pytest.mark.slow
def test_an_image_that_was_sent_is_translated_and_a_bomb_refused(client: Client) -> None:
    name = json.loads(client.post("/uploads", encoded(picture(1, 30, 20)), SENT).content)["image"]
    own = client.get("/runs/h/play/translate.png")
    sent = client.get(f"/runs/h/play/translate.png?image={name}")
    assert sent.status == 200 and sent.content != own.content
    for content in (bomb(1 << 30, 1), b"", b"no image"):
        refused = client.post("/uploads", content, SENT)
        assert refused.status == 400 and refused.text.count("\n") == 0
    assert client.get(f"/runs/h/play/translate.png?image={'0' * 24}").text.startswith("This image is no longer here")


@pytest.mark.slow
def test_a_person_plays(runs: Runs, browser, tmp_path: Path) -> None:
    """The picture changes with the seed and stays after a reload; a file is translated; nothing goes elsewhere."""
    said: list[str] = []
    with serving(runs.noise.path.parent) as port:
        address, ids = f"http://127.0.0.1:{port}", {name: row["id"] for name, row in rows(port).items()}
        tab = browser.new_page(viewport={"width": 1100, "height": 800})
        tab.on("request", lambda request: request.url.startswith((address, "data:")) or said.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))

        def source(before: str = "") -> str:
            tab.wait_for_function("now => document.querySelector('#picture img').src !== now", arg=before)
            return tab.eval_on_selector("#picture img", "image => image.src")

        tab.goto(f"{address}/play?id={ids['noise']}", timeout=60_000)
        tab.wait_for_selector("#picture img[src]", timeout=60_000)
        first = source()
        tab.get_by_label("Seed", exact=True).fill("7")
        seventh = source(first)
        assert tab.url.endswith("#mode=sample&seed=7")
        tab.reload()
        tab.wait_for_selector("#picture img[src]")
        assert source() == seventh
        tab.get_by_label("Show", exact=True).select_option("walk")
        walk = source(seventh)
        tab.get_by_label("Position", exact=True).press("ArrowRight")
        assert source(walk) != walk and tab.evaluate("document.activeElement.type") == "range"
        tab.get_by_label("Images", exact=True).fill("65")
        tab.wait_for_selector("#status.bad")
        assert tab.inner_text("#status") == "count is 65: a whole number from 1 to 64."
        tab.goto(f"{address}/play?id={ids['horses']}", timeout=60_000)
        tab.wait_for_selector("#picture img[src]")
        own = source()
        tab.get_by_label("One of the run's own", exact=True).fill("1")
        second = source(own)
        tab.get_by_label("Your own file", exact=True).set_input_files(write(tmp_path / "mine.png", picture(77, 40, 30)))
        mine = source(second)
        tab.reload()
        tab.wait_for_selector("#picture img[src]")
        assert source() == mine
        tab.evaluate(AXE.read_text())  # not as a script of the page, which its policy refuses
        found = tab.evaluate("rules => axe.run({ runOnly: rules })", RULES)
        assert not [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
        tab.screenshot(path=str(tmp_path / "play.png"))
        tab.close()
    assert [text for text in said if "400" not in text] == []
    assert Image.open(io.BytesIO((tmp_path / "play.png").read_bytes())).size == (1100, 800)
