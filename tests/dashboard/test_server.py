"""The server: what it answers, what it refuses, and what it survives."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from gan_zoo.cli import run
from gan_zoo.dashboard import safety
from gan_zoo.dashboard.server import is_loopback, listen
from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run
from tests.dashboard.serving import ask, events, rows, serving, wait_for
from tests.report.made import PIXEL, add_score, make_run, make_study, two_methods

ODD = "<script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two methods, a run and a study with names of HTML, and a run whose pictures lead out of it."""
    root = tmp_path_factory.mktemp("runs")
    two_methods(root / "s")
    make_run(root / "odd", {10: 1.0}, model=ODD, status="failed", error=f"It broke: {ODD}")
    make_study(root / "html", {"x": {"method": "m", "last_line": ODD}})
    text = (root / "html" / "study.json").read_text().replace('"html"', json.dumps(ODD))
    (root / "html" / "study.json").write_text(text)
    make_run(root / "html" / "x", {10: 1.0})
    (root / "secret.png").write_bytes(PIXEL + b"secret")
    leading = make_run(root / "leading", {10: 1.0})
    (leading / "images" / "step_00000020.png").symlink_to(root / "secret.png")
    (leading / "log.txt").symlink_to(root / "secret.png")
    (root / "s" / "b-s1" / "log.txt").write_text("first\nlast words\n")
    return root


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with serving(folder) as one:
        yield one


def key(port: int, name: str) -> str:
    return rows(port)[name]["id"]


def test_the_list_says_what_status_says(port: int, folder: Path) -> None:
    found = rows(port)
    assert {name for name, row in found.items() if "state" in row} == {
        *("s/a-s0", "s/a-s1", "s/b-s0", "s/b-s1", "odd", "html/x", "leading")
    }
    row = found["s/b-s0"]
    assert (row["state"], row["study"], row["method"], row["step"]) == ("finished", "s", "b", 100)
    assert (row["metric"], row["value"], row["speed"]) == ("fd_lenet", 30.0, 100.0)
    assert found["s/b-s1"]["state"] == "failed" and found["s/b-s1"]["error"] == "Loss was nan & <odd>."
    assert found["s"]["counts"] == {"finished": 3, "failed": 1}


def test_a_page_of_one_run_shows_its_reason_log_settings_and_scores(port: int) -> None:
    page = ask(port, f"/run?id={key(port, 's/b-s1')}").text
    assert "Loss was nan &amp; &lt;odd&gt;." in page and "last words" in page
    assert "model.<wbr>width" in page and "extractor lenet" in page
    assert f"runs/{key(port, 's/b-s1')}/grids/0.png" in page and "data:image" not in page


def test_a_page_of_several_runs_is_the_report_of_them(port: int) -> None:
    ids = ",".join(key(port, name) for name in ("s/a-s0", "s/a-s1", "s/b-s0"))
    page = ask(port, f"/compare?ids={ids},unknown").text
    assert re.search(r'<td class="mean number"[^>]*><button[^>]*>12\.0', page)  # the mean of 10 and 14
    assert page.count("grids/100.png") >= 3 and "What differs" in page
    assert ask(port, "/compare?ids=unknown").status == 404
    assert ask(port, "/compare").status == 404


def test_pictures_and_logs_are_served_with_a_tag(port: int) -> None:
    run = key(port, "s/a-s0")
    answer = ask(port, f"/runs/{run}/grids/50.png")
    assert (answer.status, answer.content, answer.headers["content-type"]) == (200, PIXEL, "image/png")
    again = ask(port, f"/runs/{run}/grids/50.png", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.content) == (304, b"")
    assert ask(port, f"/runs/{key(port, 's/b-s1')}/log.txt").content == b"first\nlast words\n"
    assert ask(port, f"/runs/{run}/log.txt").status == 404
    assert ask(port, f"/runs/{run}/grids/50.png", method="HEAD").status == 200
    for name in ("report.js", "style.css", "list.js", "run.js", "dashboard.css"):
        assert ask(port, f"/static/{name}").status == 200


def test_nothing_outside_a_run_is_served(port: int) -> None:
    run = key(port, "leading")
    for target in (
        *(f"/runs/{run}/grids/20.png", f"/runs/{run}/log.txt", f"/runs/{run}/grids/..%2F..%2Fsecret.png"),
        *(f"/runs/{run}/../../secret.png", "/runs/..%2Fsecret/log.txt", "/runs/leading/log.txt", "/secret.png"),
        *("/static/..%2Froutes.py", "/static/../routes.py", "/static/%2e%2e%2froutes.py", "//etc/passwd"),
        *("/run?id=../leading", "/run?id=leading", "/run", f"/api/lines?id={run}%00", "/run.json", "/%00", "/%ff"),
        f"/runs/{run}/grids/{'9' * 3000}.png",
    ):
        answer = ask(port, target)
        assert (answer.status, b"secret" in answer.content) == (404, False), target


