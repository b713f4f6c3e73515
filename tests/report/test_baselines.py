"""Rows that no method made, such as real images scored as if they were generated: where they stand, and no rank."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.report import build, grouping, rank, shown, tables
from gan_zoo.report.collect import collect
from gan_zoo.report.committed import read
from gan_zoo.report.rank import Table
from tests.report.made import PROTOCOL, add_score, make_run

METRIC = "fd_lenet_500"
REAL = PROTOCOL | {
    "weights": "held-out images",
    "labels": "none",
    "source": "mnist_train_10k",
    "source_fingerprint": "a",
}


def two_runs(folder: Path, metric: str = METRIC, **real: Any) -> Path:
    """Methods at 12.5 and 30.25, and held-out images at 0.375, which the first run recorded."""
    for name, value in (("GAN", 12.5), ("WGAN", 30.25)):
        run = make_run(folder / name, {}, model=name)
        add_score(run, 100, value, PROTOCOL | {"latent_seed": 3, "labels": "uniform"}, metric=METRIC)
    add_score(folder / "GAN", 100, 0.375, REAL | real, metric=metric)
    return folder


def ranked(folder: Path) -> list[Table]:
    return rank.tables(grouping.group(collect([folder])))


def test_real_images_are_a_row_without_rank_below_the_methods(tmp_path: Path) -> None:
    (table,) = ranked(two_runs(tmp_path))
    sheet = tables.ranking(table)
    assert [row[:3] for row in sheet.rows] == [["1–2", "GAN", "12.50"], ["1–2", "WGAN", "30.25"]]
    assert sheet.aside[0][:3] == ["–", "real against real (no method)", "0.375"] and len(sheet.aside) == 1
    assert set(sheet.aside[0][3:]) == {"–"}
    assert "Real against real: 500 images of mnist_train_10k in the place of generated ones; not ranked." in sheet.below
    assert len(table.pairs) == 1 and len(table.rows) == 2, "it is compared with no method"


def test_it_is_in_every_format(tmp_path: Path) -> None:
    text = build([two_runs(tmp_path / "runs")], tmp_path / "report.html", figures=tmp_path / "figures")
    name = "real against real (no method)"
    assert re.search(rf"–\s+{re.escape(name)}\s+0\.375", text)
    assert f"| – | {name} | 0.375 |" in (tmp_path / "results.md").read_text()
    page = (tmp_path / "report.html").read_text()
    row = page[page.index('<tr class="aside">') :].partition("</tr>")[0]
    assert name in row and "0.375" in row and "data-group" not in row
    assert "Real against real: 500 images of mnist_train_10k" in page
    for file in (tmp_path / "results.tex", tmp_path / "figures" / f"{METRIC}.tex"):
        assert rf"-- & {name} & 0.375" in file.read_text()
    assert f"–,{name},0.375" in (tmp_path / "figures" / f"{METRIC}.csv").read_text()


def test_results_csv_names_no_model_for_it_and_is_read_back(tmp_path: Path) -> None:
    build([two_runs(tmp_path / "runs")], tmp_path / "report.html")
    with open(tmp_path / "results.csv", newline="") as stream:
        rows = [(row["run"], row["model"], row["method"], row["value"]) for row in csv.DictReader(stream)]
    assert ("GAN", "", "real against real", "0.375") in rows and ("GAN", "GAN", "GAN", "12.5") in rows
    again = rank.tables(grouping.group(read(tmp_path / "results.csv")))
    assert [sheet.aside for sheet in shown(again)] == [sheet.aside for sheet in shown(ranked(tmp_path / "runs"))]
    assert [row.group.label for row in again[0].rows] == ["GAN", "WGAN"]


def test_a_run_that_scored_nothing_but_real_images_is_read_back_as_itself(tmp_path: Path) -> None:
    add_score(make_run(tmp_path / "runs" / "x", {}, model="VAE"), 0, 0.5, REAL)
    build([tmp_path / "runs"], tmp_path / "report.html")
    (run,) = read(tmp_path / "results.csv")
    assert (run.model, run.method) == ("VAE", "VAE") and len(run.evaluations) == 1


@pytest.mark.parametrize(
    "change",
    [{"real": 9_000}, {"data": "cifar10"}, {"extractor": "dinov2"}, {"generated": 5_000}, {"metric": "kid_lenet_500"}],
)
def test_what_was_compared_in_another_way_has_a_table_of_its_own(change: dict[str, Any], tmp_path: Path) -> None:
    own, other = ranked(two_runs(tmp_path, **change))
    assert not own.aside and not other.aside and other.rows[0].mean == 0.375
    assert "No model made these" in " ".join(tables.above(other))


def test_fewer_real_images_than_generated_ones_are_named(tmp_path: Path) -> None:
    (table,) = ranked(two_runs(tmp_path, generated=200, metric="fd_lenet_200"))
    assert [(each.value, each.images) for each in table.aside] == [(0.375, 200)]
    assert any(
        "200 images of mnist_train_10k, fewer than the methods have" in line for line in tables.ranking(table).below
    )
    add_score(tmp_path / "WGAN", 100, 0.25, REAL, metric=METRIC)
    table, left = ranked(tmp_path)
    assert [each.value for each in table.aside] == [0.25], "those at the same number are the row"
    assert left.rows[0].mean == 0.375


def test_several_runs_record_the_same_score_once_and_other_images_are_another_row(tmp_path: Path) -> None:
    add_score(two_runs(tmp_path) / "WGAN", 200, 0.375, REAL, metric=METRIC)
    add_score(tmp_path / "WGAN", 200, 0.5, REAL | {"source": "new_500", "source_fingerprint": "b"}, metric=METRIC)
    (table,) = ranked(tmp_path)
    assert sorted((each.value, each.source) for each in table.aside) == [(0.375, "mnist_train_10k"), (0.5, "new_500")]


def test_translations_have_their_baselines_beside_them_for_the_same_sources_only(tmp_path: Path) -> None:
    run = make_run(tmp_path / "x", {})
    source = {"source": "horses", "source_fingerprint": "a"}
    for weights, value, fingerprint in (("last", 60.0, "a"), ("untranslated", 97.0, "a"), ("mean image", 99.0, "b")):
        conditions = PROTOCOL | source | {"weights": weights, "source_fingerprint": fingerprint}
        add_score(run, 10, value, conditions, metric="a2b/fd_lenet_500")
    own, other = ranked(tmp_path)
    assert [(each.name, each.value) for each in own.aside] == [("no translation (no method)", 97.0)]
    assert other.rows[0].mean == 99


def test_a_table_whose_data_have_no_other_split_says_so(tmp_path: Path) -> None:
    note = "No row of real against real: the data have no other split."
    add_score(make_run(tmp_path / "a", {}, held_out="none"), 10, 3.0, PROTOCOL, metric=METRIC)
    build([tmp_path], tmp_path / "report.html")
    for name in ("report.html", "results.md", "results.tex"):
        assert note in (tmp_path / name).read_text(), name
    add_score(tmp_path / "a", 10, 0.5, REAL, metric=METRIC)
    assert note not in tables.ranking(*ranked(tmp_path)).below
