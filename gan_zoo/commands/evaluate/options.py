"""What `gan-zoo evaluate` is asked: its options, and paper presets among them. Loads no torch."""

import argparse
from dataclasses import dataclass, fields
from typing import Any

from gan_zoo.bounds import bounded
from gan_zoo.commands.parser import allow_modules
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.metrics.choices import METRICS
from gan_zoo.metrics.presets import PRESETS
from gan_zoo.trust import packages


@dataclass(frozen=True)
class Order:
    """All that was asked, as plain values, which every process gets; None: not said."""

    runs: tuple[str, ...]
    fake: str | None
    real: str | None
    name: str | None
    run: str | None
    metrics: tuple[str, ...]
    draws: int | None
    extractor: str | None
    weights: str | None
    resize: str | None
    samples: int | None
    real_samples: int
    split: str | None
    checkpoints: str
    seed: int
    raw: bool
    truncation: float
    batch_norm: str
    labels: str
    per_class: bool
    classifier: str | None
    baseline: bool
    skip_damaged: bool
    allow_modules: tuple[str, ...]
    """What runs may name beside our modules: what the user allowed, and the packages of what the user typed."""
    devices: int


def add(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of `evaluate`. What a preset may set has no default of its own."""
    option = parser.add_argument
    option("runs", nargs="*", help="runs' directories, or folders of them")
    option("--metrics", nargs="+", help=f"{', '.join(METRICS)}, log_likelihood, or package.module:Class (fd)")
    option("--draws", type=int, help="latents for each image (log_likelihood, of models that bound it; default 100)")
    option("--extractor", help="inception, lenet, efficientnet_lite0, dinov2, or package.module:callable (the run's)")
    option("--weights", metavar="FILE", help="the extractor's weights (inception, dinov2), else downloaded")
    option("--resize", help="of inception: tf1, clean or none (default tf1)")
    option("--samples", type=int, help="images generated (default 10000; of a folder: all)")
    option("--real-samples", type=int, help="of the real images, as many; 0: all (default)")
    option("--split", help="of the data, that is compared with (default: the one trained on)")
    option("--preset", help=f"a paper's protocol: {', '.join(PRESETS)}")
    option("--checkpoints", default="last", choices=("last", "all", "best"), help="which of a run's (default last)")
    option("--seed", type=int, default=0, help="of the latents (default 0)")
    option("--raw", action="store_true", help="the last weights, where a moving average is kept beside them")
    option("--truncation", type=float, help="of the latents, for models that can (default 1: none)")
    option("--batch-norm", choices=("eval", "train"), help="running statistics, or the batch's (default eval)")
    option(
        "--labels",
        help="uniform, data (as often as among the real images), or one class (default uniform; of --fake: none)",
    )
    option("--per-class", action="store_true", help="a score for each class, against its real images")
    option(
        "--classifier", metavar="FILE", help="what tells whether images are as asked: lenet, or a file for attributes"
    )
    option("--baseline", action="store_true", help="what no translation at all would score, beside translated images")
    option("--devices", type=int, default=1, help="processes, one a GPU, or on the CPU (default 1)")
    option("--fake", metavar="DIR", help="somebody's images, a folder, zip or .npz, in place of a run")
    option("--real", metavar="DATA", help="what they are compared with: a folder, zip, .npz, run or experiment")
    option("--name", help="what reports call the owner of --fake (default: the folder's name)")
    option("--run", help="directory that the scores of --fake go to, as a run of their own")
    option("--skip-damaged", action="store_true", help="leave damaged files of --fake and --real out, else one ends it")
    allow_modules(parser)


def order(options: argparse.Namespace) -> Order:
    """What was asked, the preset's values in their places.

    Raises:
        Mistake: options that do not go together, or out of bounds.
    """
    given: dict[str, Any] = {name.replace("-", "_"): value for name, value in vars(options).items()}
    given = preset(given.pop("preset"), given)
    defaults = {"metrics": ("fd",), "real_samples": 0, "truncation": 1.0, "batch_norm": "eval"}
    defaults["labels"] = "none" if given["fake"] else "uniform"
    for name, value in defaults.items():
        given[name] = value if given[name] is None else given[name]
    given |= {name: tuple(given[name]) for name in ("runs", "metrics")}
    given["allow_modules"] = (*given["allow_modules"], *packages((given["extractor"], *given["metrics"])))
    asked = Order(**given)
    if asked.samples is not None:
        bounded("--", at_least=2, samples=asked.samples)
    bounded("--", at_least=0, real_samples=asked.real_samples)
    bounded("--", at_least=1, devices=asked.devices)
    bounded("--", above=0, truncation=asked.truncation)
    if asked.labels not in ("uniform", "data", defaults["labels"]) and not asked.labels.isdigit():
        raise Mistake(f"--labels is {asked.labels}: it must be uniform, data, or a class's number.")
    refuse_mixtures(asked)
    return asked


def preset(name: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """`given` with the values of the preset `name`.

    Raises:
        Mistake: no such preset, or an option that it sets.
    """
    if name is None:
        return given
    if name not in PRESETS:
        raise Mistake(f"No preset is called {name}{closest(name, PRESETS)}: there are {', '.join(PRESETS)}.")
    called = {"generated": "samples", "real": "real_samples"}
    values = {called.get(one.name, one.name): getattr(PRESETS[name], one.name) for one in fields(PRESETS[name])}
    values.pop("about")
    for option, value in values.items():
        if given[option] is not None and given[option] != value:
            raise Mistake(f"--{option.replace('_', '-')} is set by --preset {name}: leave one of them out.")
    return given | values


def refuse_mixtures(asked: Order) -> None:
    """Stop where runs and somebody's images are named at once, or neither.

    Raises:
        Mistake: says what is missing or too much.
    """
    if not asked.runs and not asked.fake:
        raise Mistake("the following arguments are required: runs, or --fake: see gan-zoo evaluate --help.")
    if asked.runs and (asked.fake or asked.real or asked.name or asked.run):
        raise Mistake("--fake, --real, --name and --run are for somebody's images: leave out the runs, or these.")
    if asked.fake and not asked.real:
        raise Mistake("--fake needs --real: what are the images compared with?")
    if asked.fake and (asked.classifier or asked.baseline):
        raise Mistake("--classifier and --baseline are for runs that translate: leave them out beside --fake.")
    if asked.fake and (asked.per_class or asked.checkpoints != "last"):
        raise Mistake("--per-class and --checkpoints are for runs: leave them out beside --fake.")
