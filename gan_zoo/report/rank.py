"""Rank groups in tables: one table for each score and protocol.

Methods are ranked by the score at the last step, averaged over their seeds. The best step was chosen by its own score,
so that score is too good; the table shows it only if the step was scored again, with other latents. Only finished runs
are averaged. A method without any is ranked by the last scores of its unfinished runs, and its status says so.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.metrics import names
from gan_zoo.metrics.protocol import comparable
from gan_zoo.report import again, baselines, papers, seeds
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, plain
from gan_zoo.report.scores import Line, Number, best, has_step, is_number, kind, own_interval, protocol

HASHES = ("extractor_weights", "data_fingerprint", "source_fingerprint")
"""The parts of a protocol that are hashes. They say little to a reader."""


@dataclass
class Row:
    """One row of a table: a group and its scores."""

    group: Group
    runs: list[Result]
    """The runs whose scores are averaged."""
    scores: seeds.Scores
    """Scores at the last step, by seed and block."""
    mean: float
    spread: float | None
    """Sample standard deviation over the seeds; None for a single seed."""
    interval: seeds.Interval | None
    """95 % interval of the mean; for a single run, the interval that was computed with its score, if any."""
    steps: list[int]
    """The step of each score that is averaged, in the order of `runs`."""
    best_steps: list[int]
    """The step of the best score of each run."""
    latent_spread: float | None
    """Mean over the runs of the sample standard deviation over seeds of latents; None: each was scored with one."""
    again: float | None
    """Mean score of the best steps with other latents; None unless all were scored again."""
    images: list[Number]
    """Real images shown until each score that is averaged."""
    seconds: list[Number]
    """Seconds of training until each score that is averaged."""
    papers: list[papers.Paper]
    """The scores that papers report for the method."""
    labels: list[str]
    """How the classes of the generated images were drawn, as the protocols state it: `uniform`, `none`."""
    ranks: tuple[int, int] = (1, 1)
    """The first and the last rank that the method may have."""
    ties: list[Group] = field(default_factory=list)
    """The methods whose difference from this one is not significant."""


@dataclass
class Table:
    """Scores of one name and one protocol."""

    metric: str
    protocol: dict[str, Any]
    """The conditions of the score; empty if the runs did not record them."""
    rows: list[Row] = field(default_factory=list)
    """The rows, the best mean first."""
    test: seeds.Comparison = field(default_factory=seeds.Comparison)
    """How the rows are compared."""
    pairs: list[seeds.Pair] = field(default_factory=list)
    """Every two rows, by their places."""
    unranked: list[tuple[Result, str]] = field(default_factory=list)
    """Runs that are not averaged, each with the reason."""
    aside: list[baselines.Baseline] = field(default_factory=list)
    """Scores of images that no method made, beside the rows and without a rank."""
    differs: str = ""
    """How score and protocol differ from those of the first table; empty for the first table."""

    @property
    def runs(self) -> list[Result]:
        """The runs whose scores are averaged in the rows."""
        return [run for row in self.rows for run in row.runs]

    @property
    def key(self) -> str:
        """The score and protocol as text, which is the key of `Result.scores`."""
        return kind(self.metric, self.protocol)

    @property
    def lower(self) -> bool:
        """Whether lower values of the score are better."""
        return names.direction(self.metric) == "lower"


def tables(groups: list[Group], score: str = "", paired: bool = False) -> list[Table]:
    """Return one table for each score and protocol, the most informative first.

    Args:
        groups: The groups of runs.
        score: Name of the score whose tables come first. "" takes the score that most runs have, and among several
            the one with the most generated images.
        paired: Whether methods are compared seed by seed.

    Raises:
        Mistake: No run has such a score.
    """
    lines_by_kind: dict[str, list[list[Line]]] = {}
    runs = [run for group in groups for run in group.runs]
    for run in runs:
        for key, lines in run.scores.items():
            lines_by_kind.setdefault(key, []).append(lines)
    available = {str(lines[0][0].get("metric")) for lines in lines_by_kind.values()}
    if score and score not in available:
        raise Mistake(
            f"No run has the score {score}{closest(score, available)}: there are {', '.join(sorted(available))}."
        )
    kinds = lines_by_kind.keys() - again.second_looks(lines_by_kind, runs)
    beside = {key: baselines.beside(key, kinds) for key in kinds}
    keys = sorted(
        kinds - {other for others in beside.values() for other in others},
        key=lambda key: order(lines_by_kind[key], score, key),
    )
    ranked = [table(lines_by_kind[key][0][0], groups, paired) for key in keys]
    for each, key in zip(ranked, keys, strict=True):
        each.aside = baselines.rows(key, beside[key], lines_by_kind)
    for other in ranked[1:]:
        other.differs = unlike(other, ranked[0])
    return ranked


def best_first(groups: list[Group], ranked: list[Table]) -> list[Group]:
    """Return the groups in the order of the first table, then the others. Colours and columns follow this order."""
    order = {row.group.label: place for place, row in enumerate(ranked[0].rows)} if ranked else {}
    return sorted(groups, key=lambda group: order.get(group.label, len(groups)))


def order(lines_of_runs: list[list[Line]], score: str, key: str) -> tuple[Any, ...]:
    """Return the key by which tables are sorted.

    The requested score comes first, then tables with many runs, then with many images, then the usual order of metrics.
    """
    line = lines_of_runs[0][0]
    metric, generated = str(line.get("metric")), protocol(line).get("generated")
    measures = list(names.MEASURES.values())
    measure = names.measure(metric)
    usual = measures.index(measure) if measure else len(measures)
    return (
        metric != score,
        not protocol(line),
        -len(lines_of_runs),
        -generated if is_number(generated) else 0,
        usual,
        key,
    )


def table(example: Line, groups: list[Group], paired: bool = False) -> Table:
    """Return the table of all groups for the score and protocol of the line `example`."""
    ranked = Table(str(example.get("metric")), comparable(protocol(example)))
    for group in groups:
        scored = [
            (run, block, run.scores.get(ranked.key, [])) for run, block in zip(group.runs, group.blocks, strict=True)
        ]
        usable = [entry for entry in scored if not refusal(entry[0], entry[2])]
        averaged = [entry for entry in usable if entry[0].status == "finished"] or usable
        lost = [(run, block) for run, block, lines in scored if ranked.protocol and has_failed(run, lines)]
        if averaged or lost:
            ranked.rows.append(row(group, averaged, lost, ranked))
        names_averaged = {run.name for run, _, _ in averaged}
        ranked.unranked += [
            (run, refusal(run, lines) or f"{run.status}, {lines[-1]['value']:.4g} at step {lines[-1]['step']}")
            for run, _, lines in scored
            if run.name not in names_averaged
        ]
    ranked.rows.sort(key=lambda row: row.mean if ranked.lower else -row.mean)
    rank(ranked, paired)
    return ranked


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
        values = seeds.finite_seeds(row.scores)
        if len(values) > 1:
            row.interval = seeds.mean_interval(values, logs)


def has_failed(run: Result, lines: list[Line]) -> bool:
    """Return whether a run counts as the worst of a table: it failed, or its last score is no finite number.

    A run that failed before its first score counts in every table. A run that failed later counts only in the tables
    of its own scores. A score without protocol, or with two values at one step, is not ranked, so it does not count.
    """
    if lines and (not protocol(lines[-1]) or "conflict" in lines[-1]):
        return False
    if lines:
        return run.status == "failed" or not is_number(lines[-1].get("value"))
    return run.status == "failed" and not run.scores


def refusal(run: Result, lines: list[Line]) -> str:
    """Return why a run has no place in a table; empty if it has one."""
    if run.status == "failed":
        return "failed"
    if not lines:
        return "no such score"
    if not protocol(lines[-1]):
        return "the score has no protocol, so nothing is known to be comparable with it"
    if values := lines[-1].get("conflict"):
        return f"step {lines[-1]['step']} has two values of the score, {' and '.join(map(str, values))}"
    return "" if is_number(lines[-1].get("value")) else f"the score at step {lines[-1]['step']} is not a finite number"


def row(
    group: Group, scored: list[tuple[Result, str, list[Line]]], lost: list[tuple[Result, str]], table: Table
) -> Row:
    """Return the row of a group: the means over its runs.

    Args:
        group: The group.
        scored: Runs to average, each with its block and its lines of the score.
        lost: Runs that failed, each with its block: they have the worst score there is.
        table: The table that the row is for.
    """
    last = [lines[-1] for _, _, lines in scored]
    chosen = [best(lines, table.lower) for _, _, lines in scored]
    second_scores = [
        again.rescored(run, table.key, line["step"]) for (run, _, _), line in zip(scored, chosen, strict=True)
    ]
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
        group=group,
        runs=[run for run, _, _ in scored],
        scores=scores | {cell(run, block): worst for run, block in lost if cell(run, block) not in scores},
        mean=fmean(by_seed) if by_seed else worst,
        spread=stdev(by_seed) if len(by_seed) > 1 else None,
        interval=own_interval(last[0]) if len(last) == 1 and not spreads else None,
        steps=[line["step"] for line in last if has_step(line)],
        best_steps=[line["step"] for line in chosen if has_step(line)],
        latent_spread=fmean(spreads) if spreads else None,
        again=mean_of_means(second_scores) if all(map(has_step, chosen)) else None,
        images=[line["images"] for line in last if is_number(line.get("images"))],
        seconds=[line["seconds"] for line in last if is_number(line.get("seconds"))],
        papers=papers.beside(table.metric, first.model, first.data, first.config, papers.everything()),
        labels=sorted({str(protocol(line)["labels"]) for line in last if "labels" in protocol(line)}),
    )


def mean_of_means(scores: Sequence[Sequence[float]]) -> float | None:
    """Return the mean of the runs' mean scores, or None if there is no run or a run has no score."""
    return fmean(map(fmean, scores)) if scores and all(scores) else None


