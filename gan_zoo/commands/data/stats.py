"""`gan-zoo data stats`: what metrics read of real images, computed ahead, and as a file for other people's programs."""

from pathlib import Path
from typing import Any

from lightning.pytorch.cli import LightningArgumentParser

from datamodules.stream import DataError
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.evaluate.evaluators import device, set_up
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import against
from gan_zoo.metrics.moments import Gaussian
from gan_zoo.run.marks import is_our_npz
from gan_zoo.run.outputs import refuse_loss

TEXT = "Compute what scores read of real images, which every run then finds; --out writes mean and covariance too."


def run(arguments: list[str]) -> int:
    """Compute the references of the data that `arguments` name. Returns 0.

    Raises:
        Mistake: of the user's, in words, values, files or data.
    """
    try:
        data, asked = choose("data stats", TEXT, arguments, options)
        refuse_loss([Path(asked["out"])] if asked["out"] else [], is_ours=is_our_npz)
        wanted: list[str] = [*asked["metrics"], *(["fd"] if asked["out"] else [])]
        metrics = tuple(dict.fromkeys(wanted))
        network = extractors.make(asked["extractor"], asked["weights"], asked["resize"])
        judge = against(set_up(data), asked["split"], network, metrics, device(), asked["real_samples"])
    except DataError as error:
        raise Mistake(str(error)) from error
    print(f"{judge.real.name}: {', '.join(metrics)} of {len(judge.indices)} images by {network.name} are ready.")
    if asked["out"]:
        export(Path(asked["out"]), judge.references["fd"], len(judge.indices))
    return 0


def options(parser: LightningArgumentParser) -> None:
    option = parser.add_argument
    option("--extractor", default="inception", help="as of gan-zoo evaluate")
    option("--metrics", nargs="+", default=["fd", "kid", "prdc"], help="as of gan-zoo evaluate")
    option("--weights", type=str | None, default=None, help="file of the extractor's weights")
    option("--resize", type=str | None, default=None, help="of inception: tf1, clean or none")
    option("--split", type=str | None, default=None, help="of the data (default: the one trained on)")
    option("--real-samples", type=int, default=0, help="as many of the images; 0: all")
    option("--out", type=str | None, default=None, help="an .npz with mu and sigma, as pytorch-fid and clean-fid read")


def export(file: Path, reference: dict[str, Any], count: int) -> None:
    """Write the .npz.

    Raises:
        Mistake: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        Gaussian.among(reference).save(file, count)
    except OSError as error:
        raise Mistake(f"{file} cannot be written: {error.strerror}.") from error
    print(f"mu and sigma are in {file}")
