"""`gan-zoo fit`: LightningCLI with our words, our Trainer, and mistakes said in one line."""

import argparse
from typing import Any

import lightning.pytorch as L
import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from datamodules.labels import LabelSet
from datamodules.stream import DataError
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.tracking import Tracking
from gan_zoo.callbacks.watchdog import Watchdog
from gan_zoo.commands.class_names import BASES, OneLineParser, choices, import_all, resolve_configs
from gan_zoo.commands.parser_errors import explain, origin, refused
from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.training.trainer import DEFAULTS, Trainer


def image_shape(data: L.LightningDataModule) -> tuple[int, int, int]:
    """The size of the images of `data`, which every data module must say."""
    if not hasattr(data, "image_shape"):
        raise Mistake(f"{type(data).__name__} has no image_shape: name a data module that derives from StreamedData.")
    return data.image_shape  # pyright: ignore[reportAttributeAccessIssue]


def num_classes(data: L.LightningDataModule) -> int:
    """How many classes its labels tell apart; 0: it has none."""
    return getattr(data, "num_classes", 0)


def label_sets(data: L.LightningDataModule) -> tuple[LabelSet, ...]:
    """What the labels are called, set by set; (): it does not say."""
    return tuple(getattr(data, "label_sets", ()))


LINKED = {"image_shape": image_shape, "num_classes": num_classes, "label_sets": label_sets}
"""What a model learns from its data module."""


def fit(arguments: list[str]) -> int:
    """Train one run. Returns 0, or 130 if it was asked to stop.

    Raises:
        Mistake: of the user's, in words, values, files or data.
        NonFinite: the run has failed.
    """
    try:
        line = prepare(arguments)
        line.trainer.fit(line.model, line.datamodule)
    except SystemExit as end:
        if end.code:  # how Lightning ends after a second Ctrl-C; `--help` ends with 0
            raise KeyboardInterrupt from None
        raise
    except DataError as error:
        raise Mistake(str(error)) from error
    except MisconfigurationException as error:  # Lightning's word for a mistake of the user's
        raise Mistake(shorten(f"Lightning refuses this: {error}")) from error
    if line.trainer.session.interrupted:
        print(f"Interrupted at step {line.trainer.global_step} and saved: the same command goes on from there.")
        return 130
    return 0


def prepare(arguments: list[str]) -> "CommandLine":
    """Data module, model and Trainer as `arguments` say: all of a run that can be done before it has a directory.

    Raises:
        Mistake: of the user's, in words, values or files.
        DataError: of the data's.
    """
    import_all()
    return CommandLine(*resolve_configs(arguments))


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
                parser_kwargs={
                    "prog": "gan-zoo fit",
                    "description": "Train one run, or go on with it where its directory is there already.",
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
        parser.add_argument("--run", type=str | None, default=None, help="directory of the run; resumed if it is there")
        parser.add_argument(
            "--seed", type=int, default=0, help="of the weights, the data's order and every step's draws"
        )
        parser.add_argument("--max_images", type=int, default=0, help="real images after which the run ends; 0: none")
        parser.add_argument("--max_seconds", type=float, default=0.0, help="training time after which it ends; 0: none")
        parser.add_argument("--init", type=str | None, default=None, help="weights that a new run starts from")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        ours = {"grids": Grids, "evaluation": Evaluation, "checkpoints": Checkpoints, "tracking": Tracking}
        ours |= {"watchdog": Watchdog}
        for key, callback in ours.items():
            parser.add_lightning_class_args(callback, key)
        parser.set_defaults({f"trainer.{name}": value for name, value in DEFAULTS.items()})
        for name, told in LINKED.items():
            parser.link_arguments("data", f"model.init_args.{name}", compute_fn=told, apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        self.config = parser.parse_args(args)

    def _set_seed(self) -> None:
        bounded("--", at_least=0, below=2**32, seed=self.config["seed"])
        L.seed_everything(self.config["seed"], verbose=False)  # weights are drawn when the model is made, next

    def instantiate_classes(self) -> None:
        try:
            made = self.config_init = self.parser.instantiate(self.config)
        except Exception as error:
            raise refused(origin(error)) from None
        self.datamodule, self.model = made["data"], made["model"]
        if type(self.model) in BASES:
            raise Mistake(f"{type(self.model).__name__} is what models derive from: name one of them.")
        asked = self.config["model"]["init_args"]
        for name in LINKED:
            if name in self.model.hparams:
                value, given = self.model.hparams[name], asked.get(name)
                if given is not None and given != value:
                    raise Mistake(
                        f"model.{name} is {given} in the configuration and {value} in the data: leave it out."
                    )
                asked[name] = value
        self.trainer = self.instantiate_trainer()

    def instantiate_trainer(self, **_: Any) -> Trainer:
        made = self.config_init
        return Trainer(
            run=made["run"] or f"runs/{self.name}-s{made['seed']}",
            seed=made["seed"],
            max_images=made["max_images"],
            max_seconds=made["max_seconds"],
            init=made["init"],
            grids=made["grids"],
            evaluation=made["evaluation"],
            checkpoints=made["checkpoints"],
            tracking=made["tracking"],
            watchdog=made["watchdog"],
            config=self._plain_config(),
            **made["trainer"],
        )

    def _plain_config(self) -> dict[str, Any]:
        config = yaml.safe_load(self.parser.dump(self.config, skip_link_targets=False, skip_unset=False))
        for name in LINKED:
            if name in self.model.hparams:
                config["model"]["init_args"][name] = self.model.hparams[name]
        return {name: value for name, value in config.items() if name not in ("run", "config")}