def cell(run: Result, block: str) -> tuple[Hashable, str]:
    """Return the seed and the block that a run's score belongs to; a run without a seed is its own."""
    return (run.name if run.seed is None else run.seed, block)


def unlike(table: Table, first: Table) -> str:
    """Return how the score and protocol of `table` differ from those of `first`: `generated 500, above 10000`."""
    ours, theirs = ({"score": each.metric} | each.protocol for each in (table, first))
    names = [name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name)]
    if {"extractor", "data"} & set(names):  # the hashes differ as a consequence
        names = [name for name in names if name not in HASHES] or names
    return "; ".join(f"{name} {plain(ours.get(name, '-'))}, above {plain(theirs.get(name, '-'))}" for name in names)


def budget(table: Table) -> str:
    """Return whether the ranked methods had equal steps, images and seconds, or the range of each."""
    parts: dict[str, Callable[[Row], Sequence[Number]]] = {
        "steps": lambda row: row.steps,
        "images": lambda row: row.images,
        "seconds": lambda row: row.seconds,
    }
    spans = [(name, [value for row in table.rows for value in part(row)]) for name, part in parts.items()]
    phrases = []
    for name, values in ((name, values) for name, values in spans if values):
        low, high = min(values), max(values)
        equal = low == high
        phrases.append(f"{name} equal ({high:,.0f})" if equal else f"{name} {low:,.0f} to {high:,.0f}")
    return " · ".join(phrases)
