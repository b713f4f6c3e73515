"""The options of `gan-zoo evaluate`, including the presets of papers. Importing this loads no torch."""

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
    """The values of all options, which every process receives; None: the option was not values."""

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
    whole: int
    """Number of images that the split must have, by the preset; 0: any number."""
    checkpoints: str
    seed: int | None
    latent_seed: int
    generator_weights: str
    rank_with: str | None
    raw: bool
    truncation: float
    batch_norm: str
    labels: str
    per_class: bool
    classifier: str | None
    baseline: bool
    only_baseline: bool
    neighbours: str | None
    held_out: str | None
    skip_damaged: bool
    allow_modules: tuple[str, ...]
    """Packages outside the project that runs may name: those of --allow-module, and those in names of this command."""
    devices: int


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate` to `parser`. Options that a preset can set have no default here."""
    option = parser.add_argument
    option("runs", nargs="*", help="directories of runs, or folders that contain them")
    option("--metrics", nargs="+", help=f"{', '.join(METRICS)}, log_likelihood, or package.module:Class (default fd)")
    option("--draws", type=int, help="latents drawn for each image (log_likelihood only; default 100)")
    option(
        "--extractor",
        help="inception, lenet, efficientnet_lite0, dinov2, clip_vit_l14_336, or package.module:callable "
        "(default: the run's)",
    )
    option(
        "--weights",
        metavar="FILE",
        help="weights of the extractor (needed by clip_vit_l14_336; of inception and dinov2, default: download them)",
    )
    option("--resize", help="how inception resizes images: tf1, clean or none (default tf1)")
    option("--samples", type=int, help="number of generated images (default 10000; of --fake: all)")
    option("--real-samples", type=int, help="number of real images; 0 means all (default)")
    option("--split", help="split of the data to compare with (default: that of the run's own scores)")
    option("--preset", help=f"protocol of a paper: {', '.join(PRESETS)}")
    option(
        "--checkpoints",
        default="last",
        choices=("last", "all", "best"),
        help="checkpoints of a run to score (default last)",
    )
    option(
        "--latent-seed",
        type=int,
        default=0,
        help="seed of the latents, or of the draw of --samples from --fake (default 0)",
    )
    option("--raw", action="store_true", help="use the last weights, not their exponential moving average")
    option("--truncation", type=float, help="truncation of the latents, if the model supports it (default 1: none)")
    option(
        "--batch-norm",
        choices=("eval", "train"),
        help="use running statistics (eval) or those of a batch (train; default eval)",
    )
    option(
        "--labels",
        help="uniform, data (as frequent as in the real images), or a class number (default uniform; of --fake: none)",
    )
    option("--per-class", action="store_true", help="score each class against the real images of that class")
    option(
        "--classifier",
        metavar="FILE",
        help="measure the share of correct images by lenet, or by a file with an attribute classifier",
    )
    option(
        "--baseline",
        action="store_true",
        help="also score held-out real images as if they were generated; beside translated images: untranslated ones",
    )
    option("--only-baseline", action="store_true", help="score the baseline without the model (runs only)")
    option(
        "--neighbours",
        metavar="FILE",
        help="write a picture of generated images beside the nearest real ones, and add --metrics authpct",
    )
    option(
        "--held-out",
        metavar="DATA",
        help="real images that no model was trained on, for --baseline and --neighbours: a folder, zip or .npz "
        "(default: another split of the data)",
    )
    option("--devices", type=int, default=1, help="number of processes, one per GPU, or all on the CPU (default 1)")
    option("--fake", metavar="DIR", help="images to score in place of a run: a folder, zip or .npz")
    option("--real", metavar="DATA", help="real images to compare --fake with: a folder, zip, .npz, run or experiment")
    option("--name", help="name of --fake in reports (default: the name of the folder)")
    option("--seed", type=int, help="seed that --fake was trained with; folders of one --name are seeds of one method")
    option(
        "--generator-weights",
        default="unknown",
        choices=("unknown", "averaged", "last"),
        help="weights that generated --fake: averaged is an exponential moving average (default unknown)",
    )
    option(
        "--rank-with",
        choices=("averaged", "last"),
        help="rank --fake in a table with runs scored with these weights, if its own are unknown (default: do not)",
    )
    option("--run", help="directory in which the scores of --fake are recorded, as a run (default: below runs/)")
    option(
        "--skip-damaged", action="store_true", help="leave out damaged files of --fake and --real, instead of stopping"
    )
    allow_modules(parser)


def order(options: argparse.Namespace) -> Order:
    """Return the order that the options make, with the values of the preset and the defaults filled in.

    Raises:
        Mistake: Options exclude each other, or a value is out of bounds.
    """
    values: dict[str, Any] = {name.replace("-", "_"): value for name, value in vars(options).items()}
    if values["per_class"] and values["labels"] is not None:
        raise Mistake(f"--per-class scores every class, and --labels {values['labels']} names some: leave one out.")
    values = preset(values.pop("preset"), values)
    defaults = {"metrics": ("fd",), "real_samples": 0, "truncation": 1.0, "batch_norm": "eval"}
    defaults["labels"] = "none" if values["fake"] else "uniform"
    for name, value in defaults.items():
        values[name] = value if values[name] is None else values[name]
    values["baseline"] = values["baseline"] or values["only_baseline"]
    values |= {name: tuple(values[name]) for name in ("runs", "metrics")}
    if values["neighbours"] and "authpct" not in values["metrics"]:
        values["metrics"] = (*values["metrics"], "authpct")
    values["allow_modules"] = (*values["allow_modules"], *packages((values["extractor"], *values["metrics"])))
    result = Order(**values)
    if result.samples is not None:
        bounded("--", at_least=2, samples=result.samples)
    bounded("--", at_least=0, real_samples=result.real_samples, latent_seed=result.latent_seed)
    bounded("--", at_least=1, devices=result.devices)
    bounded("--", above=0, truncation=result.truncation)
    if result.labels not in ("uniform", "data", defaults["labels"]) and not result.labels.isdigit():
        raise Mistake(f"--labels is {result.labels}: it must be uniform, data, or the number of a class.")
    refuse_mixtures(result)
    return result


def preset(name: str | None, values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with those of the preset `name`; None: no preset.

    Raises:
        Mistake: The preset is unknown, or an option that it sets was also given.
    """
    if name is None:
        return values | {"whole": 0}
    if name not in PRESETS:
        raise Mistake(f"No preset is called {name}{closest(name, PRESETS)}: there are {', '.join(PRESETS)}.")
    option_of = {"generated": "samples", "real": "real_samples"}
    fixed = {
        option_of.get(field.name, field.name): getattr(PRESETS[name], field.name) for field in fields(PRESETS[name])
    }
    fixed.pop("about")
    values = values | {"whole": fixed.pop("whole")}
    for option, value in fixed.items():
        if values[option] is not None and values[option] != value:
            raise Mistake(f"--{option.replace('_', '-')} is set by --preset {name}: leave one of them out.")
    return values | fixed


def refuse_mixtures(order: Order) -> None:
    """Refuse an order that names runs together with --fake, or neither, or options of the other.

    Raises:
        Mistake: Names the option that is missing or superfluous.
    """
    if not order.runs and not order.fake:
        raise Mistake("the following arguments are required: runs, or --fake: see gan-zoo evaluate --help.")
    if order.runs and (order.fake or order.real or order.name or order.run):
        raise Mistake("--fake, --real, --name and --run score images in place of runs: leave out the runs, or these.")
    if order.runs and order.seed is not None:
        raise Mistake("--seed is the seed that --fake was trained with; that of a run's latents is --latent-seed.")
    if order.runs and (order.generator_weights != "unknown" or order.rank_with):
        raise Mistake("--generator-weights and --rank-with are for --fake: runs know their weights, so leave them out.")
    if order.fake and not order.real:
        raise Mistake("--fake needs --real: name the real images to compare with.")
    if order.fake and order.classifier:
        raise Mistake("--classifier is for runs: leave it out beside --fake.")
    if order.fake and order.only_baseline:
        raise Mistake("--only-baseline is for runs: use --baseline beside --fake.")
    if order.only_baseline and (order.neighbours or order.classifier or order.checkpoints == "all"):
        raise Mistake("--only-baseline scores no model: leave --neighbours, --classifier and --checkpoints all out.")
    if order.fake and order.raw:
        raise Mistake("--raw is for runs: say which weights generated --fake by --generator-weights.")
    if order.fake and order.rank_with and order.generator_weights != "unknown":
        raise Mistake("--rank-with is for unknown weights: leave it or --generator-weights out.")
    if order.baseline and order.per_class:
        raise Mistake("--baseline scores the images of all classes: leave --per-class out.")
    if order.held_out and not (order.baseline or order.neighbours):
        raise Mistake("--held-out is for --baseline and --neighbours: name one of them, or leave it out.")
    if order.fake and (order.per_class or order.checkpoints != "last"):
        raise Mistake("--per-class and --checkpoints are for runs: leave them out beside --fake.")
