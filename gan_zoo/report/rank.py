"""Groups into ranked tables: one table for each score and protocol.

The headline is the last step's score, its mean over a method's seeds. The best step was chosen on the score itself, so
its score flatters; it is shown only where it was scored again, with other latents. Only finished runs are averaged,
unless a method has none: then it is ranked by how far its runs are, and its status says so.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from statistics import fmean, stdev
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.metrics import names
from gan_zoo.metrics.protocol import comparable
from gan_zoo.report import again, papers, seeds
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, plain
from gan_zoo.report.scores import Line, Number, best, has_step, is_number, kind, protocol

HASHES = ("extractor_weights", "data_fingerprint", "source_fingerprint")


@dataclass
class Row:
    """A group's place in a table."""

    group: Group
    runs: list[Result]
    """Those whose scores are averaged."""
    scores: seeds.Scores
    """Of the last steps, by seed and block."""
    mean: float
    spread: float | None
    """Sample standard deviation over the seeds; None for one."""
    interval: seeds.Interval | None
    """Of the mean, 95 %; for one run the score's own, if it has any."""
    steps: list[int]
    """Of the scores averaged, one a run."""
    best_steps: list[int]
    latent_spread: float | None
    """Mean over the runs of the sample standard deviation over seeds of latents; None: each was scored with one."""
    again: float | None
    """Mean score of the best steps with other latents; None if not all were scored again."""
    images: list[Number]
    seconds: list[Number]
    papers: list[papers.Paper]
    """The authors' own numbers."""
    labels: list[str]
    """Classes that the images were drawn with, of all that is in a table's `own`."""
    ranks: tuple[int, int] = (1, 1)
    """The first and the last that it may have."""
    ties: list[Group] = field(default_factory=list)
    """The methods that it is not told apart from."""


@dataclass
class Table:
    """Scores of one name and one protocol."""

    metric: str
    protocol: dict[str, Any]
    """Empty: the runs did not say."""
    rows: list[Row] = field(default_factory=list)
    """The best mean first."""
    test: seeds.Comparison = field(default_factory=seeds.Comparison)
    """How the rows are compared."""
    pairs: list[seeds.Pair] = field(default_factory=list)
    """Every two rows, by their places."""
    unranked: list[tuple[Result, str]] = field(default_factory=list)
    """Runs that are not averaged, and why."""
    differs: str = ""
    """What is unlike the first table's score and protocol."""

    @property
    def key(self) -> str:
        return kind(self.metric, self.protocol)

    @property
    def lower(self) -> bool:
        """Whether lower values are better."""
        return names.direction(self.metric) == "lower"


def tables(groups: list[Group], score: str = "", paired: bool = False) -> list[Table]:
    """One table for each score and protocol, the most telling first.

    Args:
        groups: the runs.
        score: the name of the score whose tables come first; "": the one that most runs have, of those the most images.
        paired: whether methods are compared seed by seed.

    Raises:
        Mistake: no run has such a score.
    """
    found: dict[str, list[list[Line]]] = {}
    runs = [run for one in groups for run in one.runs]
    for run in runs:
        for key, lines in run.scores.items():
            found.setdefault(key, []).append(lines)
    known = {str(lines[0][0].get("metric")) for lines in found.values()}
    if score and score not in known:
        raise Mistake(f"No run has the score {score}{closest(score, known)}: there are {', '.join(sorted(known))}.")
    keys = sorted(found.keys() - again.second_looks(found, runs), key=lambda key: order(found[key], score, key))
    made = [table(found[key][0][0], groups, paired) for key in keys]
    for one in made[1:]:
        one.differs = unlike(one, made[0])
    return made


def best_first(groups: list[Group], ranked: list[Table]) -> list[Group]:
    """The groups as the first table has them, then the others: their colours and columns follow this order."""
    order = {row.group.label: place for place, row in enumerate(ranked[0].rows)} if ranked else {}
    return sorted(groups, key=lambda one: order.get(one.label, len(groups)))


def order(found: list[list[Line]], score: str, key: str) -> tuple[Any, ...]:
    """What tables are sorted by: the score asked for, many runs, many images, the usual order of the metrics."""
    line = found[0][0]
    metric, generated = str(line.get("metric")), protocol(line).get("generated")
    measures = list(names.MEASURES.values())
    measure = names.measure(metric)
    usual = measures.index(measure) if measure else len(measures)
    return (metric != score, not protocol(line), -len(found), -generated if is_number(generated) else 0, usual, key)


