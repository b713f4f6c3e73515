"""`gan-zoo data show`: draws the first images of a training run, not yet mirrored or cropped, over their labels."""

import colorsys
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from lightning.pytorch.cli import LightningArgumentParser
from PIL import Image, ImageDraw
from torch import Tensor

from datamodules.images import Batch
from datamodules.mixtures import Mixture
from datamodules.order import Order
from datamodules.stream import StreamedData
from gan_zoo.bounds import bounded
from gan_zoo.commands import image_files
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.sheet import sheet
from gan_zoo.errors import Mistake
from gan_zoo.module import Feed
from gan_zoo.run.marks import is_our_image
from gan_zoo.run.outputs import refuse_loss

IMAGES = ("image", "source", "target", "a", "b")
"""Keys of a batch that hold images, in the order in which they are shown side by side."""
PLANE = 512
"""Side in pixels of the picture that shows points in [-1, 1] x [-1, 1]."""


def run(arguments: list[str]) -> int:
    """Write the sheet of images. Return 0.

    Raises:
        Mistake: An option is wrong, or `--out` cannot be written.
        DataError: The data is missing or damaged.
    """
    data, options = choose("data show", "Write images and their labels as one PNG.", arguments, add_options)
    bounded("--", at_least=1, at_most=10_000, count=options["count"])
    bounded("--", at_least=0, below=2**32, seed=options["seed"])
    out = Path(options["out"])
    if out.suffix.lower() != ".png":
        raise Mistake(f"--out is {out}: it must end in .png.")
    refuse_loss([out], is_our_image)
    if not isinstance(data, StreamedData):
        raise Mistake(f"{type(data).__name__} does not derive from StreamedData: its images cannot be shown.")
    data.prepare_data()
    data.setup("fit")
    image_files.save(out, drawn(data, options["count"], options["seed"]))
    print(f"The images are in {out}")
    return 0


def add_options(parser: LightningArgumentParser) -> None:
    """Add the options that `show` has besides those of the data."""
    parser.add_argument("--count", type=int, default=32, help="number of images, or of pairs (default 32)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the run whose first images are drawn (default 0)")
    parser.add_argument("--out", type=str, default="data.png", help="PNG file to write (default data.png)")


def drawn(data: StreamedData, count: int, seed: int) -> Image.Image:
    """Return the sheet of the first `count` images that a run with `seed` shows; all if the set is smaller.

    Raises:
        DataError: An image is damaged.
    """
    batch = first(data, count, seed)
    keys = [key for key in IMAGES if key in batch]
    texts, names = captions(batch, data), " | ".join(keys)
    title = f"{data.images.name}, {names if names != 'image' else 'images'} of seed {seed}"
    if batch[keys[0]].dtype != torch.uint8:
        title = f"{title}: points, coloured by their label"
        return sheet([points(batch["image"], batch["label"])], [""], title)
    rows = zip(*(batch[key] for key in keys), strict=True)
    return sheet([beside([picture(image) for image in row]) for row in rows], texts, title)


def first(data: StreamedData, count: int, seed: int) -> Batch:
    """Return the first `count` images of each set. Sets that take turns in training do so here."""
    images: Any = data.images
    sizes, turns = (images.sizes, images.turns) if isinstance(images, Mixture) else ((len(images),), False)
    minibatches = len(sizes) if turns else 1
    feed = Feed(minibatches, min(-(-count // minibatches), *sizes))
    order = Order(sizes=sizes, feed=lambda step: feed, batch_size=1, seed=seed, turns=turns)
    return {key: value[:count] for key, value in images[next(iter(order))].items()}


def picture(image: UInt8[Tensor, " c h w"]) -> Image.Image:
    """Return one image in colour."""
    return Image.fromarray(image.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures of one size as one row."""
    width, height = pictures[0].size
    row = Image.new("RGB", (width * len(pictures), height))
    for number, image in enumerate(pictures):
        row.paste(image, (number * width, 0))
    return row


def captions(batch: Batch, data: StreamedData) -> list[str]:
    """Return a caption for each image: the name of its class, or the attributes that it has."""
    if "label" not in batch:
        return [""] * max(len(value) for value in batch.values())
    names = [name for labels in data.label_sets for name in labels["names"]]
    if batch["label"].ndim == 1:
        return [names[int(label)] for label in batch["label"]]
    return [", ".join(names[int(place)] for place in row.nonzero()) or "-" for row in batch["label"]]


def points(image: Float[Tensor, " n 2 1 1"], label: Tensor) -> Image.Image:
    """Draw points of the plane as dots with a colour for each class. The second coordinate points upwards."""
    paper = Image.new("RGB", (PLANE, PLANE), "white")
    draw, classes = ImageDraw.Draw(paper), int(label.max()) + 1
    for (x, y), number in zip(image.flatten(1).tolist(), label.tolist(), strict=True):
        colour = tuple(round(255 * part) for part in colorsys.hsv_to_rgb(number / classes, 1, 0.8))
        draw.circle(((x + 1) / 2 * PLANE, (1 - y) / 2 * PLANE), 2, fill=colour)
    return paper
