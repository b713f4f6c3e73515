"""A browser without a window, where this machine has one."""

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.benchmarks.screenshot import CHROMIUM, QUIET


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Debian's Chromium, or the one that `playwright install chromium` brought."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no browser: the package playwright is not installed")
    with sync_api.sync_playwright() as player:
        places = (CHROMIUM, which("chromium"), player.chromium.executable_path)
        found = next((place for place in places if place and Path(place).exists()), None)
        if not found:
            pytest.skip("no browser: install Debian's package chromium, or run `playwright install chromium`")
        running = player.chromium.launch(executable_path=found, args=[*QUIET])
        yield running
        running.close()
