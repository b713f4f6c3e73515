"""How sure a table's ranks are, in sentences: the test, the pairs that differ, few seeds, and runs that failed."""

from math import isfinite

from gan_zoo.report import seeds
from gan_zoo.report.rank import Table


def standing(table: Table) -> str:
    """Return what the ranks can say: how the methods were compared, how many pairs differ, and how sure that is."""
    if len(table.rows) < 2:
        return ""
    counts = [len(seeds.finite_seeds(row.scores)) for row in table.rows]
    tested = [pair for pair in table.pairs if pair.p is not None]
    if not tested and table.test.paired:
        most = max(min(pair.seeds) for pair in table.pairs)
        return (
            f"Nothing is ranked apart: a paired comparison takes {seeds.LEAST} seeds that both methods have, and no "
            f"two methods share more than {most}."
        )
    if not tested:
        return (
            f"Nothing is ranked apart: a comparison takes {seeds.LEAST} seeds of each method, and no two methods have "
            f"more than {sorted(counts)[-2]}."
        )
    few = min(min(pair.seeds) for pair in tested)
    return " ".join(
        filter(None, [verdicts(table, tested), exploratory(table, few), untested(table, tested), failures(table)])
    )


def verdicts(table: Table, tested: list[seeds.Pair]) -> str:
    """Return how the methods were compared, and how many pairs differ."""
    apart = sum(pair.apart for pair in tested)
    name = "the paired t-test" if table.test.paired else "Welch's t-test"
    values = "of the logarithms of their scores" if table.test.logs else "of their scores"
    subject = f"{apart} of {len(tested)} pairs are" if len(table.rows) > 2 else f"The two are{' not' * (not apart)}"
    return (
        f"{subject} told apart by {name} {values}, with p-values adjusted for all pairs (Holm, 5 %). A method ranks "
        "behind all that are shown to be better and before all that are shown to be worse."
    )


def exploratory(table: Table, few: int) -> str:
    """Return the warning that belongs to ranks from few seeds, with what they could have shown."""
    least = seeds.smallest_difference([row.scores for row in table.rows], table.test)
    if few >= seeds.FEW or least is None:
        return ""
    size = f"{100 * (least - 1):.2g} %" if table.test.logs else f"{least:.3g}"
    have = "share" if table.test.paired else "have"
    return (
        f"These ranks are exploratory: some methods {have} {few} seeds, and {seeds.FEW} are the least for a claim. So "
        f"few could have shown a difference of {size} or more."
    )


def untested(table: Table, tested: list[seeds.Pair]) -> str:
    """Return how many pairs have too few seeds for a test."""
    few = len(table.pairs) - len(tested)
    if not few:
        return ""
    lack = "share fewer" if table.test.paired else "have a method with fewer"
    return f"{few} pairs {lack} than {seeds.LEAST} seeds, and are not compared."


def failures(table: Table) -> str:
    """Return what became of runs that failed."""
    lost = sum(not isfinite(value) for row in table.rows for value in row.scores.values())
    if not lost:
        return ""
    return (
        f"{lost} run{'s' * (lost > 1)} failed or ended in a score that is no number, which counts as the worst: a "
        "method is not ranked before another of which a smaller share failed."
    )
