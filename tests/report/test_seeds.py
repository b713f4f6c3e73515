"""What a few seeds can tell: values from printed tables and by hand, and a simulated study whose gaps are known."""

import math
import random
from collections.abc import Hashable

import pytest

from gan_zoo.report import seeds
from gan_zoo.report.seeds import Pair, compare, mean_interval, ranks, t_quantile, ties

TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 9: 2.262, 10: 2.228, 30: 2.042, 120: 1.980}
"""97.5 % points of Student's t as tables print them."""

Cell = tuple[Hashable, str]


def scored(*values: float) -> seeds.Scores:
    return {(seed, ""): value for seed, value in enumerate(values)}


@pytest.mark.parametrize(("freedom", "printed"), TABLE.items())
def test_quantiles_are_those_of_the_tables(freedom: int, printed: float) -> None:
    assert abs(t_quantile(0.975, freedom) - printed) <= 0.0005  # three decimals are printed


def test_two_degrees_of_freedom_in_closed_form() -> None:
    for probability in (0.6, 0.9, 0.975, 0.999):
        a = 2 * probability - 1
        assert t_quantile(probability, 2) == pytest.approx(a * math.sqrt(2 / (1 - a * a)), rel=1e-12)


def test_the_interval_of_a_mean_by_hand() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0]) or (0, 0)  # mean 2, deviation 1: 4.3027 / sqrt(3) either way
    assert (low, high) == (pytest.approx(2 - 2.48414, abs=1e-5), pytest.approx(2 + 2.48414, abs=1e-5))
    assert mean_interval([1.0]) is None


def test_pairs_are_compared_over_common_seeds() -> None:
    one, two = scored(10.0, 20.0, 30.0, 99.0), scored(9.0, 19.0, 29.0)
    (pair,) = compare([one, two])
    assert (pair.seeds, pair.difference, pair.apart) == (3, 1.0, True)  # 1 for every seed, though each spreads by 10
    assert ranks(2, [pair], lower_is_better=True) == [(2, 2), (1, 1)]
    assert ranks(2, [pair], lower_is_better=False) == [(1, 1), (2, 2)]


def test_an_interval_that_touches_zero_tells_nothing_apart() -> None:
    assert not Pair(0, 1, 3, 1.0, (0.0, 2.0)).apart and not Pair(0, 1, 3, -1.0, (-2.0, 0.0)).apart
    assert Pair(0, 1, 3, 1.0, (1e-9, 2.0)).apart and Pair(0, 1, 3, -1.0, (-2.0, -1e-9)).apart


def test_under_three_common_seeds_nothing_is_apart() -> None:
    found = compare([scored(1.0, 2.0), scored(101.0, 102.0), {("x", ""): 5.0}])
    assert [(pair.seeds, pair.interval, pair.apart) for pair in found] == [(n, None, False) for n in (2, 0, 0)]
    assert found[1].difference is None
    assert ranks(3, found, lower_is_better=True) == [(1, 3)] * 3
    assert [ties(method, found) for method in range(3)] == [[1, 2], [0, 2], [0, 1]]


def test_blocks_of_one_seed_count_once() -> None:
    one: dict[Cell, float] = {}
    two: dict[Cell, float] = {(0, "c"): 99.0}
    for seed in (0, 1, 2):
        for block, value in (("a", 1.0), ("b", 5.0)):
            one[seed, block], two[seed, block] = value, value + 1 + seed
    one[1, "d"] = 500.0  # a block that only one of the two has takes no part
    (pair,) = compare([one, two])
    assert (pair.seeds, pair.difference) == (3, -2.0)  # -1, -2, -3, not six differences


def test_ranks_where_what_is_not_told_apart_forms_a_chain() -> None:
    chain = [
        Pair(0, 1, 3, -1.0, (-3.0, 1.0)),
        Pair(1, 2, 3, -1.0, (-3.0, 1.0)),
        Pair(0, 2, 3, -2.0, (-3.0, -1.0)),
    ]
    assert ranks(3, chain, lower_is_better=True) == [(1, 2), (1, 3), (2, 3)]


def study(gaps: list[float], count: int, draw: random.Random) -> list[seeds.Scores]:
    """Scores whose means are `gaps`: a part that all methods have of a seed, and a part of their own."""
    common = [draw.gauss(0, 10) for _ in range(count)]
    return [scored(*(gap + part + draw.gauss(0, 1) for part in common)) for gap in gaps]


def test_known_gaps_are_found_and_absent_ones_are_not() -> None:
    draw = random.Random(0)
    trials = 2000
    false = missed = 0
    for _ in range(trials):
        same, _, far = compare(study([50.0, 50.0, 70.0], 5, draw))
        false += same.apart
        missed += not far.apart
    # 5 % of equal pairs look apart: 100 +- 10 of 2000, four deviations; 20 is 14 deviations of a difference's sqrt(2)
    assert 60 <= false <= 140
    assert missed == 0


def test_a_simulated_study_is_ranked_by_its_gaps() -> None:
    found = study([50.0, 80.0, 50.0, 120.0], 8, random.Random(2))
    assert ranks(4, compare(found), lower_is_better=True) == [(1, 2), (3, 3), (1, 2), (4, 4)]
    assert ranks(4, compare(found), lower_is_better=False) == [(3, 4), (2, 2), (3, 4), (1, 1)]
    few = study([50.0, 80.0, 50.0, 120.0], 2, random.Random(2))
    assert ranks(4, compare(few), lower_is_better=True) == [(1, 4)] * 4
