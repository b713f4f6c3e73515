"""Expand a study into its cells: methods x matrix x trials of its search, without the excluded combinations."""

import hashlib
import json
import re
from itertools import product
from math import prod
from typing import Any, NamedTuple

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.run.config import flat
from gan_zoo.studies.reading import BUDGETS, Study

CLASSES = ("model", "data")
"""Sections of a configuration that name a class and hold its options under init_args."""

TRIAL = "trial"
"""Name of a trial's number among the settings of a cell."""
CELLS = 10_000
"""Number of cells of the largest study; each is a run."""
EXCLUDED = 1_000
"""Number of partial cells that a study may exclude."""


class Cell(NamedTuple):
    """One run of a study."""

    name: str
    method: str
    settings: dict[str, Any]
    """The settings from the study's matrix, the number of the trial with what it has drawn, and the seed."""
    config: dict[str, Any]
    hash: str
    """Hash of the configuration. If it changes, the cell is another run."""
    drawn: tuple[str, ...] = ()
    """Names of the settings that a search has drawn, and `trial`."""


def expand(study: Study) -> list[Cell]:
    """Return all cells of a study, method by method.

    Raises:
        Mistake: An exclude matches no cell, two cells are the same, no cell is left, or there are too many.
    """
    _refuse_many(study)
    points = [dict(zip(study.matrix, values, strict=True)) for values in product(*study.matrix.values())]
    pairs = [(method, point) for method in study.methods for point in points]
    for partial in study.exclude:
        if not any(_matches(partial, *pair) for pair in pairs):
            raise Mistake(f"exclude {shorten(str(partial), 80)} matches no cell: is a value misspelt?")
    kept = [pair for pair in pairs if not any(_matches(partial, *pair) for partial in study.exclude)]
    if not kept:
        raise Mistake("exclude leaves no cell.")
    trials = (
        [{TRIAL: number, **study.search.draw(number)} for number in range(study.search.trials)]
        if study.search
        else [{}]
    )
    cells = [_cell(study, method, point, trial) for method, point in kept for trial in trials]
    _refuse_doubles(cells)
    return cells


def _refuse_many(study: Study) -> None:
    """Count the cells and what is compared with them, before any is made."""
    sizes = [len(study.methods), *map(len, study.matrix.values()), *([study.search.trials] if study.search else [])]
    count = prod(sizes)
    if count > CELLS:
        raise Mistake(f"The study has {' x '.join(map(str, sizes))} = {count:,} cells: it may have {CELLS:,}.")
    if len(study.exclude) > EXCLUDED:
        raise Mistake(f"exclude lists {len(study.exclude):,} partial cells: it may list {EXCLUDED:,}.")


def _matches(partial: dict[str, Any], method: str, settings: dict[str, Any]) -> bool:
    cell = {"method": method, **settings}
    return all(cell[name] == value for name, value in partial.items())


def _cell(study: Study, method: str, settings: dict[str, Any], trial: dict[str, Any]) -> Cell:
    config = merged(merged(study.base, study.settings), study.methods[method])
    config = merged(config, settings | {name: value for name, value in trial.items() if name != TRIAL})
    kind, amount = study.budget
    config = merged(config, {"max_images": 0, "max_seconds": 0, "trainer.max_steps": -1, BUDGETS[kind]: amount})
    config = merged(config, {"evaluation": study.evaluate} if study.evaluate else {})
    config = merged(config, {"trainer.devices": study.devices} if study.devices else {})
    seed = config.get("seed", 0)
    numbered = {name: value for name, value in trial.items() if name == TRIAL}
    name = cell_name(method, settings | numbered, seed)
    return Cell(name, method, settings | trial | {"seed": seed}, config, hashed(config), tuple(trial))


def _refuse_doubles(cells: list[Cell]) -> None:
    names, hashes = set[str](), dict[str, str]()
    for cell in cells:
        if cell.name in names:
            raise Mistake(f"The cell {cell.name} comes twice: is a value in the matrix listed twice?")
        if cell.hash in hashes:
            advice = "ask for fewer trials" if cell.drawn else "drop one of them"
            raise Mistake(f"The cells {hashes[cell.hash]} and {cell.name} are the same run: {advice}.")
        names.add(cell.name)
        hashes[cell.hash] = cell.name


def merged(config: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with `overrides` merged into it, in their order.

    Args:
        config: The configuration, which is not changed.
        overrides: Options by name. A name may be dotted, as on fit's command line; `model: GAN` names the class.
    """
    result = _spelt_out(config)
    for name, value in overrides.items():
        if "." in name:
            value = _nested(name, value)
            name = name.partition(".")[0]
        value = {"class_path": value} if name in CLASSES and isinstance(value, str) else value
        result = _laid_over(result, {name: value})
    return result


def _spelt_out(config: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"class_path": value} if name in CLASSES and isinstance(value, str) else value
        for name, value in config.items()
    }


def _nested(setting: str, value: Any) -> dict[str, Any]:
    """Return what a dotted name sets below its first part: `{"init_args": {"width": 64}}` for `model.width`."""
    first, *parts = setting.split(".")
    if first in CLASSES and parts[0] not in ("class_path", "init_args"):
        parts = ["init_args", *parts]
    for part in reversed(parts):
        value = {part: value}
    return value


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        result[name] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def cell_name(method: str, settings: dict[str, Any], seed: int) -> str:
    """Return the name of a cell: `wgan-batch_size=64-s0`. A setting is called by its last part if that is unique."""
    ends = [name.rpartition(".")[2] for name in settings]
    short = {name: end if ends.count(end) == 1 else name for name, end in zip(settings, ends, strict=True)}
    varied = [f"{short[name]}={_safe(value)}" for name, value in settings.items() if name != "seed"]
    return "-".join([method, *varied, f"s{seed}"])


def _safe(value: Any) -> str:
    """Return `value` in a form that can be part of a file name: 64_64 for `[64, 64]`."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return re.sub(r"[^\w.+-]+", "_", text).strip("_.") or "empty"


def hashed(config: dict[str, Any]) -> str:
    """Return the hash of a configuration, which does not depend on the order of its settings."""
    return hashlib.sha256(json.dumps(sorted(flat(config).items()), default=str).encode()).hexdigest()[:12]
