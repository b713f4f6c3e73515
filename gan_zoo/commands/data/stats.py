"""`gan-zoo data stats`: computes the statistics of real images that scores need, and writes them for other programs."""

from pathlib import Path
from typing import Any

from lightning.pytorch.cli import LightningArgumentParser

from datamodules.names import visible
from gan_zoo.bounds import bounded
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.evaluate.evaluators import device, set_up
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.arrays import is_our_npz
from gan_zoo.metrics.evaluator import against
from gan_zoo.metrics.moments import Gaussian
from gan_zoo.run.outputs import refuse_loss

TEXT = "Compute the statistics of real images that scores need. Runs find them; --out also writes mean and covariance."


def run(arguments: list[str]) -> int:
    """Compute the statistics of the data that `arguments` name. Return 0.

    Raises:
        Mistake: An option is wrong, or `--out` cannot be written.
        DataError: The data is missing or damaged.
    """
    data, options = choose("data stats", TEXT, arguments, add_options)
    bounded("--", at_least=0, real_samples=options["real_samples"])
    refuse_loss([Path(options["out"])] if options["out"] else [], is_ours=is_our_npz)
    requested: list[str] = [*options["metrics"], *(["fd"] if options["out"] else [])]
    metrics = tuple(dict.fromkeys(requested))
    network = extractors.make(options["extractor"], options["weights"], options["resize"])
    evaluator = against(set_up(data), options["split"], network, metrics, device(), options["real_samples"])
    count = len(evaluator.indices)
    print(f"{visible(evaluator.real.name)}: {', '.join(metrics)} of {count} images by {network.name} are ready.")
    if options["out"]:
        export(Path(options["out"]), evaluator.references["fd"], evaluator.about)
    return 0


def add_options(parser: LightningArgumentParser) -> None:
    """Add the options that `stats` has besides those of the data."""
    option = parser.add_argument
    option("--extractor", default="inception", help="network whose features are compared, as for gan-zoo evaluate")
    option("--metrics", nargs="+", default=["fd", "kid", "prdc"], help="scores to prepare, as for gan-zoo evaluate")
    option("--weights", type=str | None, default=None, help="file with the weights of the extractor")
    option("--resize", type=str | None, default=None, help="how inception resizes images: tf1, clean or none")
    option("--split", type=str | None, default=None, help="split of the data (default: the one that is trained on)")
    option("--real-samples", type=int, default=0, help="number of real images to use; 0 means all")
    option("--out", type=str | None, default=None, help="an .npz with mu and sigma for pytorch-fid and clean-fid")


def export(file: Path, reference: dict[str, Any], about: dict[str, Any]) -> None:
    """Write mean and covariance as an .npz.

    Args:
        file: The file to write. Its folder is made.
        reference: Statistics of the Frechet distance, by name.
        about: How they were computed, as fields of a protocol.

    Raises:
        Mistake: The file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        Gaussian.among(reference).save(file, about)
    except OSError as error:
        raise Mistake(f"{file} cannot be written: {error.strerror}.") from error
    print(f"mu and sigma are in {file}")
