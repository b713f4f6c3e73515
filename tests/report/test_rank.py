"""Ranked tables with values worked out by hand."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import scipy.stats

from gan_zoo.errors import Mistake
from gan_zoo.report import certainty, grouping, rank, seeds
from gan_zoo.report.collect import collect
from tests.report.made import PROTOCOL, add_score, make_run, make_study, two_methods


def tables(*folders: Path, score: str = "", by: tuple[str, ...] = ()) -> list[rank.Table]:
    return rank.tables(grouping.group(collect(list(folders)), by), score)


def test_mean_spread_last_and_best_step(tmp_path: Path) -> None:
    (table,) = tables(two_methods(tmp_path / "s"))
    assert table.metric == "fd_lenet" and table.protocol == PROTOCOL and not table.differs
    first, second = table.rows
    assert (first.group.label, first.mean, first.again) == ("a", 12.0, None)
    assert first.spread == pytest.approx(math.sqrt(8))  # of 10 and 14, n - 1
    half = 12.706205 * math.log(14 / 10) / 2  # t of one degree, times the standard error of two logarithms
    assert first.interval == (
        pytest.approx(math.sqrt(140) / math.exp(half)),
        pytest.approx(math.sqrt(140) * math.exp(half)),
    )
    assert (first.steps, first.best_steps) == ([100] * 2, [50, 100])
    assert (first.images, first.seconds) == ([1000] * 2, [10.0] * 2)
    assert (second.group.label, second.mean, second.spread, second.interval) == ("b", 30.0, None, None)
    assert second.group.status == "1 finished, 1 failed"
    assert [(run.name, why) for run, why in table.unranked] == [("b-s1", "failed")]


def test_unlike_protocols_are_apart_and_say_why(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    add_score(folder / "a-s0", 100, 5.0, PROTOCOL | {"generated": 10_000})
    add_score(folder / "a-s1", 100, 6.0, PROTOCOL, metric="kd_lenet")
    add_score(folder / "b-s0", 100, 7.0, None)
    first, *others = tables(folder)
    assert [row.mean for row in first.rows] == [12.0, 30.0]
    told = {one.differs: [(row.group.label, row.mean) for row in one.rows] for one in others}
    unknown = "; ".join(f"{name} -, above {value}" for name, value in PROTOCOL.items())
    assert told == {
        "generated 10000, above 500": [("a", 5.0)],
        "score kd_lenet, above fd_lenet": [("a", 6.0)],
        unknown: [],
    }
    why = "the score has no protocol, so nothing is known to be comparable with it"
    assert ("b-s0", why) in [(run.name, reason) for run, reason in others[-1].unranked], "it is shown, but not ranked"


def test_of_two_full_tables_the_one_with_more_images_is_first(tmp_path: Path) -> None:
    make_run(tmp_path / "x", {10: 3.0})
    add_score(tmp_path / "x", 10, 2.0, PROTOCOL | {"generated": 50_000})
    assert [table.protocol["generated"] for table in tables(tmp_path)] == [50_000, 500]


def test_a_score_that_is_no_number_is_not_ranked(tmp_path: Path) -> None:
    make_run(tmp_path / "good", {10: 3.0})
    make_run(tmp_path / "bad", {5: 1.0, 10: math.nan}, model="WGAN")
    make_run(tmp_path / "none", {}, model="LSGAN")
    make_run(tmp_path / "gap", {5: math.inf, 10: 4.0}, model="VAE")
    (table,) = tables(tmp_path)
    assert [(row.group.label, row.mean, row.best_steps) for row in table.rows] == [
        ("GAN", 3.0, [10]),
        ("VAE", 4.0, [10]),
        ("WGAN", math.inf, []),
    ]
    assert [row.ranks for row in table.rows] == [(1, 2), (1, 2), (3, 3)], "it is ranked last, and does not vanish"
    assert {run.name: why for run, why in table.unranked} == {
        "bad": "the score at step 10 is not a finite number",
        "none": "no such score",
    }


def test_only_finished_runs_count_unless_there_is_none(tmp_path: Path) -> None:
    make_run(tmp_path / "done", {10: 3.0})
    make_run(tmp_path / "half", {5: 50.0}, status="interrupted", seed=1)
    make_run(tmp_path / "begun", {5: 60.0}, status="interrupted", model="WGAN")
    (table,) = tables(tmp_path)
    shown = [(row.group.label, row.mean, row.group.status) for row in table.rows]
    assert shown == [("GAN", 3.0, "1 finished, 1 interrupted"), ("WGAN", 60.0, "interrupted")]
    assert [why for _, why in table.unranked] == ["interrupted, 50 at step 5"]


@pytest.mark.parametrize("second", [2.5, 4.0, math.nan])
def test_two_values_of_one_step_are_not_ranked(tmp_path: Path, second: float) -> None:
    make_run(tmp_path / "x", {10: 3.0})
    make_run(tmp_path / "y", {10: 3.5}, model="WGAN")
    add_score(tmp_path / "x", 10, second, PROTOCOL)
    add_score(tmp_path / "x", 10, 3.0, PROTOCOL)
    (table,) = tables(tmp_path)
    assert [row.group.label for row in table.rows] == ["WGAN"], "it neither wins nor counts as the worst"
    shown = "None" if math.isnan(second) else second
    assert [reason for _, reason in table.unranked] == [f"step 10 has two values of the score, 3.0 and {shown}"]


def test_a_value_that_another_device_rounded_is_the_same(tmp_path: Path) -> None:
    make_run(tmp_path / "x", {10: 3.0})
    add_score(tmp_path / "x", 10, 3.0 + 1e-5, PROTOCOL)
    assert [row.mean for row in tables(tmp_path)[0].rows] == [3.0 + 1e-5]


def test_the_last_step_is_the_mean_over_the_seeds_of_its_latents(tmp_path: Path) -> None:
    """Three seeds of latents at 10, 12 and 17, and one run with a single seed at 20: 13 ± sqrt(13), and 20."""
    make_run(tmp_path / "a", {5: 8.0, 10: 10.0}, protocol=PROTOCOL | {"latent_seed": 0})
    make_run(tmp_path / "b", {5: 8.0, 10: 20.0}, protocol=PROTOCOL | {"latent_seed": 0}, model="WGAN")
    for seed, value in ((1, 12.0), (2, 17.0)):
        add_score(tmp_path / "a", 10, value, PROTOCOL | {"latent_seed": seed})
    (table,) = tables(tmp_path)
    assert [(row.mean, row.latent_spread, row.interval) for row in table.rows] == [
        (13.0, pytest.approx(math.sqrt(13)), None),
        (20.0, None, None),
    ]


def test_settings_of_the_matrix_part_groups_and_constant_ones_are_not_said(tmp_path: Path) -> None:
    cells = {}
    for width in (32, 64):
        for seed in (0, 1):
            make_run(tmp_path / "s" / f"g-{width}-s{seed}", {10: float(width)}, seed=seed, config={"width": width})
            settings = {"seed": seed, "model.width": width, "data.batch_size": 8}
            cells[f"g-{width}-s{seed}"] = {"method": "g", "settings": settings}
    (table,) = tables(make_study(tmp_path / "s", cells))
    assert [(row.group.label, row.mean, row.spread) for row in table.rows] == [
        ("g, width=32", 32.0, 0.0),
        ("g, width=64", 64.0, 0.0),
    ]


def test_loose_runs_are_parted_by_what_is_trained_not_by_what_is_watched(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {10: 1.0})
    make_run(tmp_path / "b", {10: 3.0}, seed=1)
    make_run(tmp_path / "c", {10: 9.0}, config={"width": 8})
    (tmp_path / "b" / "config.yaml").write_text((tmp_path / "b" / "config.yaml").read_text() + "grids: {every: 7}\n")
    (table,) = tables(tmp_path)
    assert [(row.group.label, row.mean) for row in table.rows] == [("GAN, width=64", 2.0), ("GAN, width=8", 9.0)]


def test_studies_side_by_side_are_told_apart(tmp_path: Path) -> None:
    for study, value in (("one", 1.0), ("two", 2.0)):
        make_run(tmp_path / study / "a-s0", {10: value})
        make_study(tmp_path / study, {"a-s0": {"method": "a"}})
    assert [row.group.label for row in tables(tmp_path)[0].rows] == ["one: a", "two: a"]


def test_the_budget_says_what_was_equal(tmp_path: Path) -> None:
    (table,) = tables(two_methods(tmp_path / "s"))
    assert rank.budget(table) == "steps equal (100) · images equal (1,000) · seconds equal (10)"
    make_run(tmp_path / "s" / "long", {200: 1.0}, model="VAE")
    (table,) = tables(tmp_path / "s")
    assert rank.budget(table) == "steps 100 to 200 · images 1,000 to 2,000 · seconds 10 to 20"


def seeds_of(folder: Path, values: Mapping[str, Sequence[float]], metric: str = "fd_lenet") -> Path:
    """A study of methods with a score for each seed."""
    cells = {}
    for method, scores in values.items():
        for seed, value in enumerate(scores):
            run = make_run(folder / f"{method}-s{seed}", {}, seed=seed, model=method)
            add_score(run, 100, value, PROTOCOL, metric=metric)
            cells[run.name] = {"method": method, "settings": {"seed": seed}}
    return make_study(folder, cells)


STEADY = {"a": [10, 20, 30], "b": [12, 22, 33], "c": [9, 25, 30]}
"""Scores that rise from seed to seed, by more than the methods differ."""


def test_seeds_are_compared_one_by_one_only_on_request(tmp_path: Path) -> None:
    folder = seeds_of(tmp_path / "s", STEADY)
    (table,) = tables(folder)
    assert [(row.group.label, row.ranks) for row in table.rows] == [(name, (1, 3)) for name in "acb"]
    assert table.test == seeds.Comparison(lower_is_better=True, logs=True, paired=False)
    (table,) = rank.tables(grouping.group(collect([folder])), paired=True)
    logs = [[math.log(value) for value in STEADY[name]] for name in "ab"]
    (pair,) = [
        pair
        for pair in table.pairs
        if {table.rows[pair.first].group.label, table.rows[pair.second].group.label} == {"a", "b"}
    ]
    assert table.test.paired and pair.p == pytest.approx(scipy.stats.ttest_rel(logs[0], logs[1]).pvalue)


def test_distances_that_differ_by_much_are_ranked_apart(tmp_path: Path) -> None:
    (table,) = tables(seeds_of(tmp_path / "s", {"a": [10, 11, 12], "b": [20, 21, 23], "c": [40, 44, 45]}))
    assert [(row.group.label, row.ranks) for row in table.rows] == [("a", (1, 1)), ("b", (2, 2)), ("c", (3, 3))]
    said = certainty.standing(table)
    assert said.startswith("3 of 3 pairs are told apart by Welch's t-test of the logarithms of their scores")
    assert "These ranks are exploratory: some methods have 3 seeds" in said
    assert re.search(r"could have shown a difference of \d+ % or more", said)


def test_with_five_seeds_ranks_are_no_longer_exploratory(tmp_path: Path) -> None:
    values = {"a": [10, 11, 12, 10, 11], "b": [20, 21, 23, 20, 22]}
    (table,) = tables(seeds_of(tmp_path / "s", values))
    assert "exploratory" not in certainty.standing(table)


def test_a_method_with_a_failed_run_is_not_ranked_before_one_without(tmp_path: Path) -> None:
    folder = seeds_of(tmp_path / "s", {"a": [10, 11, 12, 11], "b": [20, 21, 23, 22]})
    add_score(folder / "a-s3", 200, math.nan, PROTOCOL)
    (table,) = tables(folder)
    assert [(row.group.label, row.mean, row.ranks) for row in table.rows] == [("a", 11.0, (1, 2)), ("b", 21.5, (1, 2))]
    assert "1 run failed or ended in a score that is no number" in certainty.standing(table)


def test_a_seed_that_was_run_twice_counts_once(tmp_path: Path) -> None:
    for name, seed, value in (("x", 0, 10.0), ("y", 0, 20.0), ("z", 1, 30.0)):
        make_run(tmp_path / name, {10: value}, seed=seed)
    (table,) = tables(tmp_path)
    assert table.rows[0].mean == 22.5, "the mean of 15 and 30, as the interval has it"


def test_under_three_seeds_nothing_is_ranked_apart_and_the_table_says_so(tmp_path: Path) -> None:
    (table,) = tables(seeds_of(tmp_path / "s", {"a": [10, 20], "b": [110, 120]}))
    assert [row.ranks for row in table.rows] == [(1, 2), (1, 2)]
    assert certainty.standing(table) == (
        "Nothing is ranked apart: a comparison takes 3 seeds of each method, and no two methods have more than 2."
    )


def test_of_scores_that_are_better_higher_the_highest_is_first(tmp_path: Path) -> None:
    values = {"a": [0.1, 0.2, 0.3], "b": [0.5, 0.6, 0.7]}
    (table,) = tables(seeds_of(tmp_path / "s", values, metric="precision_lenet_500"))
    assert [(row.group.label, row.ranks) for row in table.rows] == [("b", (1, 1)), ("a", (2, 2))]


def test_the_score_asked_for_comes_first(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    add_score(folder / "a-s0", 100, 5.0, PROTOCOL, metric="kid_500")
    assert [table.metric for table in tables(folder)] == ["fd_lenet", "kid_500"]
    assert [table.metric for table in tables(folder, score="kid_500")] == ["kid_500", "fd_lenet"]
    with pytest.raises(Mistake, match=r"No run has the score kid_50 \(did you mean kid_500\?\): there are fd_lenet"):
        tables(folder, score="kid_50")


def test_the_best_step_is_shown_with_the_latents_that_did_not_choose_it(tmp_path: Path) -> None:
    first, again = PROTOCOL | {"latent_seed": 0}, PROTOCOL | {"latent_seed": 1}
    for name, value in (("a", 9.0), ("b", 11.0)):
        make_run(tmp_path / name, {5: 8.0, 10: 10.0}, protocol=first, seed=ord(name))
        add_score(tmp_path / name, 5, value, again)
    (table,) = tables(tmp_path)  # the second look is no table of its own
    assert (table.protocol, table.rows[0].mean, table.rows[0].again) == (first, 10.0, 10.0)
    add_score(tmp_path / "a", 10, 12.0, again)  # the last step too: the mean of 10 and 12 for one run of two
    (table,) = tables(tmp_path)
    assert (table.protocol, table.rows[0].mean, table.rows[0].again) == (first, 10.5, 10.0)


def test_runs_are_grouped_by_any_setting(tmp_path: Path) -> None:
    cells = {}
    for method in ("g", "h"):
        for width in (32, 64):
            name = f"{method}-{width}"
            make_run(tmp_path / "s" / name, {10: float(width + (method == "h"))}, config={"width": width})
            cells[name] = {"method": method, "settings": {"seed": 0, "model.width": width}}
    folder = make_study(tmp_path / "s", cells)
    (table,) = tables(folder, by=("model.width",))
    assert [(row.group.label, row.mean) for row in table.rows] == [("width=32", 32.5), ("width=64", 64.5)]
    assert table.pairs[0].effect == pytest.approx(32.5 / 64.5, rel=1e-3) and table.pairs[0].seeds == (1, 1)
    (table,) = tables(folder, by=("method",))
    assert [(row.group.label, row.mean) for row in table.rows] == [("g", 48.0), ("h", 49.0)]
    assert [len(row.scores) for row in table.rows] == [2, 2]  # a block for each width
    with pytest.raises(Mistake, match=r"No run has a setting model.widht \(did you mean model.width\?\)"):
        tables(folder, by=("model.widht",))


def test_models_drawn_as_they_draw_by_themselves_are_in_one_table_whether_they_know_classes_or_not(
    tmp_path: Path,
) -> None:
    said = {"gan": "none", "cgan": "uniform", "told": "data", "threes": "class 3"}
    for number, (model, labels) in enumerate(said.items()):
        make_run(tmp_path / model, {10: 5.0 + number}, model=model, protocol=PROTOCOL | {"labels": labels})
    first, *others = tables(tmp_path)
    assert [(row.group.label, row.labels) for row in first.rows] == [("gan", ["none"]), ("cgan", ["uniform"])]
    assert first.protocol == PROTOCOL | {"labels": "own"}
    assert sorted(one.differs for one in others) == ["labels class 3, above own", "labels data, above own"]


@pytest.mark.parametrize(
    ("first_seed", "expected"),
    [
        (3, "a paired comparison takes 3 seeds that both methods have, and no two methods share more than 1."),
        (1, "These ranks are exploratory: some methods share 3 seeds, and 5 are the least for a claim."),
    ],
)
def test_seeds_that_only_some_methods_have_are_not_paired(first_seed: int, expected: str, tmp_path: Path) -> None:
    for seed in range(4):
        make_run(tmp_path / f"a{seed}", {10: 10 + seed / 3}, seed=seed)
        make_run(tmp_path / f"b{seed}", {10: 20 + seed / 7}, model="WGAN", seed=first_seed + seed)
    (table,) = rank.tables(grouping.group(collect([tmp_path])), paired=True)
    assert expected in certainty.standing(table)
