"""`gan-zoo fit`: LightningCLI with our options and our Trainer, whose errors are one line."""

import argparse
import contextlib
import re
import sys
from typing import Any

import lightning.pytorch as L
import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from datamodules.labels import LabelSet
from gan_zoo import interrupts, memory
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.tracking import Tracking
from gan_zoo.callbacks.watchdog import Watchdog
from gan_zoo.commands.class_names import BASES, OneLineParser, choices, import_all, resolve_configs
from gan_zoo.commands.foreign_parts import explained, explained_instantiation
from gan_zoo.commands.lasting_output import LastingOutput
from gan_zoo.commands.parser_errors import explain, origin, refused
from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.training.trainer import DEFAULTS, Trainer


def image_shape(data: L.LightningDataModule) -> tuple[int, int, int]:
    """Return the shape (c, h, w) of the images of `data`, which every data module must have.

    Raises:
        Mistake: It has none.
    """
    if not hasattr(data, "image_shape"):
        raise Mistake(f"{type(data).__name__} has no image_shape: name a data module that derives from StreamedData.")
    return data.image_shape  # pyright: ignore[reportAttributeAccessIssue]


def num_classes(data: L.LightningDataModule) -> int:
    """Return the number of classes of the labels of `data`; 0 if it has no classes."""
    return getattr(data, "num_classes", 0)


def label_sets(data: L.LightningDataModule) -> tuple[LabelSet, ...]:
    """Return the names of the labels of each set of `data`; empty if it has none."""
    return tuple(getattr(data, "label_sets", ()))


LINKED = {"image_shape": image_shape, "num_classes": num_classes, "label_sets": label_sets}
"""Arguments that a model takes from its data module, and the functions that read them."""
CALLBACKS = {
    "grids": Grids,
    "evaluation": Evaluation,
    "checkpoints": Checkpoints,
    "tracking": Tracking,
    "watchdog": Watchdog,
}
"""Sections of the configuration, and the callback that each sets up."""


def fit(arguments: list[str]) -> int:
    """Train one run. Return 0, or 130 if it was interrupted.

    Raises:
        Mistake: An option or a file is wrong.
        DataError: The data is missing or damaged.
        NonFinite: The run has failed.
    """
    with contextlib.redirect_stdout(LastingOutput(sys.stdout)):
        try:
            command_line = prepare(arguments)
            command_line.train()
        except SystemExit as end:
            if end.code:  # Lightning exits so after a `KeyboardInterrupt`; `--help` exits with 0
                raise KeyboardInterrupt from None
            raise
        except MisconfigurationException as error:  # Lightning's name for a mistake of the user
            raise Mistake(shorten(f"Lightning refuses this: {error}")) from error
        trainer = command_line.trainer
        if trainer.session.interrupted:
            if not interrupts.is_follower():
                print(f"Interrupted at step {trainer.global_step} and saved: the same command goes on from there.")
            return interrupts.CODE
        return 0


def prepare(arguments: list[str]) -> "CommandLine":
    """Make the data module, the model and the Trainer of a run, without writing to its directory.

    Raises:
        Mistake: An option or a file is wrong.
        DataError: The data is missing or damaged.
    """
    import_all()
    return CommandLine(*resolve_configs(arguments))


