"""Makes the data module that a command works on: `-c NAME`, or `--data CLASS --data.root FOLDER ...`, as for `fit`."""

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
    """Return the data module that the user names, and all options of the command by name.

    Args:
        command: Name of the command, such as "data show".
        text: What the command does, for `--help`.
        arguments: What the user typed after the command.
        add: Adds the command's own options to a parser.

    Raises:
        Mistake: An option is wrong, or no data is named.
        DataError: The data is missing or damaged.
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
    """Return `arguments` with each configuration replaced by its section `data`: the others are not needed here."""
    resolved, _ = resolve_configs(arguments)
    replaced: list[str] = []
    words = iter(resolved)
    for word in words:
        head, equals, value = word.partition("=")
        if head in ("-c", "--config"):
            data: Any = read(Path(value if equals else next(words))).get("data")
            replaced += ["--data", data if isinstance(data, str) else json.dumps(data)] if data else []
        else:
            replaced.append(word)
    return replaced
