"""The comparison of every two methods of a ranking, as a sheet."""

from gan_zoo.report import seeds
from gan_zoo.report.rank import Table
from gan_zoo.report.sheets import Sheet
from gan_zoo.report.tables import NONE, decimals, interval, number, slug


def pairs(table: Table) -> Sheet:
    """Return the comparison of every two methods of a ranking, with its p-values."""
    digits = 3 if table.test.logs else decimals([row.mean for row in table.rows])
    rows = [[*names_of(table, pair), *comparison(table, pair, digits)] for pair in table.pairs]
    effect = "ratio of means" if table.test.logs else "difference of means"
    head = ("method", "and", effect, "95 % interval", "seeds", "p", "adjusted p", "first better", "verdict")
    numbers = (False, False, True, True, True, True, True, True, False)
    what = "geometric mean divided by" if table.test.logs else "mean less"
    said = (
        f"The first method's {what} the second's; its interval and p are of this pair alone, the adjusted p of all "
        "pairs together (Holm), and the verdict follows from it. First better: how probably a run of the first is "
        "better than a run of the second, with the bootstrap's 95 % interval."
    )
    note = f"The first method's {what} the second's; intervals are of each pair alone, p-values of all pairs (Holm)."
    return Sheet(f"{slug(table)}-pairs", f"{table.metric}, pair by pair", head, numbers, rows, [said], notes=[note])


def names_of(table: Table, pair: seeds.Pair) -> list[str]:
    """Return the names of the two methods of a pair."""
    return [table.rows[place].group.label for place in (pair.first, pair.second)]


def comparison(table: Table, pair: seeds.Pair, digits: int) -> list[str]:
    """Return the cells of one pair, after the methods' names."""
    a, b = (table.rows[place].scores for place in (pair.first, pair.second))
    better = seeds.improvement(a, b, table.lower)
    same = pair.seeds[0] == pair.seeds[1]
    verdict = "apart" if pair.apart else "not told apart" if pair.p is not None else "too few seeds"
    return [
        number(pair.effect, digits),
        interval(pair.interval, digits),
        str(pair.seeds[0]) if same else f"{pair.seeds[0]} and {pair.seeds[1]}",
        probability(pair.p),
        probability(pair.adjusted),
        NONE if better is None else f"{better[0]:.2f} ({better[1][0]:.2f} to {better[1][1]:.2f})",
        verdict,
    ]


def probability(value: float | None) -> str:
    """Return `0.034`, or `< 0.001`."""
    return NONE if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
