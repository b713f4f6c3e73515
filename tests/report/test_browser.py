"""The page in a real browser: it asks for nothing, and is read and steered by mouse and keys, in light, dark, print."""

import json
import random
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from gan_zoo.report import build
from tests.report.made import PROTOCOL, add_score, make_run, make_study
from tests.report.test_page import odd_study

pytestmark = pytest.mark.slow  # a browser, about 20 s

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
A4 = 688
"""Pixels between the margins of a printed page: 182 mm."""
FOCUSABLE = "button, input, select, summary, [tabindex='0']"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies: methods of three seeds with all that a run can have, and one of odd names."""
    folder = tmp_path_factory.mktemp("runs")
    cells = {}
    for place, method in enumerate(("gan", "lsgan", "wgan", "a_method_with_quite_a_long_name")):
        for seed in range(3):
            name = f"{method}-s{seed}"
            values = {step: 100 / (step + 1) + 10 * place + seed for step in (0, 100, 200)}
            seen = [{"step": 150, "kind": "collapse", "message": "all alike"}] if name == "wgan-s1" else []
            run = make_run(folder / "s" / name, values, model=method.upper(), seed=seed, events=seen)
            for shade, file in enumerate(sorted((run / "images").iterdir())):
                Image.new("L", (40, 40), 60 * shade + place).save(file)
            for step in (100, 200):
                add_score(run, step, 0.5 + place / 10, PROTOCOL, metric="precision_lenet_500")
            add_score(run, 200, 70.0 + place, PROTOCOL | {"data": "svhn", "real": 7})
            cells[name] = {"method": method, "settings": {"seed": seed}}
    Image.new("L", (90, 20), 200).save(folder / "s" / "gan-s0" / "images" / "neighbours_00000200.png")
    make_study(folder / "s", cells)
    odd_study(folder / "odd")
    build([folder / "s", folder / "odd"], folder / "report.html")
    return folder / "report.html"


@pytest.fixture
def tab(browser, report: Path) -> Iterator:
    """The page, light; at the end it has said nothing and asked for nothing."""
    with opened(browser, report) as one:
        yield one


class opened:
    """A tab that notes what the page says and asks for, and fails if it is anything."""

    def __init__(self, browser, page: Path, **options) -> None:
        self.tab = browser.new_page(**{"color_scheme": "light", "viewport": {"width": 1200, "height": 900}} | options)
        self.said, self.page = list[str](), page.as_uri()
        self.tab.on("request", lambda request: self.note(request.url))
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))

    def note(self, url: str) -> None:
        if url != self.page and not url.startswith(("data:", "blob:")):
            self.said.append(url)

    def __enter__(self):
        self.tab.goto(self.page)
        return self.tab

    def __exit__(self, kind, *_) -> None:
        self.tab.close()
        assert kind or self.said == []


def draw_all(tab) -> None:
    for plot in tab.locator(".plot").all():
        if plot.is_visible():
            plot.scroll_into_view_if_needed()
            plot.locator("svg").first.wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_it_opens_from_the_disk_and_asks_for_nothing(browser, report: Path, dark: bool, width: int) -> None:
    scheme = "dark" if dark else "light"
    with opened(browser, report, color_scheme=scheme, viewport={"width": width, "height": 800}) as tab:
        draw_all(tab)
        broken = "[...document.images].filter((one) => one.src && !(one.complete && one.naturalWidth)).length"
        assert tab.evaluate(broken) == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.locator(".plot.tall .band").count() >= 4


def test_a_table_is_sorted_by_a_click_on_its_head(tab) -> None:
    table = tab.locator("table.ranked").first
    means = lambda: [float(text) for text in table.locator("td.mean").all_inner_texts()]  # noqa: E731
    table.get_by_role("button", name="mean", exact=True).click()
    assert means() == sorted(means()) and table.locator("[aria-sort=ascending]").inner_text().startswith("mean")
    table.get_by_role("button", name="mean", exact=True).click()
    assert means() == sorted(means(), reverse=True) and table.locator("[aria-sort=descending]").count() == 1
    runs = tab.locator("table.runs")
    runs.get_by_role("button", name="step", exact=True).click()
    assert runs.locator("tbody tr").last.locator("td").nth(1).inner_text() == "200"


def test_methods_and_runs_are_picked(tab) -> None:
    draw_all(tab)
    plot = tab.locator(".plot.tall").first
    before = plot.locator(".curve").count()
    tab.get_by_role("checkbox", name="s: wgan", exact=True).uncheck()
    assert not tab.locator("table.ranked").first.get_by_text("s: wgan").is_visible()
    assert not tab.locator(".gallery figure", has_text="s: wgan").is_visible()
    assert plot.locator(".curve").count() == before - 4 - 1  # a mean, three runs, a key of the legend
    assert plot.locator(".event").count() == 1  # the odd study's
    tab.get_by_role("checkbox", name="s/gan-s1").uncheck()
    assert plot.locator(".curve").count() == before - 4 - 1 - 1
    tab.get_by_role("checkbox", name="s: wgan", exact=True).check()
    assert plot.locator(".event").count() == 2


def test_the_axes_change(tab) -> None:
    draw_all(tab)
    label = tab.locator(".plot.tall .x-label").first
    assert label.text_content() == "step"
    section = tab.locator(".ranking .controls").first
    for name, shown in (("images", "real images shown"), ("wall time", "seconds of training")):
        section.get_by_role("button", name=name, exact=True).click()
        assert label.text_content() == shown
    section.get_by_role("button", name="log", exact=True).click()
    assert section.get_by_role("button", name="log", exact=True).get_attribute("aria-pressed") == "true"
    assert section.get_by_role("button", name="linear", exact=True).get_attribute("aria-pressed") == "false"


def test_one_score_at_a_time_is_chosen(tab) -> None:
    shown = lambda: [one.inner_text() for one in tab.locator(".ranking h2").all() if one.is_visible()]  # noqa: E731
    assert shown() == ["fd_lenet"]
    tab.get_by_label("Score").select_option(label=tab.locator("#score option", has_text="precision").inner_text())
    assert [text.split()[0] for text in shown()] == ["precision_lenet_500"]


def test_the_slider_goes_through_the_training_and_a_click_shows_all(tab) -> None:
    picture = tab.locator(".zoom img").first
    last = picture.get_attribute("src")
    tab.locator("#moment").focus()
    tab.keyboard.press("ArrowLeft")
    assert picture.get_attribute("src") != last
    assert tab.locator("#moment").get_attribute("aria-valuetext") == tab.locator("#moment-name").inner_text()
    assert "step 100" in tab.locator(".gallery figcaption").first.inner_text()
    tab.keyboard.press("End")
    assert picture.get_attribute("src") == last
    tab.get_by_role("button", name="Samples of s: gan in full size").click()
    assert tab.locator("#full").is_visible() and "s: gan" in tab.locator("#full-name").inner_text()
    tab.keyboard.press("Escape")
    assert not tab.locator("#full").is_visible()
    tab.get_by_role("button", name="Nearest training images of s: gan in full size").click()
    assert "nearest training images" in tab.locator("#full-name").inner_text()
    tab.get_by_role("button", name="Close").click()


def test_every_score_shows_its_protocol_under_the_pointer_and_in_focus(tab) -> None:
    tip, scores = tab.locator("#tip"), tab.locator("table.ranked").first.locator(".score")
    assert scores.count() >= 8  # mean and interval of four methods
    scores.first.hover()
    assert "Protocol: extractor lenet · data mnist_test_10k" in tip.inner_text() and tip.is_visible()
    tab.mouse.move(5, 5)
    assert not tip.is_visible()
    tab.evaluate("scrollTo(0, 0)")
    scores.nth(3).focus()  # which scrolls
    assert "Protocol: extractor lenet" in tip.inner_text() and "s/lsgan-s0 step 200" in tip.inner_text()
    assert tip.is_visible()
    tab.keyboard.press("Escape")
    assert not tip.is_visible()
    tab.locator(".matrix .score").nth(3).focus()
    assert "on svhn" in tip.inner_text() and "data svhn" in tip.inner_text()
    tab.locator(".lead .score").focus()
    assert "data mnist_test_10k" in tip.inner_text()


def test_curves_are_read_by_pointer_and_by_keys(tab) -> None:
    draw_all(tab)
    plot, tip = tab.locator(".plot.tall").first, tab.locator("#tip")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    assert tip.is_visible() and "step 100" in tip.inner_text() and "Protocol" in tip.inner_text()
    tab.mouse.move(5, 5)
    tab.get_by_role("checkbox", name="odd: </script>").uncheck()  # which is the best, and so the first
    plot.focus()
    tab.keyboard.press("ArrowRight")
    first = tip.inner_text()
    assert "mean of 3" in first and "step 0 · 101" in first and "(100 to 102)" in first
    tab.keyboard.press("ArrowRight")
    assert "step 100" in tip.inner_text()
    tab.keyboard.press("ArrowDown")
    assert "s/gan-s0" in tip.inner_text()
    tab.keyboard.press("+")
    assert not tip.is_visible()
    tab.mouse.move(box["x"] + 200, box["y"] + 100)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 400, box["y"] + 100)
    tab.mouse.up()
    narrow = tab.evaluate("document.querySelector('.plot').view[1] - document.querySelector('.plot').view[0]")
    assert 0 < narrow < 100
    plot.dblclick()
    assert tab.evaluate("document.querySelector('.plot').view") is None


def test_dark_and_light_by_hand(tab) -> None:
    paper = lambda: tab.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    assert paper() == "rgb(255, 255, 255)"
    tab.get_by_role("button", name="Dark").click()
    assert paper() == "rgb(20, 23, 27)"
    tab.get_by_role("button", name="Light").click()
    assert paper() == "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, report: Path, scheme: str) -> None:
    with opened(browser, report, color_scheme=scheme) as tab:
        tab.add_style_tag(content=".ranking.other { display: block !important }")
        draw_all(tab)
        tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        tab.evaluate(AXE.read_text())
        listed = "(found) => found.violations.map((one) => [one.id, one.nodes.map((n) => n.html)])"
        run = f"axe.run({{runOnly: {RULES}}}).then({listed})"
        assert tab.evaluate(run) == []
        tab.get_by_role("button", name="Samples of s: gan in full size").click()
        assert tab.evaluate(run) == []


def test_every_control_is_reached_by_tab(tab) -> None:
    draw_all(tab)
    tab.evaluate(
        "window.wanted = [...document.querySelectorAll(`" + FOCUSABLE + "`)].filter((one) => one.checkVisibility())"
    )
    tab.evaluate("scrollTo(0, 0); document.activeElement.blur()")
    count = tab.evaluate("wanted.length")
    reached, unseen = set(), []
    for _ in range(count + 1):
        tab.keyboard.press("Tab")
        at = tab.evaluate("wanted.indexOf(document.activeElement)")
        reached.add(at)
        if at >= 0 and tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none":
            unseen.append(at)
    assert count > 40 and set(range(count)) <= reached and unseen == []


def test_print_cuts_no_table(browser, report: Path, tmp_path: Path) -> None:
    with opened(browser, report, viewport={"width": A4, "height": 1000}) as tab:
        every = "[...document.querySelectorAll('.ranked tbody :is(td, th)')].map((one) => one.textContent.trim())"
        cells = tab.evaluate(every)
        tab.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        tab.emulate_media(media="print")
        wide = (
            "[...document.querySelectorAll('table, pre, figure, .note, dl')].filter((one) => one.checkVisibility())"
            f".filter((one) => one.getBoundingClientRect().right > {A4 + 1} || one.scrollWidth > one.clientWidth + 1)"
            ".map((one) => one.outerHTML.slice(0, 200))"
        )
        assert tab.evaluate(wide) == []
    pages = PdfReader(tmp_path / "report.pdf").pages
    printed = unicodedata.normalize("NFKC", "".join(page.extract_text() for page in pages))  # without ligatures
    text = "".join(printed.split())
    assert len(cells) > 40
    plain = [cell for cell in cells if "数" not in cell]  # which may lack a font here
    assert [cell for cell in plain if not all(word in text for word in cell.split())] == []  # cells have several lines
    assert "Differencespair" not in text and "ratioofmeans" in text  # folded parts are printed open


def test_fifty_long_runs_are_built_and_opened_in_time(browser, tmp_path: Path) -> None:
    """50 runs of 10,000 lines: 10 s of a processor to build at most, 2 s to open (the best of three), 15 MB."""
    draw = random.Random(0)
    names = ("discriminator/real", "discriminator/fake", "generator/loss", "images_per_second")
    lines = [
        json.dumps({"step": step, "images": 64 * step, "seconds": step / 50} | {name: draw.random() for name in names})
        for step in range(1, 10_001)
    ]
    cells = {}
    for method, seed in product(range(10), range(5)):
        name, values = f"m{method}-s{seed}", {step: 1e3 / (step + 9) for step in range(0, 10_000, 250)}
        run = make_run(tmp_path / "s" / name, values, seed=seed)
        (run / "metrics.jsonl").write_text("\n".join(lines))
        cells[name] = {"method": f"m{method}", "settings": {"seed": seed}}
    make_study(tmp_path / "s", cells)
    script = (  # without pytest's checks of types at every call
        "from pathlib import Path; from time import process_time; from gan_zoo.report import build\n"
        "build([Path('s')], Path('report.html')); print(process_time())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    took = []
    for _ in range(3):
        with opened(browser, tmp_path / "report.html") as tab:
            took.append(tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    size = (tmp_path / "report.html").stat().st_size
    print(f"built in {done.stdout.strip()} s, opened in {took} ms, {size} bytes")
    assert float(done.stdout) < 10 and 0 < min(took) < 2000 and size < 15_000_000