class CommandLine(LightningCLI):
    """Parses the arguments of `fit` and makes the data module, the model and the Trainer, in this order.

    Args:
        arguments: What the user typed, with configurations as paths.
        name: Name of the run's directory, if the user names none.

    Raises:
        Mistake: An argument is wrong.
    """

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
                parser_kwargs={
                    "prog": "gan-zoo fit",
                    "description": "Train one run, or resume it if its directory exists.",
                    "exit_on_error": False,
                },
                args=arguments,
                run=False,
                auto_configure_optimizers=False,
                load_from_checkpoint_support=False,
            )
        except argparse.ArgumentError as error:
            classes = {"model": choices(GenerativeModule), "data": choices(L.LightningDataModule)}
            options = self.parser._option_string_actions
            raise Mistake(explain(str(error), arguments, options, classes)) from error

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add our own options in place of LightningCLI's."""
        option = parser.add_argument
        option("--run", type=str | None, default=None, help="directory of the run, which is resumed if it exists")
        option("--seed", type=int, default=0, help="seed of the weights, the order of the data and all random draws")
        option("--max_images", type=int, default=0, help="number of real images after which to stop; 0: no limit")
        option("--max_seconds", type=float, default=0.0, help="seconds of training after which to stop; 0: no limit")
        option("--init", type=str | None, default=None, help="a run, or a file of weights, from which a new run starts")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the options of our callbacks, our defaults, and what a model takes from its data module."""
        for key, callback in CALLBACKS.items():
            parser.add_lightning_class_args(callback, key)
        parser.set_defaults({f"trainer.{name}": value for name, value in DEFAULTS.items()})
        for name, read in LINKED.items():
            parser.link_arguments("data", f"model.init_args.{name}", compute_fn=read, apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse `args`, without LightningCLI's warning about arguments that are not the process's own."""
        self.config = parser.parse_args(args)

    def _set_seed(self) -> None:
        """Seed the process. LightningCLI calls this after parsing."""
        bounded("--", at_least=0, below=2**32, seed=self.config["seed"])
        L.seed_everything(self.config["seed"], verbose=False)  # the model, which is made next, draws its weights

    def instantiate_classes(self) -> None:
        """Make the data module, the model and the Trainer.

        Raises:
            Mistake: A class refuses its arguments, or the model does not match the data.
        """
        try:
            with memory.guarded("The model", "choose smaller widths, latents or images"):
                self.config_init = self.parser.instantiate(self.config)
        except Exception as error:
            raise refused(explained_instantiation(origin(error))) from error
        self.datamodule, self.model = self.config_init["data"], self.config_init["model"]
        if type(self.model) in BASES:
            raise Mistake(f"{type(self.model).__name__} is what models derive from: name one of them.")
        self._record_links()
        self.trainer = self.instantiate_trainer()

    def train(self) -> None:
        """Train the run.

        Raises:
            Mistake: A part that does not come with gan_zoo does not fit, or the model does not fit the data.
            RunFailed: Such a part failed during training.
        """
        try:
            self.trainer.fit(self.model, self.datamodule)
        except Exception as error:
            explanation = explained(error, self.trainer, self.model)
            if explanation is error:
                raise
            raise explanation from error

    def _record_links(self) -> None:
        """Write what the model took from the data into the configuration, unless that states another value."""
        settings = self.config["model"]["init_args"]
        for name in LINKED:
            if name in self.model.hparams:
                value, configured = self.model.hparams[name], settings.get(name)
                if configured is not None and configured != value:
                    raise Mistake(
                        f"model.{name} is {configured} in the configuration and {value} in the data: leave it out."
                    )
                settings[name] = value

    def instantiate_trainer(self, **_: Any) -> Trainer:
        """Return our Trainer, with the settings of the configuration."""
        made = self.config_init
        names = ("seed", "max_images", "max_seconds", "init", *CALLBACKS)
        return Trainer(
            run=made["run"] or f"runs/{self.name}-s{made['seed']}",
            config=self._plain_config(),
            **{name: made[name] for name in names},
            **made["trainer"],
        )

    def _plain_config(self) -> dict[str, Any]:
        """Return the configuration as plain values, as `config.yaml` records it."""
        try:
            text = self.parser.dump(self.config, skip_link_targets=False, skip_unset=False)
        except ValueError as error:  # Lightning's Timer has such a default
            name = re.search(r"class_path='([\w.]+)'", str(error))
            value = re.search(r"cannot represent an object', (.+?)\)", str(error))
            reason = f"a value of {name[1]}: {value[1]}." if name and value else f"this: {error}"
            raise Mistake(shorten(f"The configuration cannot be recorded: YAML cannot hold {reason}")) from error
        config = yaml.safe_load(text)
        for name in LINKED:
            if name in self.model.hparams:
                config["model"]["init_args"][name] = self.model.hparams[name]
        return {name: value for name, value in config.items() if name not in ("run", "config")}
