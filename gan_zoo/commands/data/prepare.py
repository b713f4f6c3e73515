"""`gan-zoo data prepare`: decodes a set once, with the data options of `fit`, which finds it from then on."""

from lightning.pytorch.cli import LightningArgumentParser

from datamodules.preparing import prepare
from datamodules.sources import Source
from datamodules.stream import DataError, SourcedData
from datamodules.transform import Square
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.progress_bar import progress
from gan_zoo.errors import Mistake


def run(arguments: list[str]) -> int:
    """Prepare the data that `arguments` name. Returns 0.

    Raises:
        Mistake: of the user's, in words, values, files or data.
    """
    try:
        data, options = choose("data prepare", "Decode a set once, by all cores.", arguments, add_options)
        data.prepare_data()
        if not isinstance(data, SourcedData):
            print(f"{type(data).__name__} is read into memory when a run begins: there is nothing to prepare.")
            return 0
        for source in data.sources().values():
            show(source, data.square, options["skip_damaged"])
    except DataError as error:
        raise Mistake(str(error)) from error
    return 0


def add_options(parser: LightningArgumentParser) -> None:
    """What `prepare` knows besides the data."""
    parser.add_argument(
        "--skip-damaged", "--skip_damaged", action="store_true", help="leave damaged images out; else one ends it"
    )


def show(source: Source, square: Square, skip: bool) -> None:
    """Prepare one set behind a progress bar, and say what came of it."""
    with progress(source.name, len(source)) as tell:
        skipped = prepare(source, square, skip, tell)
    for reason in skipped.values():
        print(f"Left out: {reason}")
    print(f"{source.name}: {len(source) - len(skipped)} images of {square.resolution} pixels are prepared.")
