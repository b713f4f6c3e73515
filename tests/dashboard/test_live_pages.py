"""The pages in a real browser, while runs write: numbers, curves and pictures change without a reload."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_zoo.run.directory import Run, now
from tests.commands.conftest import TINY
from tests.dashboard.serving import rows, serving
from tests.report.made import PROTOCOL, add_score, make_run, make_study
from tests.report.test_browser import AXE, FOCUSABLE, RULES

pytestmark = pytest.mark.slow  # a browser, about 40 s

ODD = "<script>document.title='owned'</script>"


def grid(folder: Path, step: int) -> None:
    Image.new("L", (40, 40), step % 256).save(folder / "images" / f"step_{step:08d}.png")


def fill(root: Path) -> None:
    """Two methods in a study, one of which trains, a run that failed, and one with a name of HTML."""
    cells = {}
    for place, method in enumerate(("gan", "wgan")):
        for seed in range(2):
            name = f"{method}-s{seed}"
            values = {step: 100 / (step + 1) + 10 * place + seed for step in (0, 100, 200)}
            config = {"n_critic": 5} if place else {}
            run = make_run(root / "s" / name, values, model=method.upper(), seed=seed, config=config, heartbeat=now())
            for step in (0, 100, 200):
                grid(run, step)
            cells[name] = {"method": method, "settings": {"seed": seed}}
    make_study(root / "s", cells | {"gan-s2": {"method": "gan", "status": "waiting"}})
    seen = [{"step": 150, "kind": "collapse", "message": "all alike"}]
    make_run(root / "broken", {50: 9.0}, status="failed", error="Loss was nan at step 50.", events=seen)
    (root / "broken" / "log.txt").write_text("begun\nLoss was nan at step 50.\n")
    make_run(root / "odd", {10: 1.0}, model=ODD)
    Run(root / "s" / "wgan-s1").update_record(status="running")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


@contextmanager
def opened(browser: Any, port: int, target: str = "", **options: Any) -> Iterator[Any]:
    """A tab at a page of the server. It fails if the page asks another server, or says anything to the console."""
    tab = browser.new_page(**{"color_scheme": "light", "viewport": {"width": 1300, "height": 900}} | options)
    said: list[str] = []
    own = f"http://127.0.0.1:{port}/"
    tab.route("**/*", lambda route: route.continue_() if route.request.url.startswith(own) else foreign(route))

    def foreign(route: Any) -> None:
        said.append(route.request.url)
        route.abort()

    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    try:
        tab.goto(own + target)
        tab.evaluate("window.same = true")
        yield tab
        assert tab.evaluate("window.same"), "the page was loaded again"
    finally:
        tab.close()
    assert said == []


def until(tab: Any, condition: str, seconds: float = 6) -> None:
    """Wait for a condition. Playwright's own way compiles text on the page, which its policy forbids."""
    end = time.monotonic() + seconds
    while not tab.evaluate(condition):
        assert time.monotonic() < end, condition
        tab.wait_for_timeout(50)


def test_a_run_advances_on_its_page(browser, root: Path) -> None:
    run = Run(root / "s" / "wgan-s1")
    with serving(root) as port, opened(browser, port, f"run?id={rows(port)['s/wgan-s1']['id']}") as tab:
        until(tab, "document.querySelector('#now td.at-step')?.textContent === '200'")
        losses = tab.locator("[data-plot=losses]")
        losses.scroll_into_view_if_needed()
        losses.locator(".curve").first.wait_for(state="attached")
        picture, before = tab.locator(".zoom img").first, losses.locator(".curve").first.get_attribute("d")
        assert picture.get_attribute("src").endswith("grids/200.png")
        for step in (210, 220):
            line = {"step": step, "images": 10 * step, "seconds": step / 10, "generator/x": step / 100}
            run.append(run.metrics_file, line)
            until(tab, f"document.querySelector('#now td.at-step').textContent === '{step}'")
        until(tab, f"document.querySelector('[data-plot=losses] .curve').getAttribute('d') !== '{before}'")
        points = "data.losses[0].terms[0].runs[0].points.map((point) => point[0])"
        assert tab.evaluate(points) == [100, 200, 210, 220]
        grid(run.path, 220)
        until(tab, "document.querySelector('.zoom img').src.endsWith('grids/220.png')")
        until(tab, "document.querySelector('.zoom img').naturalWidth === 40")
        add_score(run.path, 220, 1.25, PROTOCOL)
        until(tab, "document.querySelector('.ranked .mean')?.textContent === '1.25'")
        run.drop_after(run.metrics_file, 100)  # as a resume does, whose run went further than its checkpoint
        run.append(run.metrics_file, {"step": 110, "images": 1100, "seconds": 11, "generator/x": 3.0})
        until(tab, f"String({points}) === '100,110'")
        run.update_record(status="failed", error="The disk is full.")
        until(tab, "document.querySelector('[data-part=not-finished]')?.textContent.includes('The disk is full.')")
        until(tab, "document.querySelector('#now .mark').textContent === 'failed'")


