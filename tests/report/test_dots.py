"""Every seed as a dot: places worked out by hand, and what the page shows."""

import math
from pathlib import Path

import pytest

from gan_zoo.report import build, dots, grouping, rank
from gan_zoo.report.collect import collect
from tests.report.made import PROTOCOL, add_score
from tests.report.test_rank import seeds_of


def strip(folder: Path) -> dict:
    (table,) = rank.tables(grouping.group(collect([folder])))
    return dots.strip(table)


def test_distances_lie_on_a_logarithmic_axis(tmp_path: Path) -> None:
    found = strip(seeds_of(tmp_path / "s", {"a": [10, 20], "b": [40, 80]}))
    (low, high), (a, b) = (found["low"], found["high"]), found["lines"]
    assert found["logs"] and low < 10 and high > 80, "the intervals reach further than the seeds"
    steps = [a["dots"][1] - a["dots"][0], b["dots"][0] - a["dots"][1], b["dots"][1] - b["dots"][0]]
    assert steps == pytest.approx([steps[0]] * 3, abs=2e-4), "equal ratios are equal steps"
    ends = [end for line in (a, b) for end in line["interval"]]
    assert min(ends) == dots.MARGIN and max(ends) == 1 - dots.MARGIN
    assert a["mean"] == pytest.approx(dots.place(15.0, low, high, True))


def test_other_scores_lie_on_an_even_axis(tmp_path: Path) -> None:
    found = strip(seeds_of(tmp_path / "s", {"a": [0.2, 0.4], "b": [0.6, 0.8]}, metric="precision_lenet_500"))
    (b, a) = found["lines"]
    assert not found["logs"]
    assert a["dots"][1] - a["dots"][0] == pytest.approx(b["dots"][1] - b["dots"][0], abs=2e-4)


def test_a_method_that_failed_whole_has_a_line_without_dots(tmp_path: Path) -> None:
    folder = seeds_of(tmp_path / "s", {"a": [10, 20], "b": [40, 80]})
    for seed in (0, 1):
        add_score(folder / f"b-s{seed}", 200, math.nan, PROTOCOL)
    assert strip(folder)["lines"][1] == {"label": "b", "dots": [], "mean": None, "interval": None}


def test_one_seed_each_has_no_strip_and_more_are_on_the_page(tmp_path: Path) -> None:
    assert strip(seeds_of(tmp_path / "one", {"a": [10], "b": [40]})) == {}
    folder = seeds_of(tmp_path / "two", {"a": [10, 20, 15], "b": [40, 80, 60]})
    build([folder], tmp_path / "page.html", figures=tmp_path / "figures")
    text = (tmp_path / "page.html").read_text()
    assert text.count("<circle cx=") == 6 and text.count('class="mean"') == 2 == text.count('class="interval"')
    assert {file.suffix for file in (tmp_path / "figures").glob("*-seeds.*")} == {".svg", ".pdf"}
