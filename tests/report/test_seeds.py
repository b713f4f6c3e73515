"""What a few seeds can tell: against scipy's tests, closed forms, values by hand, and simulated studies."""

import math
import random
from collections.abc import Hashable

import pytest
import scipy.stats

from gan_zoo.report import seeds
from gan_zoo.report.seeds import Comparison, Pair, compare, improvement, mean_interval, ranks, ties
from gan_zoo.report.ttest import holm

Cell = tuple[Hashable, str]
PLAIN, LOGS, PAIRED = Comparison(), Comparison(logs=True), Comparison(paired=True)
A, B = [10.0, 12.0, 11.0, 14.0], [13.0, 19.0, 12.0]


def scored(*values: float) -> seeds.Scores:
    return {(seed, ""): float(value) for seed, value in enumerate(values)}


def test_two_methods_are_compared_as_scipy_compares_them() -> None:
    (pair,) = compare([scored(*A), scored(*B)], PLAIN)
    theirs = scipy.stats.ttest_ind(A, B, equal_var=False)
    assert pair.p == pytest.approx(theirs.pvalue, rel=1e-12) == pair.adjusted
    assert pair.interval == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-12)
    assert pair.effect == pytest.approx(11.75 - 44 / 3) and pair.seeds == (4, 3)


def test_logarithms_give_a_ratio_of_geometric_means() -> None:
    (pair,) = compare([scored(*A), scored(*B)], LOGS)
    logs = [list(map(math.log, values)) for values in (A, B)]
    theirs = scipy.stats.ttest_ind(*logs, equal_var=False)
    assert pair.p == pytest.approx(theirs.pvalue, rel=1e-12)
    assert pair.interval == pytest.approx(tuple(map(math.exp, theirs.confidence_interval(0.95))), rel=1e-12)
    assert pair.effect == pytest.approx(math.prod(A) ** (1 / 4) / math.prod(B) ** (1 / 3))


def test_a_unit_changes_nothing_of_a_comparison_of_logarithms() -> None:
    first, second = ([scored(*(factor * value for value in values)) for values in (A, B)] for factor in (1, 1000))
    (ours,), (theirs,) = compare(first, LOGS), compare(second, LOGS)
    assert ours.p == pytest.approx(theirs.p) and ours.effect == pytest.approx(theirs.effect)


def test_on_request_the_common_seeds_are_compared_one_by_one() -> None:
    (pair,) = compare([scored(*A), scored(*B)], PAIRED)
    theirs = scipy.stats.ttest_rel(A[:3], B)
    assert pair.p == pytest.approx(theirs.pvalue, rel=1e-12) and pair.seeds == (3, 3)
    assert pair.interval == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-12)
    steady = [scored(10, 20, 30), scored(12, 22, 33)]  # alike from seed to seed, which Welch's test cannot see
    assert compare(steady, PAIRED)[0].apart and not compare(steady, PLAIN)[0].apart


