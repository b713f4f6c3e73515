"""Groups into ranked tables: one table for each score and protocol.

The headline is the last step's score, its mean over a method's seeds. The best step was chosen on the score itself, so
its score flatters; it is shown only where it was scored again, with other latents. Only finished runs are averaged,
unless a method has none: then it is ranked by how far its runs are, and its status says so.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.metrics import names
from gan_zoo.metrics.protocol import comparable
from gan_zoo.report import again, papers, seeds
from gan_zoo.report.collect import Result
from gan_zoo.report.grouping import Group, plain
from gan_zoo.report.scores import Line, Number, best, is_number, kind, protocol

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
    pairs: list[seeds.Pair] = field(default_factory=list)
    """Of rows, by their places."""
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


def tables(groups: list[Group], score: str = "") -> list[Table]:
    """One table for each score and protocol, the most telling first.

    Args:
        groups: the runs.
        score: the name of the score whose tables come first; "": the one that most runs have, of those the most images.

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
    made = [table(found[key][0][0], groups) for key in keys]
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
    return (metric != score, -len(found), -generated if is_number(generated) else 0, usual, key)


def table(example: Line, groups: list[Group]) -> Table:
    """The table of one score and protocol, those of `example`, over all groups."""
    made = Table(str(example.get("metric")), comparable(protocol(example)))
    for one in groups:
        scored = [(run, block, run.scores.get(made.key, [])) for run, block in zip(one.runs, one.blocks, strict=True)]
        good = [entry for entry in scored if not refusal(entry[0], entry[2])]
        averaged = [entry for entry in good if entry[0].status == "finished"] or good
        if averaged:
            made.rows.append(row(one, averaged, made))
        kept = {run.name for run, _, _ in averaged}
        made.unranked += [
            (run, refusal(run, lines) or f"{run.status}, {lines[-1]['value']:.4g} at step {lines[-1]['step']}")
            for run, _, lines in scored
            if run.name not in kept
        ]
    made.rows.sort(key=lambda row: row.mean if made.lower else -row.mean)
    made.pairs = seeds.compare([row.scores for row in made.rows])
    for place, ranks in enumerate(seeds.ranks(len(made.rows), made.pairs, made.lower)):
        made.rows[place].ranks = ranks
        made.rows[place].ties = [made.rows[other].group for other in seeds.ties(place, made.pairs)]
    return made


def refusal(run: Result, lines: list[Line]) -> str:
    """Why a run takes no part in a table; empty if it does."""
    if run.status == "failed":
        return "failed"
    if not lines:
        return "no such score"
    return "" if is_number(lines[-1].get("value")) else f"the score at step {lines[-1]['step']} is not a finite number"


def row(one: Group, scored: list[tuple[Result, str, list[Line]]], table: Table) -> Row:
    """Means over the runs of a group."""
    last = [lines[-1] for _, _, lines in scored]
    chosen = [best(lines, table.lower) for _, _, lines in scored]
    looks = [again.rescored(run, table.key, line["step"]) for (run, _, _), line in zip(scored, chosen, strict=True)]
    cells: dict[tuple[Hashable, str], list[float]] = {}
    for (run, block, _), line in zip(scored, last, strict=True):
        cells.setdefault((run.name if run.seed is None else run.seed, block), []).append(float(line["value"]))
    scores = {cell: fmean(values) for cell, values in cells.items()}
    first = scored[0][0]
    by_seed = seeds.by_seed(scores)
    return Row(
        group=one,
        runs=[run for run, _, _ in scored],
        scores=scores,
        mean=fmean(line["value"] for line in last),
        spread=stdev(by_seed) if len(by_seed) > 1 else None,
        interval=seeds.mean_interval(by_seed) if len(last) > 1 else own_interval(last[0]),
        steps=[line["step"] for line in last],
        best_steps=[line["step"] for line in chosen],
        again=fmean(value for value in looks if value is not None) if None not in looks else None,
        images=[line["images"] for line in last if is_number(line.get("images"))],
        seconds=[line["seconds"] for line in last if is_number(line.get("seconds"))],
        papers=papers.beside(table.metric, first.model, first.data, first.config, papers.everything()),
        labels=sorted({str(protocol(line)["labels"]) for line in last if "labels" in protocol(line)}),
    )


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
    """What the ranks can say: how many methods were told apart, or why none could be."""
    if len(table.rows) < 2:
        return ""
    most = max(pair.seeds for pair in table.pairs)
    if most < seeds.LEAST:
        had = f"there {'is' if most == 1 else 'are'} {most or 'none'}"
        return f"Nothing is ranked apart: that takes {seeds.LEAST} seeds that two methods have in common, and {had}."
    apart = sum(pair.apart for pair in table.pairs)
    few = sum(pair.seeds < seeds.LEAST for pair in table.pairs)
    told = f"{apart} of {len(table.pairs)} pairs are" if len(table.pairs) > 1 else f"The two are{' not' * (not apart)}"
    parts = [
        f"{told} told apart by their differences over common seeds (95 % t-interval without 0).",
        "A method has the ranks left to it: behind all that are shown to be better, before all shown to be worse.",
        f"{few} pairs have fewer than {seeds.LEAST} seeds in common, which tell nothing apart." if few else "",
    ]
    return " ".join(filter(None, parts))