def test_what_a_reader_has_set_stays_when_the_page_changes(browser, root: Path) -> None:
    with serving(root) as port:
        found = rows(port)
        ids = ",".join(found[name]["id"] for name in ("s/gan-s0", "s/wgan-s1"))
        with opened(browser, port, f"compare?ids={ids}") as tab:
            ranking = tab.locator(".ranking").first
            ranking.locator(".controls").get_by_role("button", name="images", exact=True).click()
            ranking.get_by_role("button", name="log", exact=True).click()
            ranking.locator("input[data-smooth]").fill("0.5")
            assert ranking.locator(".ghost").count() == 2
            assert tab.url.endswith("#axis=1&log=1&smooth=0.5")
            tab.locator("#moment").fill("0")
            tab.locator("input[name=group]").first.uncheck()
            ranking.get_by_role("button", name="log", exact=True).focus()
            add_score(root / "s" / "wgan-s1", 300, 0.5, PROTOCOL)
            grid(root / "s" / "wgan-s1", 300)
            until(tab, "[...document.querySelectorAll('.ranked .mean')].some((one) => one.textContent === '0.500')")
            until(tab, "document.querySelector('#moment').max === '3'")
            assert ranking.locator(".x-label").text_content() == "real images shown"
            assert ranking.locator("input[data-smooth]").input_value() == "0.5"
            assert tab.evaluate("document.activeElement.textContent") == "log"
            assert tab.locator("#moment").input_value() == "0"
            assert tab.locator(".zoom img").nth(1).get_attribute("src").endswith("grids/0.png")
            assert ranking.locator(".curve:not(.ghost)").count() == 1 + 1  # the other's is picked off; a key
            link = tab.url
        with opened(browser, port, link.partition("/compare")[2].join(("compare", ""))) as tab:
            ranking = tab.locator(".ranking").first
            until(tab, "document.querySelector('.ranking .ghost')")
            assert ranking.locator(".x-label").text_content() == "real images shown"
            assert ranking.locator(".ghost").count() == 2


def test_runs_are_picked_and_compared_by_keys(browser, root: Path) -> None:
    with serving(root) as port:
        rows(port)
        with opened(browser, port) as tab:
            until(tab, "document.querySelectorAll('.now tbody tr').length === 6")
            assert tab.locator("#count").inner_text() == "6 runs, 1 running"
            tab.keyboard.press("/")
            tab.keyboard.type("GAN s seed", delay=5)
            tab.keyboard.press("Escape")
            tab.keyboard.press("/")
            tab.keyboard.type("-s0")
            until(tab, "document.querySelectorAll('.now tbody tr').length === 2")
            tab.keyboard.press("Tab")
            for key in ("j", "j", "x", "k", "x"):
                tab.keyboard.press(key)
            assert tab.locator("#picked-count").inner_text() == "2 runs picked"
            assert "q=-s0" in tab.url and "picked=" in tab.url
            tab.evaluate("location.href = document.querySelector('#compare').href")
            tab.wait_for_url("**/compare?ids=*")
            tab.evaluate("window.same = true")
            until(tab, "document.querySelectorAll('#now tbody tr').length === 2")
            assert tab.locator(".gallery figure").count() == 2
            assert tab.locator(".ranked tbody tr").count() == 2
            assert "n_critic" in tab.locator("[data-part=what-differs]").inner_text()
            tab.go_back()  # the address of the list says what was picked and searched
            tab.evaluate("window.same = true")
            until(tab, "document.querySelector('#picked-count').textContent === '2 runs picked'")
            assert tab.locator("#search").input_value() == "-s0"
            tab.get_by_role("button", name="Clear").click()
            assert not tab.locator("#picked").is_visible() and "picked" not in tab.url