@pytest.mark.parametrize("host", [None, "", "evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[::"])
def test_a_host_that_is_not_this_machine_is_refused(port: int, host: str | None) -> None:
    answer = ask(port, "/api/runs", headers={"Host": host})
    assert answer.status == 400 and b"rows" not in answer.content


def test_a_name_of_this_machine_is_taken(port: int) -> None:
    for host in ("localhost", "127.0.0.1:1", "[::1]:8787", "LOCALHOST"):
        assert ask(port, "/api/runs", headers={"Host": host}).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_only_reading_is_allowed(port: int, method: str) -> None:
    for target in ("/", "/api/runs", "/nothing"):
        answer = ask(port, target, method=method)
        assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"


def test_a_huge_address_is_refused(port: int) -> None:
    assert ask(port, "/run?id=" + "x" * 5000).status == 414
    assert ask(port, "/" + "x" * 5000).status == 414
    with suppress(ConnectionError):  # it may be refused before it is read
        assert ask(port, "/run?id=" + "x" * 200_000).status in (400, 414)
    assert ask(port, "/").status == 200


def test_a_page_of_another_site_gets_nothing(port: int) -> None:
    for site in ("cross-site", "same-site"):
        assert ask(port, "/api/runs", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}).status == 403
        assert (
            ask(port, "/", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}).status == 200
        )  # a link is no question
    answer = ask(port, "/api/runs", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_allows_only_what_is_the_servers_own(port: int) -> None:
    for target, host in (
        ("/", None),
        ("/nothing", None),
        ("/api/runs", "evil.example"),
        ("/run?id=" + "x" * 5000, None),
    ):
        headers = ask(port, target, headers={"Host": host} if host else None).headers
        for name, value in safety.SAFE_HEADERS.items():
            assert headers[name] == value, (target, name)
    policy = safety.SAFE_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy and policy.startswith("default-src 'none'")


def test_names_of_html_stay_text(port: int) -> None:
    ids = ",".join(key(port, name) for name in ("html/x", "s/a-s0"))  # whose labels name their studies
    for target in (f"/run?id={key(port, 'odd')}", f"/compare?ids={ids}"):
        page = ask(port, target).text
        assert "owned" in page
        assert ODD not in page


def test_numbers_that_are_none_are_no_error(port: int) -> None:
    for value in ("-1", "x", "9" * 30, "%D9%A3", ""):
        assert ask(port, f"/api/runs?after={value}").status == 200
        assert ask(port, f"/api/lines?id={key(port, 'odd')}&generation={value}&after={value}").status == 200


def test_a_new_line_arrives_soon_and_costs_little(tmp_path: Path) -> None:
    for number in range(30):
        make_run(tmp_path / f"run{number}", {10: 1.0}, status="running")
    with serving(tmp_path) as port:
        found = rows(port)
        version = json.loads(ask(port, "/api/runs").content)["version"]
        with events(port, after=version) as news:
            time.sleep(0.5)
            chosen = Run(tmp_path / "run7")
            begun = time.monotonic()
            chosen.append(chosen.metrics_file, {"step": 11, "images": 88, "seconds": 1.1, "generator/x": 0.5})
            said, size = next(news)
            assert time.monotonic() - begun < 1.5
            assert [(row["id"], row["step"]) for row in said["rows"]] == [(found["run7"]["id"], 11)]
            assert size < 2000


@pytest.mark.slow
def test_a_run_that_is_removed_while_it_is_shown_is_said_to_be_gone(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {10: 1.0})
    make_run(tmp_path / "b", {10: 1.0})
    with serving(tmp_path) as port:
        run = key(port, "a")
        assert ask(port, f"/run?id={run}").status == 200
        version = json.loads(ask(port, "/api/runs").content)["version"]
        with events(port, after=version) as news:
            shutil.rmtree(tmp_path / "a")
            assert ask(port, f"/run?id={run}").status in (200, 404)  # it is read, or already known to be gone
            said, _ = next(news)
            assert said["gone"] == [run] and said["rows"] == []
        for target in (f"/run?id={run}", f"/api/lines?id={run}", f"/runs/{run}/grids/10.png"):
            assert ask(port, target).status == 404
        assert ask(port, f"/run?id={key(port, 'b')}").status == 200
        make_run(tmp_path / "a", {20: 1.0})
        wait_for(lambda: rows(port).get("a", {}).get("step") == 20)


@pytest.mark.slow
def test_files_that_are_cut_or_damaged_while_they_are_read_harm_no_other_run(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {step: 1.0 + step for step in range(0, 500, 10)})
    make_run(tmp_path / "b", {10: 1.0})
    with serving(tmp_path) as port:
        run = key(port, "a")
        for content in (b"", b'{"step": 1e999}\n', b"\x00" * 5000, b'{"step": 1', b"[" * 2000, b"\xff\xfe\n" * 50):
            for name in ("metrics.jsonl", "evaluations.jsonl", "run.json", "config.yaml"):
                (tmp_path / "a" / name).write_bytes(content)
                for target in (f"/run?id={run}", f"/api/lines?id={run}", f"/compare?ids={run},{key(port, 'b')}"):
                    assert ask(port, target).status == 200, (name, content[:10], target)
        wait_for(lambda: rows(port)["a"]["state"] == "damaged")
        assert rows(port)["b"]["state"] == "finished"


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"cells": {}}', '{"cells": {"a": {}}}', '{"name": 1, "cells": {"a": {"status": 3}}}']
)
def test_a_study_whose_file_is_damaged_leaves_its_runs_as_they_are(tmp_path: Path, content: str) -> None:
    make_run(tmp_path / "s/a", {10: 1.0})
    (tmp_path / "s/study.json").write_text(content)
    with serving(tmp_path) as port:
        assert rows(port)["s/a"]["state"] == "finished"


