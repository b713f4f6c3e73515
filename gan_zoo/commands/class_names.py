"""The names that `fit` and `data` accept: of models and data modules, and of experiments."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import yaml
from jsonargparse import get_loader, set_loader, set_parsing_settings
from lightning.pytorch.cli import LightningArgumentParser

import datamodules
from datamodules.stream import SourcedData, StreamedData
from gan_zoo import models
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.run import yaml_text
from gan_zoo.run.config import EXPERIMENTS, check, find

BASES = (GenerativeModule, AdversarialModule, L.LightningDataModule, StreamedData, SourcedData)
"""Base classes of models and data modules, which the user cannot choose themselves."""
CONFIG_WANTED = "-c takes a path or the name of an experiment after it, e.g. mnist/wgan_gp."


def import_all() -> None:
    """Import all models and data modules, so that `--model WGANGP` and `--data MNIST` need no dotted path."""
    for package in (models, datamodules):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def resolve_configs(arguments: list[str]) -> tuple[list[str], str]:
    """Return `arguments` with a path for each name after `-c`, and a name for the run from the first of them.

    Raises:
        Mistake: A name is neither a file nor an experiment, or a value is too large.
    """
    resolved, names = [], []
    follows = False
    for argument in arguments:
        head, equals, value = argument.partition("=")
        refuse_large(argument, value if equals and head.startswith("-") else argument)
        if argument.startswith("-c") and argument != "-c":  # -cmnist/gan, which argparse accepts too
            head, equals, value = "--config", "=", argument.removeprefix("-c").removeprefix("=")
        if follows or (equals and head in ("-c", "--config")):
            value = argument if follows else value
            if not value or value.startswith("-"):
                raise Mistake(CONFIG_WANTED)
            path = find(value)
            check(path)
            names.append(path.relative_to(EXPERIMENTS) if path.is_relative_to(EXPERIMENTS) else Path(path.stem))
            resolved.append(str(path) if follows else f"{head}={path}")
            follows = False
        else:
            follows = argument in ("-c", "--config")
            resolved.append(argument)
    if follows:
        raise Mistake(CONFIG_WANTED)
    return resolved, "-".join(names[0].with_suffix("").parts) if names else "run"


JSONARGPARSE_LOAD = get_loader("yaml")


def bounded_load(text: str) -> Any:
    """Return what jsonargparse reads in a YAML text, unless it is too large."""
    yaml_text.refuse_too_large(text)
    return JSONARGPARSE_LOAD(text)


def refuse_large(argument: str, value: str) -> None:
    """Raise a `Mistake` if the value in an argument of the command line would grow too large."""
    try:
        yaml_text.refuse_large_value(value)
    except yaml_text.TooLarge as error:
        raise Mistake(f"{shorten(argument, 60)} is too large for a value: {error}.") from error


class OneLineParser(LightningArgumentParser):
    """A parser that accepts no abbreviations: `--trainer.max_step` is an unknown option, not `max_steps`.

    It refuses classes of modules that can run arbitrary code, such as `os` and `cProfile`; jsonargparse lists them. It
    reads no file and no value of YAML before the size of its content is known.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        set_parsing_settings(import_path_denylist=[])  # adds nothing, but enforces the list, which else only warns
        set_loader("yaml", bounded_load, exceptions=(yaml.YAMLError,))
        super().__init__(*args, **kwargs)

    def _get_option_tuples(self, option_string: str) -> list:
        return []


def choices(base: type) -> list[str]:
    """Return the names of the classes that derive from `base` and can be chosen."""
    return [kind.__name__ for kind in _subclasses(base) if kind not in BASES]


def _subclasses(base: type) -> list[type]:
    kinds = [kind for child in base.__subclasses__() for kind in (child, *_subclasses(child))]
    return [kind for kind in kinds if not kind.__name__.startswith("_") and not kind.__module__.startswith("lightning")]
