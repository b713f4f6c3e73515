"""Read the YAML file of a study into a `Study`, or refuse it with a message of one line.

    base: mnist/gan                      # an experiment's name, or a path
    settings: {model.width: [64]}        # of all cells, on top of the base
    methods:                             # name -> what it has otherwise, the model's class included
      gan: {}
      wgan: {model: WGAN, model.learning_rate: 2e-4}
    matrix:                              # every combination of these is a run of each method
      seed: [0, 1]
      data.batch_size: [32, 64]
    search: {trials: 20, model.learning_rate: {log_uniform: [1e-5, 1e-3]}}    # see search.py
    exclude: [{method: wgan, data.batch_size: 32}]
    budget: {steps: 2500}                # or images, or seconds
    evaluate: {extractor: lenet, samples: 10000, every: 500}
    resources: {devices: 1, cores: 1}    # of one run
    retries: 1                           # of a run that failed

A setting is named as on fit's command line: `data.batch_size` is the data module's `batch_size`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, shorten
from gan_zoo.run import config
from gan_zoo.studies import search

NEEDED = ("base", "methods", "matrix", "budget")
KEYS = (*NEEDED, "settings", "search", "exclude", "evaluate", "resources", "retries")
BUDGETS = {"steps": "trainer.max_steps", "images": "max_images", "seconds": "max_seconds"}
"""The kinds of budget, and the setting that each of them sets."""
EVALUATE = (
    *("extractor", "metrics", "every", "samples", "seed", "share"),
    *("weights", "resize", "split", "classifier"),
)
"""The options of `gan_zoo.callbacks.evaluation.Evaluation`, repeated here because importing it loads torch."""
METHOD = re.compile(r"[A-Za-z0-9][\w.+-]*")
"""Form of a method's name, which is the beginning of directory names."""


@dataclass(frozen=True)
class Study:
    """The content of a study's file."""

    name: str
    content: dict[str, Any]
    """The whole content of the file, as it was read."""
    base: dict[str, Any]
    """The configuration that all cells start from."""
    settings: dict[str, Any]
    methods: dict[str, dict[str, Any]]
    matrix: dict[str, list[Any]]
    search: search.Search | None
    """Settings that are drawn at random, beside the matrix."""
    exclude: list[dict[str, Any]]
    budget: tuple[str, int | float]
    """A key of `BUDGETS`, and the amount."""
    evaluate: dict[str, Any]
    devices: int | None
    """Number of devices of one run; None takes the number in the base, or a single GPU."""
    cores: int | None
    """Number of cores of one run; None takes one, or with GPUs an equal share of all cores."""
    retries: int


def find(name: str) -> Path:
    """Return the file of a study: the path `name`, or our own study of that name.

    Raises:
        Mistake: There is no such study.
    """
    return config.find(name, config.EXPERIMENTS / "studies", "study")


def read(path: Path) -> Study:
    """Return the study in the file `path`.

    Raises:
        Mistake: The file is not a valid study. The message names the first error.
    """
    content = config.read(path)
    try:
        return _study(path.stem, content)
    except Mistake as mistake:
        raise Mistake(shorten(f"{path}: {mistake}", 280)) from mistake


def _study(name: str, content: dict[str, Any]) -> Study:
    _known("a study", content, KEYS)
    if missing := [key for key in NEEDED if key not in content]:
        raise Mistake(f"it has no {missing[0]}: a study has {', '.join(NEEDED)}.")
    resources = _mapping("resources", content)
    _known("resources", resources, ("devices", "cores"))
    evaluate = _mapping("evaluate", content)
    _known("evaluate", evaluate, EVALUATE)
    matrix = _matrix(_mapping("matrix", content))
    return Study(
        name=name,
        content=content,
        base=_base(content["base"]),
        settings=_decided_elsewhere("settings", _mapping("settings", content)),
        methods=_methods(_mapping("methods", content)),
        matrix=matrix,
        search=_search(_mapping("search", content), matrix),
        exclude=_exclude(content.get("exclude") or [], content["matrix"]),
        budget=_budget(_mapping("budget", content)),
        evaluate=evaluate,
        devices=_count("resources.devices", resources.get("devices"), 1),
        cores=_count("resources.cores", resources.get("cores"), 1),
        retries=_count("retries", content.get("retries", 0), 0) or 0,
    )


