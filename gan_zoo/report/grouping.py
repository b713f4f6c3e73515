"""Runs into groups, alike but for their seeds: by study, method and settings, or by any settings that are named."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.report.collect import Result

NOT_TRAINED = (
    *("seed", "grids.", "checkpoints.", "evaluation.", "tracking.", "trainer.log_every_n_steps", "trainer.logger"),
    *("trainer.devices", "trainer.num_nodes", "trainer.accelerator", "trainer.default_root_dir", "trainer.enable_"),
)
"""Settings that runs of one group may have apart: they change what is watched, not what is trained."""
OF_DATA = ("data.", "model.image_shape", "model.num_classes")
"""Settings that say on what a method is trained, and the model's that follow from them."""
OWN = ("study", "method")
"""What runs may be grouped by beside the settings of their configuration."""


@dataclass
class Group:
    """The runs of one method, alike but for their seeds."""

    label: str
    """Unlike every other group's."""
    short: str
    """Without study and data: the same for one method on several sets of data."""
    runs: list[Result]
    blocks: list[str]
    """For each run, what else it was trained with, where a group pools that: seeds are compared within it."""

    @property
    def status(self) -> str:
        """`finished`, or how many of the runs are what: `2 finished, 1 failed`."""
        counts: dict[str, int] = {}
        for run in self.runs:
            counts[run.status] = counts.get(run.status, 0) + 1
        return ", ".join(f"{count} {status}" if len(counts) > 1 else status for status, count in counts.items())


def group(results: Iterable[Result], by: Sequence[str] = ()) -> list[Group]:
    """Groups in the order in which their first runs come.

    Args:
        results: the runs.
        by: settings (`model.width`, `data.class_path`), `study` or `method`: runs that are alike in these are one
            group, whatever else they were trained with. None: runs of one study, method and settings.

    Raises:
        Mistake: no run has such a setting.
    """
    results = list(results)
    refuse_unknown(results, by)
    loose = loose_settings([run for run in results if not run.study])
    described = [
        {"study": run.study, "method": run.method} | (run.settings or loose.get(run.name, {})) for run in results
    ]
    keyed: dict[str, list[tuple[Result, str]]] = {}
    for run, known in zip(results, described, strict=True):
        chosen = {name: known[name] if name in known else run.config.get(name) for name in by or known}
        rest = {name: value for name, value in known.items() if name not in chosen and name not in ("study", "seed")}
        keyed.setdefault(text(chosen), []).append((run, text(rest) if by else ""))
    keys = [json.loads(key) for key in keyed]
    return [
        Group(label(key, keys), label(key, keys, short=True), [run for run, _ in runs], [block for _, block in runs])
        for key, runs in zip(keys, keyed.values(), strict=True)
    ]


def refuse_unknown(results: list[Result], by: Sequence[str]) -> None:
    known = {*OWN, *(name for run in results for name in (*run.config, *run.settings))}
    for name in by:
        if name not in known:
            raise Mistake(
                f"No run has a setting {name}{closest(name, known)}: --by takes names of config.yaml, study or method."
            )


def text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True, default=str)


def loose_settings(runs: list[Result]) -> dict[str, dict[str, Any]]:
    """For runs outside a study, what sets those of one model apart, beside the seed and what is not trained."""
    found: dict[str, dict[str, Any]] = {}
    for model in {run.method for run in runs}:
        alike = [run for run in runs if run.method == model]
        names = differing([run.config for run in alike if run.config])
        trained = [name for name in names if not name.startswith(NOT_TRAINED)]
        found |= {run.name: {name: run.config.get(name) for name in trained} for run in alike}
    return found


def differing(configs: list[dict[str, Any]]) -> list[str]:
    """The settings that are not the same in all of `configs`."""
    names = dict.fromkeys(name for config in configs for name in config)
    return [name for name in names if len({json.dumps(config.get(name), default=str) for config in configs}) > 1]


def label(key: dict[str, Any], keys: list[dict[str, Any]], short: bool = False) -> str:
    """`study: method, width=64`, with what is needed to tell it from the others of its study and method.

    Args:
        key: what the group's runs have alike.
        keys: those of all groups.
        short: leave out the study, and what follows from the data.
    """
    shown = differing([one for one in keys if all(one.get(name) == key.get(name) for name in OWN)])
    parts = [
        f"{name.rpartition('.')[2]}={plain(key[name])}"
        for name in shown
        if name in key and not (short and name.startswith(OF_DATA))
    ]
    named = [str(key["method"])] if "method" in key else []
    study = key.get("study") if not short and len({one.get("study") for one in keys}) > 1 else ""
    whole = ", ".join([*named, *parts]) or ("all runs" if not study else "")
    return ": ".join(part for part in (study, whole) if part)


def plain(value: Any) -> str:
    """A setting as a reader writes it."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
