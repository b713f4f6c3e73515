"""`gan-zoo fit`: LightningCLI with our words, our Trainer, and mistakes said in one line."""

import argparse
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import yaml
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

import datamodules
from datamodules.stream import DataError
from gan_zoo import models
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.errors import Mistake
from gan_zoo.module import GenerativeModule
from gan_zoo.naming import closest
from gan_zoo.training import DEFAULTS, REPLACED, Trainer

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
LINKED = ("image_shape", "num_classes")
"""What a model learns from its data module."""


def fit(arguments: list[str]) -> int:
    """Train one run. Returns 0, or 130 if it was asked to stop."""
    for package in (models, datamodules):  # so that `--model WGANGP` needs no dotted path
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    arguments, name = resolve_configs(arguments)
    line = CommandLine(arguments, name)
    try:
        line.trainer.fit(line.model, line.datamodule)
    except DataError as error:
        raise Mistake(str(error)) from error
    if line.trainer.session.interrupted:
        print(f"Interrupted at step {line.trainer.global_step} and saved: the same command goes on from there.")
        return 130
    return 0


def resolve_configs(arguments: list[str]) -> tuple[list[str], str]:
    """`arguments` with every `-c NAME` as a path, and a name for the run from the first.

    Raises:
        Mistake: neither a file nor an experiment of ours.
    """
    resolved, names = [], []
    follows = False
    for argument in arguments:
        head, equals, value = argument.partition("=")
        if follows or (equals and head in ("-c", "--config")):
            path = find_config(argument if follows else value)
            names.append(path.relative_to(EXPERIMENTS) if path.is_relative_to(EXPERIMENTS) else Path(path.stem))
            resolved.append(str(path) if follows else f"{head}={path}")
            follows = False
        else:
            follows = argument in ("-c", "--config")
            resolved.append(argument)
    if follows:
        raise Mistake(f"{arguments[-1]} takes a path or the name of an experiment, e.g. mnist/wgan_gp.")
    return resolved, "-".join(names[0].with_suffix("").parts) if names else "run"


def find_config(name: str) -> Path:
    """The YAML file at path `name`, or the experiment of ours that is called so."""
    for path in (Path(name), EXPERIMENTS / f"{name}.yaml"):
        if path.is_file():
            return path
    ours = [str(path.relative_to(EXPERIMENTS).with_suffix("")) for path in sorted(EXPERIMENTS.rglob("*.yaml"))]
    raise Mistake(f"There is no file and no experiment {name}{closest(name, ours)}: there are {', '.join(ours)}.")


class OneLineParser(LightningArgumentParser):
    """A parser that takes no abbreviations: `--trainer.max_step` is an unknown option, not `max_steps`."""

    def _get_option_tuples(self, option_string: str) -> list:
        return []


class CommandLine(LightningCLI):
    """Parses `fit`'s arguments and makes data module, model and Trainer, in this order."""

    trainer: Trainer

    def __init__(self, arguments: list[str], name: str) -> None:
        self.name = name
        try:
            super().__init__(
                model_class=GenerativeModule,
                subclass_mode_model=True,
                datamodule_class=L.LightningDataModule,
                subclass_mode_data=True,
                save_config_callback=None,
                parser_class=OneLineParser,
                parser_kwargs={"prog": "gan-zoo fit", "exit_on_error": False},
                args=arguments,
                run=False,
                auto_configure_optimizers=False,
                load_from_checkpoint_support=False,
            )
        except argparse.ArgumentError as error:
            raise Mistake(self._explain(str(error))) from error
        except DataError as error:
            raise Mistake(str(error)) from error

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_argument("--run", type=str | None, default=None, help="directory of the run; resumed if it is there")
        parser.add_argument(
            "--seed", type=int, default=0, help="of the weights, the data's order and every step's draws"
        )
        parser.add_argument("--max_images", type=int, default=0, help="real images after which the run ends; 0: none")
        parser.add_argument("--init", type=str | None, default=None, help="weights that a new run starts from")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        for callback, key in ((Grids, "grids"), (Evaluation, "evaluation"), (Checkpoints, "checkpoints")):
            parser.add_lightning_class_args(callback, key)
        parser.set_defaults({f"trainer.{name}": value for name, value in DEFAULTS.items()})
        for value in LINKED:
            parser.link_arguments(f"data.{value}", f"model.init_args.{value}", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        self.config = parser.parse_args(args)

    def _set_seed(self) -> None:
        L.seed_everything(self.config["seed"], verbose=False)  # weights are drawn when the model is made, next

    def instantiate_classes(self) -> None:
        super().instantiate_classes()
        asked = self.config["model"]["init_args"]
        for name in LINKED:
            if name in self.model.hparams:
                value, given = self.model.hparams[name], asked.get(name)
                if given is not None and given != value:
                    raise Mistake(
                        f"model.{name} is {given} in the configuration and {value} in the data: leave it out."
                    )
                asked[name] = value

    def instantiate_trainer(self, **_: Any) -> Trainer:
        made = self.config_init
        arguments = {name: value for name, value in made["trainer"].items() if name not in REPLACED[1:]}
        return Trainer(
            run=made["run"] or f"runs/{self.name}-s{made['seed']}",
            seed=made["seed"],
            max_images=made["max_images"],
            init=made["init"],
            grids=made["grids"],
            evaluation=made["evaluation"],
            checkpoints=made["checkpoints"],
            config=self._plain_config(),
            **arguments,
        )

    def _plain_config(self) -> dict[str, Any]:
        config = yaml.safe_load(self.parser.dump(self.config, skip_link_targets=False, skip_unset=False))
        for name in LINKED:
            if name in self.model.hparams:
                config["model"]["init_args"][name] = self.model.hparams[name]
        return {name: value for name, value in config.items() if name not in ("run", "config")}

    def _explain(self, message: str) -> str:
        """jsonargparse's nested report as one line with the closest right word."""
        if found := re.search(r"unrecognized arguments: (\S+)", message):
            option = found.group(1).partition("=")[0]
            near = closest(option, self.parser._option_string_actions)
            return f"There is no option {option}{near}: see gan-zoo fit --help."
        key = found.group(1) if (found := re.search(r'Parser key "([^"]+)"', message)) else ""
        if found := re.search(r"Problem with given class_path '([^']+)':\s+Option '([^']+)' is not accepted", message):
            kind, option = found.groups()
            return f"{kind} has no option {key}.{option}{closest(option, _options(kind))}."
        if found := re.search(r"Expected a dot import path string: (\S+)", message):
            base = GenerativeModule if key == "model" else L.LightningDataModule
            names = [kind.__name__ for kind in _subclasses(base)]
            near = closest(found.group(1), names)
            return f"No {key} is called {found.group(1)}{near}: package.module.Class, or {', '.join(names)}."
        inner = re.findall(r'Parser key "([^"]+)"', message)
        reason = next(
            (
                line.strip(" -")
                for line in reversed(message.splitlines())
                if "Expected" in line and "NoneType" not in line
            ),
            "",
        )
        where = ".".join(dict.fromkeys(inner))
        return f"{where}: {reason or ' '.join(message.split())}"


def _options(class_path: str) -> list[str]:
    module, _, name = class_path.rpartition(".")
    return list(inspect.signature(getattr(importlib.import_module(module), name)).parameters)


def _subclasses(base: type) -> list[type]:
    found = [kind for sub in base.__subclasses__() for kind in (sub, *_subclasses(sub))]
    return [kind for kind in found if not kind.__name__.startswith("_") and not kind.__module__.startswith("lightning")]