def test_runs_are_filtered_and_sorted(browser, root: Path) -> None:
    names = "[...document.querySelectorAll('.now th.at-run a')].map((one) => one.textContent)"
    with serving(root) as port:
        rows(port)
        with opened(browser, port) as tab:
            until(tab, "document.querySelectorAll('.now tbody tr').length === 6")
            assert tab.evaluate(names)[0] == "s/wgan-s1"  # which runs
            tab.get_by_role("button", name="finished").click()
            assert sorted(tab.evaluate(names)) == ["broken", "s/wgan-s1"]
            assert "hide=finished" in tab.url
            tab.get_by_role("button", name="finished").click()
            tab.locator("#study").select_option("s")
            assert len(tab.evaluate(names)) == 4
            tab.get_by_role("button", name="last score").click()
            scores = "[...document.querySelectorAll('.now td.at-score span:first-child')].map((one) => one.textContent)"
            values = [float(text) for text in tab.evaluate(scores)[:4]]
            assert values == sorted(values, reverse=True)
            assert "finished, 1 running, 1 waiting" in tab.locator("#studies").inner_text()
        with opened(browser, port, "?study=s&sort=step&hide=running") as tab:
            until(tab, "document.querySelectorAll('.now tbody tr').length === 3")
            assert tab.locator("[aria-sort=ascending]").inner_text().startswith("step")


def test_the_list_follows_runs_that_come_and_go(browser, root: Path) -> None:
    with serving(root) as port:
        rows(port)
        with opened(browser, port) as tab:
            until(tab, "document.querySelectorAll('.now tbody tr').length === 6")
            make_run(root / "late", {10: 3.0}, status="running", heartbeat=now())
            until(tab, "document.querySelector('.now tbody').textContent.includes('late')")
            shutil.rmtree(root / "late")
            until(tab, "!document.querySelector('.now tbody').textContent.includes('late')")


def test_a_page_asks_where_a_proxy_holds_the_stream_back(browser, root: Path) -> None:
    with serving(root) as port:
        rows(port)
        tab = browser.new_page()
        held = []
        tab.route("**/api/events*", lambda route: held.append(route))  # which never answers
        tab.goto(f"http://127.0.0.1:{port}/")
        until(tab, "document.querySelectorAll('.now tbody tr').length === 6", 15)
        make_run(root / "late", {10: 3.0}, status="running", heartbeat=now())
        until(tab, "document.querySelector('.now tbody').textContent.includes('late')", 15)
        assert held
        for route in held:
            route.abort()
        tab.close()


def test_a_failed_run_says_why(browser, root: Path) -> None:
    with serving(root) as port:
        found = rows(port)
        with opened(browser, port) as tab:
            until(tab, "document.querySelector('.now tbody').textContent.includes('Loss was nan at step 50.')")
        with opened(browser, port, f"run?id={found['broken']['id']}") as tab:
            assert "Loss was nan at step 50." in tab.locator("[data-part=not-finished]").inner_text()
            assert "all alike" in tab.locator("[data-part=watchdog]").inner_text()
            assert "begun" in tab.locator("[data-part=log]").inner_text()
            assert "width" in tab.locator("[data-part=configuration]").inner_text()


