"""Put runs that differ only in the seed into groups: by study, method and settings, or by settings that are named."""

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
"""Settings in which runs of one group may differ. They change what is recorded and where, not what is trained."""
OF_DATA = ("data.", "model.image_shape", "model.num_classes")
"""Settings of the data, and the settings of the model that follow from the data."""
OWN = ("study", "method")
"""Names that runs may be grouped by, in addition to the settings of their configuration."""


@dataclass
class Group:
    """The runs of one method, which differ only in the seed."""

    label: str
    """The name of the group, unique within the report."""
    short: str
    """The name without study and data, which is the same for one method on several data sets."""
    runs: list[Result]
    blocks: list[str]
    """For each run, the settings that differ within the group. Methods are compared where these are equal."""

    @property
    def status(self) -> str:
        """The status of all runs: `finished`, or with counts `2 finished, 1 failed`."""
        counts: dict[str, int] = {}
        for run in self.runs:
            counts[run.status] = counts.get(run.status, 0) + 1
        return ", ".join(f"{count} {status}" if len(counts) > 1 else status for status, count in counts.items())


def group(results: Iterable[Result], by: Sequence[str] = ()) -> list[Group]:
    """Return the groups of `results`, in the order of their first runs.

    Args:
        results: The runs.
        by: Settings (`model.width`, `data.class_path`), `study` or `method`. Runs with equal values form a group,
            whatever their other settings are. Without any, a group is the runs of one study, method and settings.

    Raises:
        Mistake: No run has such a setting.
    """
    results = list(results)
    refuse_unknown(results, by)
    settings_without_study = loose_settings([run for run in results if not run.study])
    described = [
        {"study": run.study, "method": run.method} | (run.settings or settings_without_study.get(run.name, {}))
        for run in results
    ]
    runs_by_key: dict[str, list[tuple[Result, str]]] = {}
    for run, settings in zip(results, described, strict=True):
        chosen = {name: settings[name] if name in settings else run.config.get(name) for name in by or settings}
        rest = {name: value for name, value in settings.items() if name not in chosen and name not in ("study", "seed")}
        runs_by_key.setdefault(text(chosen), []).append((run, text(rest) if by else ""))
    keys = [json.loads(key) for key in runs_by_key]
    return [
        Group(label(key, keys), label(key, keys, short=True), [run for run, _ in runs], [block for _, block in runs])
        for key, runs in zip(keys, runs_by_key.values(), strict=True)
    ]


def refuse_unknown(results: list[Result], by: Sequence[str]) -> None:
    """Raise a `Mistake` if no run has a setting that runs are to be grouped by."""
    available = {*OWN, *(name for run in results for name in (*run.config, *run.settings))}
    for name in by:
        if name not in available:
            raise Mistake(
                f"No run has a setting {name}{closest(name, available)}: "
                "--by takes names of config.yaml, study or method."
            )


def text(settings: dict[str, Any]) -> str:
    """Return settings as JSON text, which is equal for equal settings."""
    return json.dumps(settings, sort_keys=True, default=str)


def loose_settings(runs: list[Result]) -> dict[str, dict[str, Any]]:
    """Return the settings that distinguish runs outside studies from other runs of the same model, by the run's name.

    The seed and the settings in `NOT_TRAINED` are left out.
    """
    settings: dict[str, dict[str, Any]] = {}
    for model in {run.method for run in runs}:
        runs_of_model = [run for run in runs if run.method == model]
        names = differing([run.config for run in runs_of_model if run.config])
        trained = [name for name in names if not name.startswith(NOT_TRAINED)]
        settings |= {run.name: {name: run.config.get(name) for name in trained} for run in runs_of_model}
    return settings


def differing(configs: list[dict[str, Any]]) -> list[str]:
    """Return the names of the settings that are not the same in all of `configs`."""
    names = dict.fromkeys(name for config in configs for name in config)
    return [name for name in names if len({json.dumps(config.get(name), default=str) for config in configs}) > 1]


def label(key: dict[str, Any], keys: list[dict[str, Any]], short: bool = False) -> str:
    """Return the name of a group, such as `study: method, width=64`.

    The name contains the settings that distinguish the group from others of the same study and method.

    Args:
        key: The settings that all runs of the group share.
        keys: The keys of all groups.
        short: Whether to leave out the study and the settings that follow from the data.
    """
    shown = differing([other for other in keys if all(other.get(name) == key.get(name) for name in OWN)])
    parts = [
        f"{name.rpartition('.')[2]}={plain(key[name])}"
        for name in shown
        if name in key and not (short and name.startswith(OF_DATA))
    ]
    method = [str(key["method"])] if "method" in key else []
    study = key.get("study") if not short and len({other.get("study") for other in keys}) > 1 else ""
    description = ", ".join([*method, *parts]) or ("all runs" if not study else "")
    return ": ".join(part for part in (study, description) if part)


def plain(value: Any) -> str:
    """Return the value of a setting as a reader would write it."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
