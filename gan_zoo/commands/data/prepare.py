"""`gan-zoo data prepare`: decodes a data set once. Runs with the same data options find the decoded images."""

from lightning.pytorch.cli import LightningArgumentParser

from datamodules.names import visible
from datamodules.preparing import prepare
from datamodules.sources import Source
from datamodules.stream import SourcedData
from datamodules.transform import Square
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.progress_bar import progress


def run(arguments: list[str]) -> int:
    """Prepare the data that `arguments` name. Return 0.

    Raises:
        Mistake: An option is wrong.
        DataError: The data is missing, or an image is damaged and not to be skipped.
    """
    data, options = choose("data prepare", "Decode a data set once, on all cores.", arguments, add_options)
    data.prepare_data()
    if not isinstance(data, SourcedData):
        print(f"{type(data).__name__} is read into memory when a run begins: there is nothing to prepare.")
        return 0
    for source in data.sources().values():
        prepare_source(source, data.square, options["skip_damaged"])
    return 0


def add_options(parser: LightningArgumentParser) -> None:
    """Add the options that `prepare` has besides those of the data."""
    parser.add_argument(
        "--skip-damaged",
        "--skip_damaged",
        action="store_true",
        help="leave damaged images out, instead of stopping at the first",
    )


def prepare_source(source: Source, square: Square, skip_damaged: bool) -> None:
    """Decode the images of one source, with a progress bar, and print how many there are.

    Raises:
        DataError: An image is damaged, unless `skip_damaged`.
    """
    with progress(source.name, len(source)) as tell:
        skipped = prepare(source, square, skip_damaged, tell)
    for reason in skipped.values():
        print(f"Left out: {visible(reason)}")
    print(f"{visible(source.name)}: {len(source) - len(skipped)} images of {square.resolution} pixels are prepared.")