@pytest.mark.slow
def test_a_thousand_runs_are_listed(tmp_path: Path) -> None:
    for number in range(1000):
        run = tmp_path / f"{number % 10}" / f"{number}"
        run.mkdir(parents=True)
        (run / "run.json").write_text(f'{{"status": "finished", "model": "GAN", "seed": {number}}}')
    with serving(tmp_path) as port:
        begun = time.monotonic()
        assert ask(port, "/").status == 200 and time.monotonic() - begun < 2
        assert len(rows(port)) == 1000 and time.monotonic() - begun < 20
        ids = [row["id"] for row in rows(port).values()]
        assert ask(port, f"/compare?ids={','.join(ids[:40])}").status == 200
        assert ask(port, f"/compare?ids={','.join(ids[:41])}").status == 400


def test_a_token_is_asked_for_and_remembered(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {10: 1.0})
    with serving(tmp_path, token="sesame") as port:
        for target in (
            "/",
            "/api/runs",
            "/api/events",
            "/static/list.js",
            "/?token=",
            "/?token=wrong",
            "/?token=sesam%C3%A9",
        ):
            answer = ask(port, target, headers={"Host": "machine.example"})
            assert answer.status == 401 and b"printed" in answer.content
        entry = ask(port, "/run?token=sesame&id=a", headers={"Host": "machine.example"})
        assert (entry.status, entry.headers["location"]) == (303, "run?id=a")
        assert ask(port, "/?token=sesame").headers["location"] == "./"
        cookie = entry.headers["set-cookie"]
        assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
        known = cookie.partition(";")[0]
        assert ask(port, "/api/runs", headers={"Host": "machine.example", "Cookie": known}).status == 200
        assert ask(port, "/api/runs", headers={"Authorization": "Bearer sesame"}).status == 200
        for wrong in ("gan_zoo_1=sesame", known + "x", f"{known.partition('=')[0]}=", "=;=\x01"):
            assert ask(port, "/api/runs", headers={"Cookie": wrong}).status == 401
        assert ask(port, "/api/runs", method="POST", headers={"Cookie": known}).status == 405


def test_which_addresses_only_this_machine_reaches() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "machine.example", "")))


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"There is no folder .*nothing"):
        run(["dashboard", str(tmp_path / "nothing")])
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(Mistake, match=rf"cannot listen at 127.0.0.1, port {port}: Address already in use"):
        run(["dashboard", str(tmp_path), "--port", str(port)])
    for port_typed in ("-1", "65536"):
        with pytest.raises(Mistake, match="There is no port"):
            run(["dashboard", str(tmp_path), "--port", port_typed])
    taken.close()


@pytest.mark.slow
def test_the_command_says_where_it_is_and_ends_with_a_signal(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {10: 1.0})
    command = [sys.executable, "-m", "gan_zoo", "dashboard", str(tmp_path), "--port", "0"]
    for extra, shows_token in (([], False), (["--host", "0.0.0.0"], True)):
        with subprocess.Popen([*command, *extra], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout and process.stderr
            line = process.stdout.readline()
            port = int(re.findall(r":(\d+)/", line)[0])
            assert ("?token=" in line) is shows_token
            status = wait_for(lambda port=port: answered(port))
            assert status == (401 if shows_token else 200)
            stream = nullcontext(iter([None])) if shows_token else events(port)
            with stream as news:
                next(news)  # a reader that stays does not hold the server up
                process.send_signal(signal.SIGTERM if shows_token else signal.SIGINT)
                begun = time.monotonic()
                assert process.wait(timeout=20) == 130 and time.monotonic() - begun < 6
            assert process.stderr.read() == "gan-zoo: Stopped.\n"


def answered(port: int) -> int:
    try:
        return ask(port, "/").status
    except OSError:
        return 0


def test_the_server_loads_no_torch() -> None:
    code = (
        "import gan_zoo.dashboard.server, sys; print(sorted({'torch', 'lightning', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_scores_added_to_a_run_reach_its_page(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", {10: 5.0, 20: 4.0})
    with serving(tmp_path) as port:
        run = key(port, "a")
        assert "4.00" in ask(port, f"/run?id={run}").text
        add_score(folder, 30, 1.25, {"extractor": "lenet", "data": "mnist_test_10k", "real": 10_000, "generated": 500})
        wait_for(lambda: rows(port)["a"]["value"] == 1.25)
        assert "1.25" in ask(port, f"/run?id={run}").text
