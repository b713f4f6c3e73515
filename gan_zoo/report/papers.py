"""The papers' own numbers, as the headers of experiments/ state them: written once, where the experiment is.

    # Paper: fid 21.7 +- .21 (10,000 real and 5,000 generated images, Inception of 2015; Miyato 2018, Table 2).
    # Paper: no number on MNIST; ...

The first form is a score's name without its images, the value, in brackets the protocol in the paper's words and,
after a semicolon, the source. A header may state several. A paper's number stands beside ours and is never ranked
with it: what it was measured by is what the authors say, not what we ran.
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
    """A number that a paper states for one method on one set of data."""

    metric: str
    """`fid`, `is`: a score's name without its images."""
    value: str
    """As it is printed: `21.7 ± 0.21`."""
    protocol: str
    source: str
    experiment: str
    """The file that says so: `cifar10/sngan`."""
    model: str
    data: str
    """Names of classes."""
    settings: tuple[tuple[str, Any], ...]
    """What the file sets of the model."""


def published(file: Path) -> list[Paper]:
    """The numbers in an experiment's header.

    Raises:
        Mistake: a line begins with `Paper:` and goes on in neither form.
    """
    header = "\n".join(line for line in file.read_text().split("\n\n")[0].splitlines() if line.startswith("#"))
    said = re.findall(r"^# ?Paper: (.*?)(?=\n# ?\w+:|\n# ?$|\Z)", header, re.DOTALL | re.MULTILINE)
    config = {key.replace(".init_args", ""): value for key, value in flat(read(file)).items()}
    made = []
    for text in (" ".join(one.replace("\n#", " ").split()) for one in said):
        found = FORM.match(text)
        if found:
            made.append(paper(found, file, config))
        elif not re.match(r"no(ne)?\b", text):
            raise Mistake(f"{file} says `Paper: {shorten(text, 60)}`: wanted {SHOWN}.")
    return made


def paper(found: re.Match[str], file: Path, config: dict[str, Any]) -> Paper:
    value = f"{float(found['value']):g}" + (f" ± {float(found['spread']):g}" if found["spread"] else "")
    settings = {key: item for key, item in config.items() if key.startswith("model.") and key != "model.class_path"}
    return Paper(
        metric=found["metric"],
        value=value,
        protocol=found["protocol"],
        source=found["source"],
        experiment=str(file.relative_to(EXPERIMENTS).with_suffix("")) if EXPERIMENTS in file.parents else file.stem,
        model=class_name(config.get("model.class_path")),
        data=class_name(config.get("data.class_path")),
        settings=tuple((key, str(item)) for key, item in settings.items()),
    )


@cache
def everything(folder: Path = EXPERIMENTS) -> tuple[Paper, ...]:
    """The numbers of all experiments in a folder, but for studies."""
    files = sorted(file for file in folder.rglob("*.yaml") if "studies" not in file.parts)
    return tuple(paper for file in files for paper in published(file))


def beside(metric: str, model: str, data: str, config: dict[str, Any], known: tuple[Paper, ...]) -> list[Paper]:
    """The papers' numbers to show beside a score of ours: of the same measure, model and data.

    Where several experiments train this model on this data, those whose settings are nearest to `config`.
    """
    fitting = [
        paper
        for paper in known
        if (paper.metric, paper.model, paper.data) == (metric.rpartition("_")[0] or metric, model, data)
    ]
    apart = [sum(str(config.get(key)) != value for key, value in paper.settings) for paper in fitting]
    return [paper for paper, distance in zip(fitting, apart, strict=True) if distance == min(apart)]
