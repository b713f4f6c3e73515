"""Figures for papers: every plot as SVG, PDF and CSV, every table as CSV and TeX."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from gan_zoo.report import build
from tests.report.made import make_run, two_methods

pytestmark = pytest.mark.slow  # matplotlib, about 10 s


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    two_methods(folder / "s")
    make_run(folder / "s" / "odd", {0: 9.0, 100: float("nan")}, model="$x_{ 数 <_>", seed=7)
    build([folder / "s"], folder / "report.html", figures=folder / "figures")
    return folder / "figures"


def test_every_plot_and_table_is_there(figures: Path) -> None:
    names = {file.name for file in figures.iterdir()}
    plots = {f"{name}-{axis}" for name in ("fd_lenet",) for axis in ("steps", "images", "time")}
    plots |= {"losses-1-s-a-steps", "losses-2-s-b-steps", "losses-3-x_-_-steps", "samples"}
    assert {f"{plot}.{kind}" for plot in plots for kind in ("svg", "pdf")} <= names
    tables = {f"{name}.{kind}" for name in ("fd_lenet", "fd_lenet-pairs") for kind in ("csv", "tex")}
    assert tables | {"fd_lenet-curves.csv", "losses-1-s-a-curves.csv"} <= names


def test_pictures_can_be_read_and_hold_their_text(figures: Path) -> None:
    for file in figures.glob("*.svg"):
        assert ElementTree.parse(file).getroot().tag.endswith("svg")
    text = PdfReader(figures / "fd_lenet-steps.pdf").pages[0].extract_text()
    assert "step" in text and "fd_lenet" in text


def test_values_are_the_runs_own(figures: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((figures / "fd_lenet-curves.csv").read_text())))
    assert rows[1] == {
        **{"method": "s: a", "run": "a-s0", "step": "50", "images": "500", "seconds": "5.0", "fd_lenet": "8.0"},
    }
    assert r"\toprule" in (figures / "fd_lenet-pairs.tex").read_text()


def test_equal_results_give_equal_files(figures: Path, tmp_path: Path) -> None:
    build([figures.parent / "s"], tmp_path / "report.html", figures=tmp_path / "figures")
    for file in figures.iterdir():
        assert (tmp_path / "figures" / file.name).read_bytes() == file.read_bytes(), file.name