def _base(name: Any) -> dict[str, Any]:
    if not isinstance(name, str):
        raise Mistake(f"base is {_short(name)}: name an experiment, as in mnist/gan.")
    return config.check(config.find(name))


def _methods(methods: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if not methods:
        raise Mistake("methods is empty: name at least one, as in {gan: {}}.")
    for name in methods:
        if not METHOD.fullmatch(name):
            raise Mistake(f"methods.{name}: a name has letters, digits and . _ + - only, since it names directories.")
    read = {name: _mapping(f"methods.{name}", {f"methods.{name}": options}) for name, options in methods.items()}
    return {name: _decided_elsewhere(f"methods.{name}", options) for name, options in read.items()}


def _matrix(matrix: dict[str, Any]) -> dict[str, list[Any]]:
    if not matrix:
        raise Mistake("matrix is empty: list at least the seeds, as in {seed: [0, 1]}.")
    for setting, values in matrix.items():
        if not isinstance(values, list):
            raise Mistake(f"matrix.{setting} is {_short(values)}: it takes a list of values.")
        if not values:
            raise Mistake(f"matrix.{setting} is empty: list its values, or leave it out.")
    for seed in matrix.get("seed", []):
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise Mistake(f"matrix.seed holds {_short(seed)}: a seed is a whole number.")
    return _decided_elsewhere("matrix", matrix)


def _search(content: dict[str, Any], matrix: dict[str, list[Any]]) -> search.Search | None:
    if not content:
        return None
    read = search.read(content)
    for setting in matrix:
        if setting in read.space:
            raise Mistake(f"search.{setting} is in the matrix too: leave it out of one of them.")
    _decided_elsewhere("search", dict.fromkeys(read.space))
    return read


def _exclude(partial: Any, matrix: dict[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(partial, list) or not all(isinstance(cell, dict) and cell for cell in partial):
        raise Mistake("exclude takes a list of partial cells, as in [{method: wgan, seed: 1}].")
    for cell in partial:
        _known("exclude", cell, ("method", *matrix))
    return partial


def _budget(budget: dict[str, Any]) -> tuple[str, int | float]:
    _known("budget", budget, BUDGETS)
    if len(budget) != 1:
        raise Mistake(f"budget holds {' and '.join(budget) or 'nothing'}: it takes one of {', '.join(BUDGETS)}.")
    [(kind, amount)] = budget.items()
    if kind == "seconds" and isinstance(amount, float) and 0 < amount < float("inf"):
        return kind, amount
    return kind, _count(f"budget.{kind}", amount, 1) or 0


def _decided_elsewhere(where: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return `settings`, or raise if one of them sets the length of a run, which the budget does."""
    for name in config.flat(settings):
        if name in BUDGETS.values():
            raise Mistake(f"{where} sets {name}, which the budget decides: leave it out.")
    return settings


def _mapping(name: str, content: dict[str, Any]) -> dict[str, Any]:
    value = content.get(name)
    if value is not None and not isinstance(value, dict):
        raise Mistake(f"{name} is {_short(value)}: it takes options by name.")
    for key in value or {}:
        if not isinstance(key, str):
            raise Mistake(f"{name} has no {_short(key)}: names are text, so put it in quotes.")
    return value or {}


def _known(name: str, content: dict[str, Any], known: Iterable[str]) -> None:
    for key in content:
        if key not in known:
            raise Mistake(f"{name} has no {key}{closest(str(key), known)}: there are {', '.join(known)}.")


def _count(name: str, value: Any, at_least: int) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < at_least):
        raise Mistake(f"{name} is {_short(value)}: it takes a whole number from {at_least}.")
    return value


def _short(value: Any) -> str:
    return shorten(repr(value), 40)
