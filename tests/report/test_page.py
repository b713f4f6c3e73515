"""The page: what stands in it, and what a real browser makes of it."""

import json
import re
from pathlib import Path

import pytest

from gan_zoo.report import build
from gan_zoo.report.curves import POINTS, average, thin
from gan_zoo.report.page import script_json
from tests.report.made import make_run, make_study, two_methods
from tests.report.test_tables import ROWS

ODD = "</script><script>alert('ü 数')</script>"


def page(*folders: Path) -> str:
    out = folders[0].parent / "report.html"
    build(list(folders), out)
    return out.read_text()


def body(html: str) -> str:
    """The page without plotly."""
    return re.sub(r"/\*\*\s+\* plotly\.js.*?</script>", "</script>", html, flags=re.DOTALL)


def curves(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="curves">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def odd_study(folder: Path) -> Path:
    """Names that would break out of HTML or of a script, NaN, a failed run, and a cell that did not start."""
    make_run(folder / "x-s0", {0: 9.0, 10: 4.0, 20: float("nan"), 30: 3.0}, config={"note": ODD})
    make_run(folder / "x-s1", {0: 9.0}, seed=1, status="failed", error=ODD)
    with open(folder / "x-s0" / "metrics.jsonl", "a") as stream:
        stream.write('{"step": 40, "generator/x": NaN, "generator/</script>": Infinity}\n{"step": 5')
    cells = {f"x-s{seed}": {"method": ODD, "settings": {"seed": seed}} for seed in (0, 1)}
    return make_study(folder, cells | {"x-s2": {"method": ODD, "status": "waiting"}})


def test_the_page_shows_ranking_failure_differences_and_grids(tmp_path: Path) -> None:
    html = body(page(two_methods(tmp_path / "s")))
    for cell in (cell for row in ROWS for cell in row):
        assert f">{cell}<" in html
    assert "Loss was nan &amp; &lt;odd&gt;." in html
    assert "<code>model.n_critic</code>" in html and "<code>seed</code>" not in html
    assert html.count("<img ") == 2 + 3 * 2  # the last ones, and three steps of two methods
    assert "Protocol: extractor lenet · data mnist_test_10k" in html


def test_a_method_that_ended_early_leaves_gaps_and_the_rows_stay_steps(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    make_run(folder / "c", {0: 90.0}, model="VAE", status="failed", error="no")
    html = body(page(folder))
    rows = re.findall(r'<tr><th scope="row">(step [^<]*)</th>(.*?)</tr>', html, re.DOTALL)
    assert [(title, cells.count("<img "), cells.count("last picture: step 0")) for title, cells in rows] == [
        ("step 0", 3, 0),
        ("step 50", 2, 1),
        ("step 100", 2, 1),
    ]


def test_runs_of_unlike_length_are_shown_by_shares(tmp_path: Path) -> None:
    make_run(tmp_path / "s" / "a", {0: 9.0, 10: 5.0, 20: 3.0})
    make_run(tmp_path / "s" / "b", {0: 9.0, 100: 5.0, 200: 3.0}, model="WGAN")
    html = body(page(tmp_path / "s"))
    for title, steps in (("50%", ("step 10", "step 100")), ("100%", ("step 20", "step 200"))):
        (row,) = re.findall(rf'<th scope="row">{title} of the training</th>(.*?)</tr>', html, re.DOTALL)
        assert re.findall(r">(step \d+)<", row) == [*steps]


def test_curves_hold_every_run_and_the_mean_of_finished_ones(tmp_path: Path) -> None:
    table = curves(page(two_methods(tmp_path / "s")))["tables"][0]
    a, b = table["groups"]
    assert [run["points"][1] for run in a["runs"]] == [[50, 500, 5.0, 8.0], [50, 500, 5.0, 20.0]]
    assert a["mean"] == [[0, 0, 0, 102], [50, 500, 5, 14], [100, 1000, 10, 12]]
    assert [run["name"] for run in b["runs"]] == ["b-s0", "b-s1"]


def test_odd_names_break_nothing(tmp_path: Path) -> None:
    html = body(page(odd_study(tmp_path / "s")))
    assert ODD not in html and "alert('ü" not in html
    assert html.count("</script>") == 3 and "&lt;/script&gt;" in html
    assert "NaN" not in json.dumps(curves(html))


def test_no_run_with_a_score(tmp_path: Path) -> None:
    make_run(tmp_path / "s" / "x", {}, status="running")
    assert "No run has a score yet." in page(tmp_path / "s")


def test_json_inside_a_script_ends_nothing() -> None:
    value = {"</script>": "<!-- & \u2028 ü"}
    text = script_json(value)
    assert not set("<>&\u2028ü") & set(text) and json.loads(text) == value


def test_thin_keeps_both_ends() -> None:
    points = list(range(10_000))
    assert len(thin(points)) == POINTS and thin(points)[0] == 0 and thin(points)[-1] == 9_999
    assert thin([1, 2]) == [1, 2]


def test_average_takes_shared_steps_and_leaves_gaps() -> None:
    one = [[0, 0, 0.0, 1.0], [10, 100, 1.0, None], [20, 200, 2.0, 4.0]]
    two = [[0, 0, 0.0, 3.0], [10, 100, 3.0, 5.0]]
    assert average([one, two]) == [[0, 0, 0, 2], [10, 100, 2, None]]
    assert average([]) == []


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_in_a_browser_the_page_asks_for_nothing_and_says_nothing(tmp_path: Path, dark: bool) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    from tests.benchmarks.screenshot import CHROMIUM, QUIET

    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}: Debian's package chromium brings it")
    two_methods(tmp_path / "s")
    odd_study(tmp_path / "odd")
    out = tmp_path / "report.html"
    build([tmp_path / "s", tmp_path / "odd"], out)
    asked, said = [], []
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        tab = browser.new_page(color_scheme="dark" if dark else "light")
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        tab.goto(out.as_uri())
        rows = tab.locator("table.ranked").first.locator("tbody tr")
        shown = [row.locator("th, td").all_inner_texts() for row in rows.all()]
        for name in ("images", "wall time", "log", "linear"):
            tab.get_by_role("button", name=name, exact=True).first.click()
        for plot in tab.locator(".plot").all():
            plot.scroll_into_view_if_needed()
            plot.locator("svg").first.wait_for()
        axis = tab.locator(".plot.tall .xtitle").first.text_content()
        broken = tab.evaluate("[...document.images].filter((one) => !one.complete || !one.naturalWidth).length")
        wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
        tab.pdf(path=tmp_path / "report.pdf")
        browser.close()
    assert [url for url in asked if url != out.as_uri() and not url.startswith(("data:", "blob:"))] == []
    assert said == []
    assert [row[0] for row in shown] == ["1", "2", "3"] and shown[1][1:5] == ["s: a", "12.00", "2.83", "2"]
    assert axis == "seconds of training" and broken == 0 and not wide
