"""The data that a command is about, named as `fit` names it: `-c NAME`, or `--data CLASS --data.root FOLDER ...`."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.cli import LightningArgumentParser

from gan_zoo.commands.class_names import OneLineParser, choices, import_all, resolve_configs
from gan_zoo.commands.parser_errors import explain, origin
from gan_zoo.errors import Mistake
from gan_zoo.run.config import read


def choose(
    command: str, text: str, arguments: list[str], add: Callable[[LightningArgumentParser], None]
) -> tuple[L.LightningDataModule, Any]:
    """The data module that is meant, and the command's own options by name.

    Args:
        command: `data show`.
        text: what it does, for `--help`.
        arguments: what the user typed after it.
        add: adds the command's own options to a parser.

    Raises:
        Mistake: in words, values or files.
        DataError: of the data's.
    """
    import_all()
    parser = OneLineParser(prog=f"gan-zoo {command}", description=text, exit_on_error=False)
    parser.add_lightning_class_args(L.LightningDataModule, "data", subclass_mode=True, required=False)
    add(parser)
    arguments = with_data(arguments)
    try:
        config = parser.parse_args(arguments)
    except argparse.ArgumentError as error:
        classes = {"data": choices(L.LightningDataModule)}
        raise Mistake(explain(str(error), arguments, parser._option_string_actions, classes)) from error
    if not config["data"]:
        raise Mistake(
            f"gan-zoo {command} needs data: name an experiment, as in -c mnist/wgan_gp, or a set with its options, as "
            "in --data CelebA --data.root FOLDER --data.resolution 64."
        )
    try:
        return parser.instantiate(config)["data"], config
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
