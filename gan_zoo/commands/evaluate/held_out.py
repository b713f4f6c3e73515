"""Real images that no model was trained on: the option --held-out, --baseline for samples, and --neighbours."""

import sys
from pathlib import Path
from typing import Any

from jaxtyping import UInt8
from PIL import Image as Pillow
from torch import Tensor

from datamodules.errors import DataError
from gan_zoo.commands.evaluate.foreign_images import Statistics, pictures
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.image_files import refuse_other_kinds, save
from gan_zoo.commands.sheet import sheet
from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics.closest import RealImages, compared, summary, training_image
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.fakes import Fakes
from gan_zoo.metrics.real import Real, reference
from gan_zoo.metrics.translated import Result
from gan_zoo.run.directory import Run

SPLITS = ("test", "valid", "val", "train")
"""Names of splits, in the order in which they are tried."""
NEAREST, QUANTILES = 4, (0.01, 0.1, 0.5, 0.9)
"""Rows of the picture: this many of the nearest images, then the images at these shares of the order."""


class NoOtherSplit(Mistake):
    """The data of a run have no images but those that scores compare with."""


def held_out(order: Order, data: Any, real: Real) -> Real | None:
    """Return the images of --held-out, or those of another split; None: there is no other, or no need.

    Args:
        order: The order.
        data: The data module of the real images; None: they are a folder or a file.
        real: The real images that scores compare with.

    Raises:
        Mistake: --held-out names the real images themselves, or statistics.
        NoOtherSplit: --baseline has no images.
    """
    if not (order.baseline or order.neighbours):
        return None
    if order.held_out:
        images = pictures(Path(order.held_out), order.skip_damaged)
        if isinstance(images, Statistics):
            raise Mistake(f"--held-out {order.held_out} holds statistics: name the images themselves.")
        if images.fingerprint() == real.images.fingerprint():
            raise Mistake(f"--held-out {order.held_out} holds the real images themselves: name others.")
        return Real(images)
    settings = getattr(data, "hparams", {})
    trained_on = settings.get("split") if settings.get("limit") else None  # all of it, the training images too
    for split in SPLITS if data is not None and order.split != "all" else ():
        if split == trained_on:
            continue
        try:
            other = reference(data, split)
        except DataError:
            continue
        if other.images.fingerprint() != real.images.fingerprint():
            return other
    if order.baseline:
        raise NoOtherSplit(
            f"--baseline compares with real images that are not in {real.images.name}, and its data have no other "
            "split: name a folder of such images with --held-out."
        )
    return None


def real_against_real(evaluator: Evaluator, held: Real, samples: int) -> Result:
    """Return the scores of held-out images in place of generated ones: what a perfect generator would have.

    Args:
        evaluator: The evaluator of the generated images.
        held: The held-out images.
        samples: Number of generated images. Fewer are used if there are fewer held-out images, with a note.
    """
    count = min(samples, len(held.images))
    if count < samples and rank() == 0:
        print(f"Note: the baseline uses {count} images, all that {held.images.name} has.", file=sys.stderr)
    return evaluator.score(RealImages(held.images, count), count)


def draw(order: Order, evaluator: Evaluator, fakes: Fakes, samples: int, held: Real | None, copy: Path) -> None:
    """Write the picture of --neighbours and print how near the images are to the training images, in one line.

    Args:
        order: The order.
        evaluator: The evaluator of the generated images, with the metric authpct.
        fakes: The generated images.
        samples: Number of them.
        held: The held-out images, if there are any.
        copy: Second file of the picture, in the run, where reports find it.
    """
    assert order.neighbours
    both = compared(evaluator, fakes, samples, held)
    if rank() > 0:
        return
    file = Path(order.neighbours)
    pictures, captions = [], []
    for place in places(len(both[0].distances)):
        for side in both:
            number = side.at(place)
            other = int(side.training[number])
            pictures += [side.image(number), training_image(evaluator, other)]
            captions += [f"{side.kind} {number}", f"training {other}: {side.distances[number].item():.3g}"]
    title = (
        f"Left: {both[0].kind} images; right: {both[1].kind} images; beside each the nearest training image and its "
        f"distance in the features of {evaluator.extractor.name}, the nearest first"
    )
    page = sheet([pillow(image) for image in pictures], captions, title, columns=4)
    for path in (file, copy):
        save(path, page)
    print(f"{summary(*both)} Picture: {file}.")


def picture(run: Run, step: int) -> Path:
    """Return the file in a run that holds the picture of --neighbours at `step`."""
    return run.images / f"neighbours_{step:08d}.png"


def pillow(image: UInt8[Tensor, "c h w"]) -> Pillow.Image:
    """Return an image as a Pillow image in colour."""
    return Pillow.fromarray(image.cpu().expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())


def places(count: int) -> list[int]:
    """Return the ranks that a picture shows of `count` images in the order of their distances."""
    return sorted({*range(min(NEAREST, count)), *(int(share * (count - 1)) for share in QUANTILES)})


def refuse_picture(order: Order) -> None:
    """Raise `Mistake` unless --neighbours can be written with this order."""
    if order.neighbours is None:
        return
    refuse_other_kinds(Path(order.neighbours), "--neighbours")
    if order.per_class or order.checkpoints == "all":
        raise Mistake("--neighbours is one picture: leave --per-class and --checkpoints all out.")