def test_p_values_are_adjusted_by_holm() -> None:
    """By hand: 4 x 0.01, 3 x 0.02, 2 x 0.03 and 1 x 0.04, none below the one before."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0] and holm([]) == []


def test_the_p_values_of_a_table_are_adjusted_together() -> None:
    three = compare([scored(1.0, 1.1, 0.9), scored(1.3, 1.4, 1.5), scored(1.0, 1.2, 0.8)], PLAIN)
    raw = [pair.p for pair in three if pair.p is not None]
    assert [pair.adjusted for pair in three] == pytest.approx(holm(raw))
    assert min(raw) < 0.05 / 2 < 0.05, "apart alone"


def test_equal_scores_without_any_spread_are_not_apart_and_unequal_ones_are() -> None:
    assert [pair.p for pair in compare([scored(1, 1, 1), scored(1, 1, 1), scored(2, 2, 2)], PLAIN)] == [1, 0, 0]


def test_under_three_seeds_nothing_is_tested() -> None:
    found = compare([scored(1.0, 2.0), scored(101.0, 102.0, 103.0), {("x", ""): 5.0}], PLAIN)
    assert [(pair.seeds, pair.p, pair.apart) for pair in found] == [
        ((2, 3), None, False),
        ((2, 1), None, False),
        ((3, 1), None, False),
    ]
    assert found[0].effect == -100.5
    assert ranks(3, found, lower_is_better=True) == [(1, 3)] * 3
    assert [ties(method, found) for method in range(3)] == [[1, 2], [0, 2], [0, 1]]


def test_the_interval_of_a_mean_by_hand() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0]) or (0, 0)  # mean 2, deviation 1: 4.3027 / sqrt(3) either way
    assert (low, high) == (pytest.approx(2 - 2.48414, abs=1e-5), pytest.approx(2 + 2.48414, abs=1e-5))
    assert mean_interval([1.0]) is None
    low, high = mean_interval([math.e, math.e**2, math.e**3], logs=True) or (0, 0)
    assert (low, high) == (pytest.approx(math.exp(2 - 2.48414), rel=1e-5), pytest.approx(math.exp(4.48414), rel=1e-5))


@pytest.mark.parametrize("values", [[1.0, 20.0, 60.0], [0.001, 5.0], [3.0, 3.0, 3.0]])
def test_no_interval_of_a_distance_is_negative(values: list[float]) -> None:
    low, high = mean_interval(values, logs=True) or (-1, 0)
    assert 0 < low <= math.prod(values) ** (1 / len(values)) + 1e-9 and high >= low


def test_blocks_of_one_seed_count_once() -> None:
    one: dict[Cell, float] = {}
    for seed in (0, 1, 2):
        for block, value in (("a", 1.0), ("b", 5.0)):
            one[seed, block] = value + seed
    assert seeds.by_seed(one) == {0: 3.0, 1: 4.0, 2: 5.0}
    (pair,) = compare([one, scored(3.0, 4.0, 5.0)], PLAIN)
    assert (pair.seeds, pair.effect, pair.p) == ((3, 3), 0.0, 1.0)


def test_ranks_where_what_is_not_told_apart_forms_a_chain() -> None:
    chain = [
        Pair(0, 1, (3, 3), adjusted=0.2, first_is_lower=True),
        Pair(1, 2, (3, 3), adjusted=0.2, first_is_lower=True),
        Pair(0, 2, (3, 3), adjusted=0.01, first_is_lower=True),
    ]
    assert ranks(3, chain, lower_is_better=True) == [(1, 2), (1, 3), (2, 3)]
    assert ranks(3, chain, lower_is_better=False) == [(2, 3), (1, 3), (1, 2)]
    assert not Pair(0, 1, (3, 3), adjusted=0.05).apart, "at 5 % exactly nothing is told apart"


def test_a_method_is_not_shown_to_be_better_by_the_seeds_that_did_not_fail() -> None:
    good, worse = scored(1.0, 1.1, 0.9, math.inf), scored(9.0, 9.1, 8.9, 9.2)
    (pair,) = compare([good, worse], PLAIN)
    assert (pair.p, pair.apart, pair.seeds) == (1.0, False, (3, 4))
    (pair,) = compare([scored(9.0, 9.1, 8.9, math.inf), scored(1.0, 1.1, 0.9, 1.0)], PLAIN)
    assert pair.apart, "but it may be shown to be worse"
    both = [scored(1.0, 1.1, 0.9, math.inf), scored(9.0, 9.1, 8.9, math.inf)]
    assert compare(both, PLAIN)[0].apart, "alike in failing"


def test_methods_that_failed_whole_share_the_last_ranks() -> None:
    methods = [scored(1.0, 1.1, 0.9), scored(2.0, 2.1, 1.9), scored(math.inf, math.inf), scored(math.inf)]
    found = compare(methods, PLAIN)
    assert ranks(4, found, True, failed=[2, 3]) == [(1, 1), (2, 2), (3, 4), (3, 4)]
    assert [ties(method, found, [2, 3]) for method in range(4)] == [[], [], [3], [2]]


def test_the_probability_of_improvement_is_the_share_of_pairs_of_runs() -> None:
    better, (low, high) = improvement(scored(1, 2, 3), scored(2, 3, 4), True) or (0, (0, 0))
    assert better == pytest.approx((6 + 0.5 * 2) / 9)  # 1 < 2, 3, 4; 2 < 3, 4; 3 < 4; and two ties
    assert 0 <= low <= better <= high <= 1 and high - low > 0.3
    assert improvement(scored(1, 2, 3), scored(2, 3, 4), False) == (pytest.approx(2 / 9), (0.0, pytest.approx(1 - low)))
    assert improvement(scored(1, 2), scored(7, 8), True) == (1.0, (1.0, 1.0))
    assert improvement(scored(1, 2), scored(1, math.inf), True) == (pytest.approx(0.625), (0.0, 1.0))
    assert improvement(scored(1.0), scored(2, 3), True) is None


def test_the_smallest_difference_is_where_the_first_pair_would_be_told_apart() -> None:
    """Two methods of three seeds with deviation 1: t of 4 degrees, 2.776, times sqrt(2 / 3)."""
    pair = [scored(4.0, 5.0, 6.0), scored(1.0, 2.0, 3.0)]
    assert seeds.smallest_difference(pair, PLAIN) == pytest.approx(2.776445 * math.sqrt(2 / 3))
    least = seeds.smallest_difference(pair, PLAIN) or 0
    for factor, apart in ((0.999, False), (1.001, True)):
        moved = [pair[0], scored(*(5 + factor * least + d for d in (-1, 0, 1)))]
        assert compare(moved, PLAIN)[0].apart == apart
    assert seeds.smallest_difference([scored(1.0), scored(2.0)], PLAIN) is None
    more = [*pair, scored(1.0, 2.0, 3.0), scored(1.0, 2.0, 3.0)]
    assert (seeds.smallest_difference(more, PLAIN) or 0) > least, "six pairs ask for more"


def distances(means: list[float], count: int, draw: random.Random) -> list[seeds.Scores]:
    """Distances with a deviation of a tenth of their means."""
    return [scored(*(mean * (1 + 0.1 * draw.gauss(0, 1)) for _ in range(count))) for mean in means]


@pytest.mark.slow  # 72,000 tests with checked types
def test_nine_equal_methods_are_rarely_told_apart() -> None:
    """Any pair in at most 5.5 % of 2,000 studies: 5 % and a standard error of 0.5 %. Unadjusted it is about 70 %."""
    draw, wrong, unadjusted = random.Random(0), 0, 0
    for _ in range(2000):
        pairs = compare(distances([50.0] * 9, 3, draw), LOGS)
        wrong += any(pair.apart for pair in pairs)
        unadjusted += any(pair.p is not None and pair.p < 0.05 for pair in pairs)
    assert wrong <= 0.055 * 2000
    assert unadjusted > 0.4 * 2000, "the test could fail"


def test_four_methods_that_differ_by_two_deviations_are_found_with_ten_seeds() -> None:
    """Neighbours are two deviations apart; at least 85 % of all pairs are told apart, and none the wrong way about."""
    draw, found, pairs = random.Random(1), 0, 0
    for _ in range(500):
        compared = compare(distances([50.0, 61.0, 74.0, 90.0], 10, draw), LOGS)
        found += sum(pair.apart for pair in compared)
        pairs += len(compared)
        assert all(pair.first_is_lower for pair in compared if pair.apart)
    assert found >= 0.85 * pairs


def test_a_simulated_study_is_ranked_by_its_gaps() -> None:
    methods = distances([50.0, 90.0, 50.0, 160.0], 10, random.Random(2))
    assert ranks(4, compare(methods, LOGS), lower_is_better=True) == [(1, 2), (3, 3), (1, 2), (4, 4)]
    few = [dict(list(one.items())[:2]) for one in methods]
    assert ranks(4, compare(few, LOGS), lower_is_better=True) == [(1, 4)] * 4
