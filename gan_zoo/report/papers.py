"""Read the scores that papers report from the headers of the experiment files.

    # Paper: fid 21.7 +- .21 (10,000 real and 5,000 generated images, Inception of 2015; Miyato 2018, Table 2).
    # Paper: no number on MNIST; ...

The first form states the name of the score without its number of images, the value, and in brackets the protocol in
the paper's words and, after a semicolon, the source. A header may state several scores. The report shows a paper's
number beside ours and never ranks the two together, because the authors measured it by their own protocol.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.report.collect import class_name
from gan_zoo.run.config import EXPERIMENTS, flat, read

FORM = re.compile(
    r"(?P<metric>[a-z]\w*) (?P<value>-?\d*\.?\d+)(?: \+- (?P<spread>\d*\.?\d+))? "
    r"\((?P<protocol>[^;()]+); (?P<source>[^()]+)\)"
)
SHOWN = "`fid 21.7 +- .21 (protocol; source)`, or `no ...`"


@dataclass(frozen=True)
class Paper:
    """A score that a paper reports for one method on one data set."""

    metric: str
    """The name of the score without its number of images: `fid`, `is`."""
    value: str
    """The value as the report prints it: `21.7 ± 0.21`."""
    protocol: str
    source: str
    experiment: str
    """The experiment whose header states the score: `cifar10/sngan`."""
    model: str
    data: str
    """Class name of the data module; `model` is the class name of the model."""
    settings: tuple[tuple[str, Any], ...]
    """Settings of the model in the experiment file."""


def published(file: Path) -> list[Paper]:
    """Return the scores that the header of an experiment file states.

    Raises:
        Mistake: A line begins with `Paper:` but has neither form.
    """
    header = "\n".join(line for line in file.read_text().split("\n\n")[0].splitlines() if line.startswith("#"))
    statements = re.findall(r"^# ?Paper: (.*?)(?=\n# ?\w+:|\n# ?$|\Z)", header, re.DOTALL | re.MULTILINE)
    config = {key.replace(".init_args", ""): value for key, value in flat(read(file)).items()}
    scores = []
    for text in (" ".join(statement.replace("\n#", " ").split()) for statement in statements):
        match = FORM.match(text)
        if match:
            scores.append(paper(match, file, config))
        elif not re.match(r"no(ne)?\b", text):
            raise Mistake(f"{file} says `Paper: {shorten(text, 60)}`: wanted {SHOWN}.")
    return scores


def paper(match: re.Match[str], file: Path, config: dict[str, Any]) -> Paper:
    """Return the score that a match of `FORM` in the header of `file` states."""
    value = f"{float(match['value']):g}" + (f" ± {float(match['spread']):g}" if match["spread"] else "")
    settings = {key: item for key, item in config.items() if key.startswith("model.") and key != "model.class_path"}
    return Paper(
        metric=match["metric"],
        value=value,
        protocol=match["protocol"],
        source=match["source"],
        experiment=str(file.relative_to(EXPERIMENTS).with_suffix("")) if EXPERIMENTS in file.parents else file.stem,
        model=class_name(config.get("model.class_path")),
        data=class_name(config.get("data.class_path")),
        settings=tuple((key, str(item)) for key, item in settings.items()),
    )


@cache
def everything(folder: Path = EXPERIMENTS) -> tuple[Paper, ...]:
    """Return the scores in the headers of all experiments in `folder`, without studies."""
    files = sorted(file for file in folder.rglob("*.yaml") if "studies" not in file.parts)
    return tuple(paper for file in files for paper in published(file))


def beside(metric: str, model: str, data: str, config: dict[str, Any], available: tuple[Paper, ...]) -> list[Paper]:
    """Return the papers' scores to show beside one of ours: those with the same measure, model and data.

    If several experiments train the model on the data, the scores come from those that differ from `config` in the
    fewest settings.
    """
    candidates = [
        paper
        for paper in available
        if (paper.metric, paper.model, paper.data) == (metric.rpartition("_")[0] or metric, model, data)
    ]
    distances = [sum(str(config.get(key)) != value for key, value in paper.settings) for paper in candidates]
    return [paper for paper, distance in zip(candidates, distances, strict=True) if distance == min(distances)]
