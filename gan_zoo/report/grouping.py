"""Runs into groups: of one study, method and settings, alike but for their seeds."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gan_zoo.report.collect import Result

NOT_TRAINED = (
    *("seed", "grids.", "checkpoints.", "evaluation.", "trainer.log_every_n_steps", "trainer.logger"),
    *("trainer.devices", "trainer.num_nodes", "trainer.accelerator", "trainer.default_root_dir", "trainer.enable_"),
)
"""Settings that runs of one group may have apart: they change what is watched, not what is trained."""


@dataclass
class Group:
    """The runs of one method, alike but for their seeds."""

    label: str
    runs: list[Result]

    @property
    def status(self) -> str:
        """`finished`, or how many of the runs are what: `2 finished, 1 failed`."""
        counts: dict[str, int] = {}
        for run in self.runs:
            counts[run.status] = counts.get(run.status, 0) + 1
        return ", ".join(f"{count} {status}" if len(counts) > 1 else status for status, count in counts.items())


def group(results: Iterable[Result]) -> list[Group]:
    """Runs of the same study, method and settings together, in the order in which they come."""
    results = list(results)
    loose = loose_settings([run for run in results if not run.study])
    keyed: dict[str, list[Result]] = {}
    for run in results:
        settings = run.settings or loose.get(run.name, {})
        keyed.setdefault(json.dumps([run.study, run.method, settings], sort_keys=True), []).append(run)
    several = len({run.study for run in results}) > 1
    known = [json.loads(key) for key in keyed]
    return [Group(label(key, known, several), runs) for key, runs in zip(known, keyed.values(), strict=True)]


def loose_settings(runs: list[Result]) -> dict[str, dict[str, Any]]:
    """For runs outside a study, what sets those of one model apart, beside the seed and what is not trained."""
    found: dict[str, dict[str, Any]] = {}
    for model in {run.method for run in runs}:
        alike = [run for run in runs if run.method == model]
        names = differing([run.config for run in alike])
        trained = [name for name in names if not name.startswith(NOT_TRAINED)]
        found |= {run.name: {name: run.config.get(name) for name in trained} for run in alike}
    return found


def differing(configs: list[dict[str, Any]]) -> list[str]:
    """The settings that are not the same in all of `configs`."""
    names = dict.fromkeys(name for config in configs for name in config)
    return [name for name in names if len({json.dumps(config.get(name), default=str) for config in configs}) > 1]


def label(key: list[Any], known: list[list[Any]], several: bool) -> str:
    """`study: method, width=64`, with what is needed to tell it from the others of its study and method."""
    study, method, settings = key
    shown = differing([one[2] for one in known if one[:2] == [study, method]])
    parts = [f"{name.rpartition('.')[2]}={plain(settings[name])}" for name in shown if name in settings]
    return (f"{study}: " if several and study else "") + ", ".join([method, *parts])


def plain(value: Any) -> str:
    """A setting as a reader writes it."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
