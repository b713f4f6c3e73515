"""Expected best scores against their definition, the mean over all choices of k trials; and their table."""

from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from gan_zoo.report import committed, grouping, rank, trials
from gan_zoo.report.collect import collect
from gan_zoo.report.sheets import text
from tests.report.made import make_run, make_study

SCORES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.6]


@pytest.mark.parametrize("lower", [True, False])
def test_it_is_the_mean_of_the_best_over_all_choices(lower: bool) -> None:
    points = trials.expected_best(SCORES, lower)
    assert [point.trials for point in points] == list(range(1, 8))
    for point in points:
        bests = [(min if lower else max)(chosen) for chosen in combinations(SCORES, point.trials)]
        assert point.mean == pytest.approx(fmean(bests), rel=1e-12)
        ends = np.quantile(bests, [0.1, 0.9], method="inverted_cdf")
        assert (point.low, point.high) == tuple(ends)


def test_it_needs_no_more_trials_to_be_right_on_average() -> None:
    """The mean over many samples of 6 uniform trials is that of the best of k, 1 / (k + 1): it has no bias."""
    draws = np.random.default_rng(0).random((4000, 6))
    for k in (1, 3, 5):
        estimates = [trials.expected_best(row.tolist(), True)[k - 1].mean for row in draws]
        error = np.std(estimates) / np.sqrt(len(draws))
        assert abs(np.mean(estimates) - 1 / (k + 1)) < 4 * error


def test_many_trials_are_exact() -> None:
    """Binomial coefficients of hundreds of digits: the sum of the chances is 1 to the last."""
    assert sum(trials.chances(1000, 500)) == 1


def made(folder: Path) -> Path:
    """Two methods with three trials of two seeds each, of which one trial failed."""
    cells = {}
    for method, values in {"gan": [(9, 11), (20, 22), (30, 32)], "wgan": [(14, 16), (12, 14), (None, None)]}.items():
        for trial, seeds in enumerate(values):
            for seed, value in enumerate(seeds):
                settings = {"trial": trial, "model.learning_rate": 10.0**-trial, "model.width": 8, "seed": seed}
                name = f"{method}-trial={trial}-s{seed}"
                cells[name] = {"method": method, "settings": settings}
                status = "failed" if value is None else "finished"
                make_run(folder / name, {} if value is None else {5: float(value)}, seed=seed, status=status)
    make_study(folder, cells)
    file = folder / "study.json"
    file.write_text(
        file.read_text().replace('"study": {}', '"study": {"search": {"trials": 3, "model.learning_rate": {"x": [1]}}}')
    )
    return folder


def test_a_study_s_trials_are_means_over_seeds_and_failures_are_the_worst(tmp_path: Path) -> None:
    (table,) = rank.tables(grouping.group(collect([made(tmp_path / "s")])))
    first, second = trials.searched(table)
    assert (first.label, first.failed, first.best) == ("gan, width=8", 0, {"model.learning_rate": 1.0})
    assert [point.mean for point in first.points] == pytest.approx([(10 + 21 + 31) / 3, (2 * 10 + 21) / 3, 10])
    assert (second.label, second.failed, second.best) == ("wgan, width=8", 1, {"model.learning_rate": 0.1})
    assert [point.mean for point in second.points] == pytest.approx([(13 + 15 + 31) / 3, (2 * 13 + 15) / 3, 13])
    lines = text(trials.sheet(table)).splitlines()
    assert lines[-2].split()[:7] == ["gan,", "width=8", "3", "20.67", "13.67", "10.00", "model.learning_rate"]
    assert "wgan, width=8 1" in lines[2]


def test_results_csv_keeps_which_settings_were_drawn(tmp_path: Path) -> None:
    results = collect([made(tmp_path / "s")])
    (tmp_path / "results.csv").write_text(committed.table_csv(results))
    ours, theirs = (rank.tables(grouping.group(r)) for r in (results, committed.read(tmp_path / "results.csv")))
    assert trials.sheet(ours[0]).rows == trials.sheet(theirs[0]).rows != []


def test_trials_of_two_studies_are_kept_apart(tmp_path: Path) -> None:
    made(tmp_path / "s")
    made(tmp_path / "t")
    (table,) = rank.tables(grouping.group(collect([tmp_path])))
    labels = sorted(found.label for found in trials.searched(table))
    assert labels == ["s: gan, width=8", "s: wgan, width=8", "t: gan, width=8", "t: wgan, width=8"]
    assert {len(found.points) for found in trials.searched(table)} == {3}


def test_a_study_without_search_has_no_such_table(tmp_path: Path) -> None:
    make_run(tmp_path / "s" / "a", {5: 1.0})
    (table,) = rank.tables(grouping.group(collect([tmp_path / "s"])))
    assert trials.searched(table) == [] and trials.sheet(table).rows == []
