"""Makes a picture of a page with a headless browser.

    python -m tests.benchmarks.screenshot report.html report.png [--width 390] [--dark] [--height 900]

Needs Debian's `chromium` and the package playwright. Without --height, the picture shows the whole page.
"""

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
"""Options that keep the browser off the network, and that it needs in a container."""


def picture(page: Path, png: Path, width: int = 1200, height: int = 0, dark: bool = False) -> None:
    """Write a picture of `page` to `png`. The page is scrolled through first, so that everything is drawn.

    Args:
        page: HTML file.
        png: File of the picture.
        width: Width of the window, in pixels.
        height: Height of the window, in pixels; 0: the picture is as long as the page.
        dark: Whether the browser prefers dark pages.
    """
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        window = {"width": width, "height": height or 900}
        tab = browser.new_page(viewport=window, color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
        tab.goto(page.resolve().as_uri())
        for place in range(0, tab.evaluate("document.documentElement.scrollHeight"), 600):
            tab.evaluate(f"scrollTo(0, {place})")
            tab.wait_for_timeout(50)
        tab.evaluate("scrollTo(0, 0)")
        tab.wait_for_timeout(300)
        tab.screenshot(path=png, full_page=not height)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("png", type=Path)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--height", type=int, default=0)
    parser.add_argument("--dark", action="store_true")
    picture(**vars(parser.parse_args()))
