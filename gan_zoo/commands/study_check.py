"""Tries a study's configurations as fit would, before anything starts: in a process of its own, which loads torch."""

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
    """Stop unless fit takes one configuration of each pair of model and data, each method and each value of the matrix.

    Raises:
        Mistake: the first that is wrong, with the cell's name.
    """
    asked = {cell.name: cell.config for cell in chosen(cells)}
    command = [sys.executable, "-P", "-m", "gan_zoo.commands.study_check"]
    done = subprocess.run(command, input=json.dumps(asked, default=str), text=True, capture_output=True)
    if done.returncode < 0 or not done.stdout:
        raise Mistake(shorten(f"The configurations could not be tried: {done.stderr.strip()[-200:]}"))
    if said := json.loads(done.stdout.splitlines()[-1]):
        if said["bug"]:
            print(done.stderr, end="", file=sys.stderr)
        raise Mistake(f"{said['cell']}: {said['message']}")


def chosen(cells: list[Cell]) -> list[Cell]:
    """The fewest, taken in order, that show every pair of model and data, every method and every value."""
    seen, taken = set[str](), []
    for cell in cells:
        pair = [_class(cell.config, "model"), _class(cell.config, "data")]
        values = [[name, value] for name, value in cell.settings.items()]
        shown = {json.dumps(one, default=str) for one in (pair, ["method", cell.method], *values)}
        if not shown <= seen:
            seen |= shown
            taken.append(cell)
    return taken


def _class(config: dict[str, Any], section: str) -> Any:
    return config.get(section, {}).get("class_path")


def main() -> None:
    """Read configurations by cell from standard input; print the first mistake as one line of JSON, or null."""
    with tempfile.TemporaryDirectory() as folder:
        for cell, config in json.load(sys.stdin).items():
            file = Path(folder) / "config.yaml"
            file.write_text(yaml.safe_dump(config, sort_keys=False))
            if said := refusal(file):
                print(json.dumps({"cell": cell, **said}))
                return
    print("null")


def refusal(file: Path) -> dict[str, Any] | None:
    """What fit says against a configuration, and whether that is a bug of a class and no mistake of the user's."""
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    from datamodules.stream import DataError
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