def test_names_of_html_run_no_script(browser, root: Path) -> None:
    study = json.loads((root / "s" / "study.json").read_text())
    (root / "s" / "study.json").write_text(json.dumps(study | {"name": ODD}))
    with serving(root) as port:
        found = rows(port)
        with opened(browser, port) as tab:
            until(tab, "document.querySelectorAll('.now tbody tr').length === 6")
            assert ODD in tab.locator("#studies").inner_text() and tab.title() != "owned"
        for target in (f"run?id={found['odd']['id']}", f"compare?ids={found['odd']['id']},{found['s/gan-s0']['id']}"):
            with opened(browser, port, target) as tab:
                until(tab, "document.querySelector('#now tbody tr')")
                assert tab.title() != "owned"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_axe_finds_nothing(browser, root: Path, scheme: str, width: int) -> None:
    with serving(root) as port:
        found = rows(port)
        ids = [found[name]["id"] for name in ("s/gan-s0", "s/wgan-s1", "broken")]
        for target in (f"?picked={ids[0]}", f"run?id={ids[2]}", f"compare?ids={','.join(ids)}"):
            with opened(browser, port, target, color_scheme=scheme, viewport={"width": width, "height": 900}) as tab:
                until(tab, "document.querySelector('.now tbody tr')")
                tab.evaluate(AXE.read_text())
                listed = "(found) => found.violations.map((one) => [one.id, one.nodes.map((n) => n.html)])"
                assert tab.evaluate(f"axe.run({{runOnly: {RULES}}}).then({listed})") == [], target
                assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_is_reached_by_tab(browser, root: Path) -> None:
    with serving(root) as port:
        rows(port)
        with opened(browser, port) as tab:
            until(tab, "document.querySelectorAll('.now tbody tr').length === 6")
            tab.evaluate(
                "window.wanted = [...document.querySelectorAll(`a, " + FOCUSABLE + "`)]"
                ".filter((one) => one.checkVisibility())"
            )
            count, reached = tab.evaluate("wanted.length"), set()
            for _ in range(count + 1):
                tab.keyboard.press("Tab")
                reached.add(tab.evaluate("wanted.indexOf(document.activeElement)"))
            assert count > 20 and set(range(count)) <= reached


def test_light_or_dark_is_kept_from_page_to_page(browser, root: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    with serving(root) as port:
        found = rows(port)
        with opened(browser, port) as tab:
            tab.get_by_role("button", name="Dark").click()
            tab.goto(f"http://127.0.0.1:{port}/run?id={found['broken']['id']}")
            tab.evaluate("window.same = true")
            assert tab.evaluate(paper) == "rgb(20, 23, 27)"
            assert tab.locator("#theme").inner_text() == "Light"


def test_a_page_says_that_the_server_is_gone(browser, root: Path) -> None:
    tab = browser.new_page()
    with serving(root) as port:
        tab.goto(f"http://127.0.0.1:{port}/")
        until(tab, "document.querySelectorAll('.now tbody tr').length === 6")
        assert tab.locator("#link").inner_text() == ""
    until(tab, "document.querySelector('#link').textContent.includes('does not answer')", 15)
    tab.close()


def test_a_training_is_seen_as_it_goes(browser, tmp_path: Path) -> None:
    words = ["fit", *TINY, "--trainer.max_steps", "90000", "--max_seconds", "6", "--trainer.log_every_n_steps", "10"]
    words += ["--grids.every", "1000", "--tracking.wandb", "false", "--run", str(tmp_path / "x")]
    root = Path(__file__).parents[2]
    with serving(tmp_path) as port, opened(browser, port) as tab:
        until(tab, "document.querySelector('#none').textContent.startsWith('There is no run yet')")
        with subprocess.Popen(
            [sys.executable, "-m", "gan_zoo", *words], cwd=root, stdout=subprocess.DEVNULL
        ) as process:
            until(tab, "document.querySelector('.now .mark')?.textContent === 'running'", 60)
            steps = set()
            while process.poll() is None:
                steps.add(tab.evaluate("document.querySelector('.now td.at-step span').textContent"))
                tab.wait_for_timeout(200)
            assert process.returncode == 0
        assert len(steps) >= 2 and all(step.endswith(" of 90,000") for step in steps if step != "0")
        until(tab, "document.querySelector('.now .mark').textContent === 'finished'")
        assert tab.locator(".now td.at-step").inner_text().startswith(f"{Run(tmp_path / 'x').row()['step']:,} of ")