def table(example: Line, groups: list[Group], paired: bool = False) -> Table:
    """Return the table of one score and protocol, those of `example`, over all groups."""
    made = Table(str(example.get("metric")), comparable(protocol(example)))
    for one in groups:
        scored = [(run, block, run.scores.get(made.key, [])) for run, block in zip(one.runs, one.blocks, strict=True)]
        good = [entry for entry in scored if not refusal(entry[0], entry[2])]
        averaged = [entry for entry in good if entry[0].status == "finished"] or good
        lost = [(run, block) for run, block, lines in scored if made.protocol and has_failed(run, lines)]
        if averaged or lost:
            made.rows.append(row(one, averaged, lost, made))
        kept = {run.name for run, _, _ in averaged}
        made.unranked += [
            (run, refusal(run, lines) or f"{run.status}, {lines[-1]['value']:.4g} at step {lines[-1]['step']}")
            for run, _, lines in scored
            if run.name not in kept
        ]
    made.rows.sort(key=lambda row: row.mean if made.lower else -row.mean)
    rank(made, paired)
    return made


def rank(table: Table, paired: bool) -> None:
    """Compare the rows of a table, which lie in the order of their means, and set their ranks."""
    methods = [row.scores for row in table.rows]
    logs = seeds.suits_logs(methods, table.lower)
    table.test = seeds.Comparison(table.lower, logs, paired)
    table.pairs = seeds.compare(methods, table.test)
    failed = [place for place, row in enumerate(table.rows) if not row.runs]
    for place, ranks in enumerate(seeds.ranks(len(table.rows), table.pairs, table.lower, failed)):
        row = table.rows[place]
        row.ranks = ranks
        row.ties = [table.rows[other].group for other in seeds.ties(place, table.pairs, failed)]
        values = [value for value in seeds.by_seed(row.scores).values() if isfinite(value)]
        if len(values) > 1:
            row.interval = seeds.mean_interval(values, logs)


def has_failed(run: Result, lines: list[Line]) -> bool:
    """Return whether a run's score counts as the worst: it failed, or its last score is no finite number.

    A run that failed without any score at all counts in every table; one with other scores only in theirs.
    """
    if lines and (not protocol(lines[-1]) or "conflict" in lines[-1]):
        return False
    if lines:
        return run.status == "failed" or not is_number(lines[-1].get("value"))
    return run.status == "failed" and not run.scores


def refusal(run: Result, lines: list[Line]) -> str:
    """Why a run takes no part in a table; empty if it does."""
    if run.status == "failed":
        return "failed"
    if not lines:
        return "no such score"
    if not protocol(lines[-1]):
        return "the score has no protocol, so nothing is known to be comparable with it"
    if values := lines[-1].get("conflict"):
        return f"step {lines[-1]['step']} has two values of the score, {' and '.join(map(str, values))}"
    return "" if is_number(lines[-1].get("value")) else f"the score at step {lines[-1]['step']} is not a finite number"


def row(one: Group, scored: list[tuple[Result, str, list[Line]]], lost: list[tuple[Result, str]], table: Table) -> Row:
    """Return the means over a group's runs with a score; those that were lost have the worst score there is."""
    last = [lines[-1] for _, _, lines in scored]
    chosen = [best(lines, table.lower) for _, _, lines in scored]
    looks = [again.rescored(run, table.key, line["step"]) for (run, _, _), line in zip(scored, chosen, strict=True)]
    draws = [
        [float(line["value"]), *again.rescored(run, table.key, line["step"])]
        for (run, _, _), line in zip(scored, last, strict=True)
    ]
    spreads = [stdev(values) for values in draws if len(values) > 1]
    cells: dict[tuple[Hashable, str], list[float]] = {}
    for (run, block, _), values in zip(scored, draws, strict=True):
        cells.setdefault(cell(run, block), []).append(fmean(values))
    scores = {place: fmean(values) for place, values in cells.items()}
    worst = seeds.WORST[table.lower]
    by_seed = list(seeds.by_seed(scores).values())
    first = scored[0][0] if scored else lost[0][0]
    return Row(
        group=one,
        runs=[run for run, _, _ in scored],
        scores=scores | {cell(run, block): worst for run, block in lost if cell(run, block) not in scores},
        mean=fmean(by_seed) if by_seed else worst,
        spread=stdev(by_seed) if len(by_seed) > 1 else None,
        interval=own_interval(last[0]) if len(last) == 1 and not spreads else None,
        steps=[line["step"] for line in last if has_step(line)],
        best_steps=[line["step"] for line in chosen if has_step(line)],
        latent_spread=fmean(spreads) if spreads else None,
        again=fmean(map(fmean, looks)) if looks and all(looks) and all(map(has_step, chosen)) else None,
        images=[line["images"] for line in last if is_number(line.get("images"))],
        seconds=[line["seconds"] for line in last if is_number(line.get("seconds"))],
        papers=papers.beside(table.metric, first.model, first.data, first.config, papers.everything()),
        labels=sorted({str(protocol(line)["labels"]) for line in last if "labels" in protocol(line)}),
    )


