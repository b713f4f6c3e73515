"""Results that are committed: read back as they were written, and shown on pages that nobody types."""

from pathlib import Path

import pytest

from gan_zoo.errors import Mistake
from gan_zoo.report import build, fill, grouping, rank, shown
from gan_zoo.report.collect import collect
from gan_zoo.report.committed import BEGIN, END, read
from tests.report.made import make_run, make_study, two_methods

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def test_a_ranking_survives_results_csv(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    make_run(folder / "w=1-s0", {10: 5.0}, config={"n": 1})
    build([folder], tmp_path / "report.html")
    again = rank.tables(grouping.group(read(tmp_path / "results.csv")))
    once = rank.tables(grouping.group(collect([folder])))
    assert len(again) == len(once) == 1
    # of each run the last score is committed, not the best
    assert shown(again)[0].rows == shown(once)[0].without({"best step"}).rows
    assert shown(again)[0].head == shown(once)[0].without({"best step"}).head


def test_a_page_is_filled_between_its_marks(tmp_path: Path) -> None:
    build([two_methods(tmp_path / "s")], tmp_path / "results" / "report.html")
    page = tmp_path / "README.md"
    page.write_text(f"# Before\n\n{BEGIN}\nstale\n{END}\n\nAfter.\n")
    fill(page, [tmp_path / "results"])
    text = page.read_text()
    assert text.startswith(f"# Before\n\n{BEGIN}\n\n## s\n\n### fd") and text.endswith(f"{END}\n\nAfter.\n")
    assert "stale" not in text and "| a | 12.00 |" in text
    fill(page, [tmp_path / "results"])
    assert page.read_text() == text


def test_mistakes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(Mistake, match="There is no result in"):
        fill(page, [tmp_path])
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(Mistake, match=r"x.csv is no results.csv of `gan-zoo report`"):
        fill(page, [tmp_path])
    build([make_study(tmp_path / "s", {}) and make_run(tmp_path / "s" / "x", {10: 1.0})], tmp_path / "x.html")
    (tmp_path / "x.csv").unlink()
    with pytest.raises(Mistake, match=r"page.md has no place for results"):
        fill(page, [tmp_path])


def test_the_committed_page_is_what_the_command_writes(tmp_path: Path) -> None:
    """`gan-zoo report experiments/results --into experiments/README.md` after each change of a result."""
    copy = tmp_path / "README.md"
    copy.write_text((EXPERIMENTS / "README.md").read_text())
    fill(copy, [EXPERIMENTS / "results"])
    assert copy.read_text() == (EXPERIMENTS / "README.md").read_text()
