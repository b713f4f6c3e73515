"""`gan-zoo data prepare`: decodes a set once, with the data options of `fit`, which finds it from then on."""

import argparse
import json
from pathlib import Path
from typing import Any

import lightning.pytorch as L
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from datamodules.preparing import prepare
from datamodules.sources import Source
from datamodules.stream import DataError, SourcedData
from datamodules.transform import Square
from gan_zoo.configuration import read
from gan_zoo.errors import Mistake
from gan_zoo.explaining import explain
from gan_zoo.fitting import OneLineParser, choices, import_all, origin, resolve_configs

DESCRIPTION = "Decode a set once, by all cores; runs with the same data options find it from then on."
DATA_WANTED = (
    "`data prepare` needs data: name an experiment, as in -c celeba/dcgan, or a set with its options, as in "
    "--data CelebA --data.root FOLDER --data.resolution 64."
)


def command(arguments: list[str]) -> int:
    """Prepare the data that `arguments` name. Returns 0.

    Raises:
        Mistake: of the user's, in words, values, files or data.
    """
    try:
        data, skip = parse(arguments)
        data.prepare_data()
        if not isinstance(data, SourcedData):
            print(f"{type(data).__name__} is read into memory when a run begins: there is nothing to prepare.")
            return 0
        for source in data.sources().values():
            show(source, data.square, skip)
    except DataError as error:
        raise Mistake(str(error)) from error
    return 0


def show(source: Source, square: Square, skip: bool) -> None:
    """Prepare one set behind a progress bar, and say what came of it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task(source.name, total=len(source))
        skipped = prepare(source, square, skip, lambda done: bar.update(task, completed=done))
        bar.update(task, completed=len(source))
    for reason in skipped.values():
        print(f"Left out: {reason}")
    print(f"{source.name}: {len(source) - len(skipped)} images of {square.resolution} pixels are prepared.")


def parse(arguments: list[str]) -> tuple[L.LightningDataModule, bool]:
    """The data module that is meant, and whether damaged images are left out.

    Raises:
        Mistake: in words, values or files.
    """
    import_all()
    parser = OneLineParser(prog="gan-zoo data prepare", description=DESCRIPTION, exit_on_error=False)
    parser.add_lightning_class_args(L.LightningDataModule, "data", subclass_mode=True, required=False)
    parser.add_argument("--skip_damaged", action="store_true", help="leave damaged images out; else one ends it")
    arguments = with_data(arguments)
    try:
        config = parser.parse_args(arguments)
    except argparse.ArgumentError as error:
        classes = {"data": choices(L.LightningDataModule)}
        raise Mistake(explain(str(error), arguments, parser._option_string_actions, classes)) from error
    if not config["data"]:
        raise Mistake(DATA_WANTED)
    try:
        return parser.instantiate(config)["data"], config["skip_damaged"]
    except ValueError as error:
        raise origin(error) from None


def with_data(arguments: list[str]) -> list[str]:
    """`arguments` with the data of each configuration in its place: what else it holds does not matter here."""
    resolved, _ = resolve_configs(arguments)
    found: list[str] = []
    words = iter(resolved)
    for word in words:
        head, equals, value = word.partition("=")
        if head in ("-c", "--config"):
            data: Any = read(Path(value if equals else next(words))).get("data")
            found += ["--data", data if isinstance(data, str) else json.dumps(data)] if data else []
        else:
            found.append(word)
    return found