def cell(run: Result, block: str) -> tuple[Hashable, str]:
    """Return the seed and the block that a run's score belongs to; a run without a seed is its own."""
    return (run.name if run.seed is None else run.seed, block)


def own_interval(line: Line) -> seeds.Interval | None:
    """What one score says of itself."""
    said = line.get("interval")
    if isinstance(said, list) and len(said) == 2 and all(is_number(one) for one in said):
        return float(said[0]), float(said[1])
    return None


def unlike(one: Table, first: Table) -> str:
    """`generated 500, above 10000`: each part of the protocol that is not the first table's."""
    ours, theirs = ({"score": table.metric} | table.protocol for table in (one, first))
    names = [name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name)]
    if {"extractor", "data"} & set(names):  # hashes follow
        names = [name for name in names if name not in HASHES] or names
    return "; ".join(f"{name} {plain(ours.get(name, '-'))}, above {plain(theirs.get(name, '-'))}" for name in names)


def budget(table: Table) -> str:
    """Which of steps, images and seconds the ranked methods had alike, and how far apart the others were."""
    parts: dict[str, Callable[[Row], Sequence[Number]]] = {
        "steps": lambda row: row.steps,
        "images": lambda row: row.images,
        "seconds": lambda row: row.seconds,
    }
    spans = [(name, [one for row in table.rows for one in part(row)]) for name, part in parts.items()]
    said = []
    for name, found in ((name, found) for name, found in spans if found):
        low, high = min(found), max(found)
        equal = low == high
        said.append(f"{name} equal ({high:,.0f})" if equal else f"{name} {low:,.0f} to {high:,.0f}")
    return " · ".join(said)


def standing(table: Table) -> str:
    """Return what the ranks can say: how the methods were compared, how many pairs differ, and how sure that is."""
    if len(table.rows) < 2:
        return ""
    counts = [
        len(row.runs) and len(seeds.by_seed({c: v for c, v in row.scores.items() if isfinite(v)})) for row in table.rows
    ]
    tested = [pair for pair in table.pairs if pair.p is not None]
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
    told = f"{apart} of {len(tested)} pairs are" if len(tested) > 1 else f"The two are{' not' * (not apart)}"
    return (
        f"{told} told apart by {name} {values}, with p-values adjusted for all pairs (Holm, 5 %). A method ranks "
        "behind all that are shown to be better and before all that are shown to be worse."
    )


def exploratory(table: Table, few: int) -> str:
    """Return the warning that belongs to ranks from few seeds, with what they could have shown."""
    least = seeds.smallest_difference([row.scores for row in table.rows], table.test)
    if few >= seeds.FEW or least is None:
        return ""
    size = f"{100 * (least - 1):.2g} %" if table.test.logs else f"{least:.3g}"
    return (
        f"These ranks are exploratory: some methods have {few} seeds, and {seeds.FEW} are the least for a claim. So "
        f"few could have shown a difference of {size} or more."
    )


def untested(table: Table, tested: list[seeds.Pair]) -> str:
    """Return how many pairs have too few seeds for a test."""
    few = len(table.pairs) - len(tested)
    return f"{few} pairs have a method with fewer than {seeds.LEAST} seeds, and are not compared." if few else ""


def failures(table: Table) -> str:
    """Return what became of runs that failed."""
    lost = sum(not isfinite(value) for row in table.rows for value in row.scores.values())
    if not lost:
        return ""
    return (
        f"{lost} run{'s' * (lost > 1)} failed or ended in a score that is no number, which counts as the worst: a "
        "method is not ranked before another of which a smaller share failed."
    )
