"""Checks the configurations of a study as `fit` would, before any run starts.

The check runs in a process of its own, so that the study itself loads no torch.
"""

import json
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import yaml

from gan_zoo.errors import Mistake
from gan_zoo.lookup import named, shorten
from gan_zoo.studies.expand import Cell


def check(cells: list[Cell]) -> None:
    """Raise unless `fit` accepts the configurations of some cells that cover all settings (see `chosen`).

    Raises:
        Mistake: Names the first cell with a wrong configuration.
    """
    configs = {cell.name: cell.config for cell in chosen(cells)}
    command = [sys.executable, "-P", "-m", "gan_zoo.commands.study_check"]
    done = subprocess.run(command, input=json.dumps(configs, default=str), text=True, capture_output=True)
    if done.returncode < 0 or not done.stdout:
        raise Mistake(shorten(f"The configurations could not be checked: {done.stderr.strip()[-200:]}"))
    if refused := json.loads(done.stdout.splitlines()[-1]):
        if refused["bug"]:
            print(done.stderr, end="", file=sys.stderr)
        raise Mistake(f"{refused['cell']}: {refused['message']}")


def chosen(cells: list[Cell]) -> list[Cell]:
    """Return the cells that add a pair of model and data, a method or a value of the matrix to the cells before.

    What a search has drawn counts once for each method, whatever the values.
    """
    covered, taken = set[str](), []
    for cell in cells:
        pair = [_class(cell.config, "model"), _class(cell.config, "data")]
        values = [[name, value] for name, value in cell.settings.items() if name not in cell.drawn]
        settings = {json.dumps(setting, default=str) for setting in (pair, ["method", cell.method], *values)}
        if not settings <= covered:
            covered |= settings
            taken.append(cell)
    return taken


def _class(config: dict[str, Any], section: str) -> Any:
    return config.get(section, {}).get("class_path")


def main() -> None:
    """Read the configurations of cells from standard input. Print the first mistake as one line of JSON, or null."""
    with tempfile.TemporaryDirectory() as folder:
        for cell, config in json.load(sys.stdin).items():
            file = Path(folder) / "config.yaml"
            file.write_text(yaml.safe_dump(config, sort_keys=False))
            if refused := refusal(file):
                print(json.dumps({"cell": cell, **refused}))
                return
    print("null")


def refusal(file: Path) -> dict[str, Any] | None:
    """Return why `fit` refuses a configuration, and whether the cause is a bug of a class; None: it accepts it."""
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    from datamodules.errors import DataError
    from gan_zoo.commands.fit import prepare
    from gan_zoo.metrics import extractors
    from gan_zoo.metrics.choices import metric_class

    try:
        evaluation: Any = prepare(["-c", str(file), "--run", str(file.parent / "run")]).trainer.settings["evaluation"]
        if evaluation.extractor is not None:
            named(evaluation.extractor, extractors.EXTRACTORS, extractors.KIND)
            [metric_class(metric) for metric in evaluation.metrics]
    except (Mistake, DataError, MisconfigurationException) as mistake:
        return {"message": str(mistake), "bug": False}
    except Exception as error:
        traceback.print_exc()
        return {"message": f"{type(error).__name__}: {shorten(str(error))}", "bug": True}
    return None


if __name__ == "__main__":
    main()
