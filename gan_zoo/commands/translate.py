"""`gan-zoo translate`: translates image files with a trained run, or with several runs side by side."""

import sys
from pathlib import Path

from jaxtyping import Float
from PIL import Image as Pillow
from rich.progress import Progress
from torch import Tensor

from datamodules.names import visible
from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.commands import image_files
from gan_zoo.commands.sheet import sheet
from gan_zoo.commands.translate_options import Request, Translator, translators
from gan_zoo.errors import Mistake
from gan_zoo.memory import refuse_beyond
from gan_zoo.run.marks import is_our_image
from gan_zoo.run.outputs import refuse_loss

Image = Float[Tensor, "1 3 _ _"]
Sides = tuple[int, int]
"""Height and width in pixels."""

SHEET = "sheet.png"
"""Name of a sheet in the folder that `--out` names."""


def translate(
    runs: list[str],
    names: list[str],
    out: str,
    request: Request,
    size: int = 0,
    grid: bool = False,
    memory: float | None = None,
) -> int:
    """Write the translations of images: a file for each image, or one sheet. Return 0.

    A sheet has a row for each image, with a column for each run and each of its directions or labels. It is written if
    `grid` is set, if there are several runs, or if a run of labels is not told which label to give.

    Args:
        runs: Directories or files of runs.
        names: Image files, or folders of them.
        out: A file for one image or a sheet, else a folder for files of the same names.
        request: The direction or labels, for models that know several.
        size: Length in pixels to which the shorter side of the images is resized first; 0 keeps their size (on a sheet,
            the size that the model was trained with).
        grid: Whether to write a sheet even if it has a single column.
        memory: Gigabytes of memory that translating may take; None: what is available.

    Raises:
        Mistake: A run, an option or a file cannot be used, or there is too little memory.
    """
    bounded("--", at_least=0, size=size)
    bounded("--", above=0, memory=1.0 if memory is None else memory)
    files = image_files.find(names)
    columns = [(run, translator) for run in dict.fromkeys(runs) for translator in translators(run, request)]
    if grid or len(columns) > 1:
        several = len({run for run, _ in columns}) > 1
        side = size or columns[0][1].side
        for _, translator in columns:
            refuse_too_large(translator, {(side, side): files[0]}, memory)
        titles = [Path(run).stem if several else "" for run, _ in columns]
        write_sheet(files, [translator for _, translator in columns], titles, Path(out), side)
        return 0
    places = image_files.places([file.name for file in files], names, Path(out))
    refuse_loss(places, is_our_image, inputs=files)
    ((_, translator),) = columns
    refuse_too_large(translator, {image_files.sides(file, size): file for file in reversed(files)}, memory)
    write_files(files, places, translator, size)
    print(f"{len(files)} image(s) in {out}")
    return 0


def refuse_too_large(translator: Translator, files: dict[Sides, Path], memory: float | None) -> None:
    """Raise, before anything is translated, unless images of these sizes fit into memory.

    Args:
        translator: What translates them.
        files: A file of each height and width.
        memory: Gigabytes of memory that translating may take; None: what is available.

    Raises:
        Mistake: Names the file that does not fit.
    """
    for (height, width), file in files.items():
        try:
            needed = translator.memory(height, width)
        except Mistake as error:
            raise Mistake(f"{file}: {error}") from error
        instead = "choose a smaller --size, or say with --memory how many GB it may take"
        refuse_beyond(needed, memory, f"{file} at {width} x {height} pixels", instead)


def translated(translator: Translator, image: Image, number: int, file: Path) -> tuple[Image, str]:
    """Return the translation of an image, in three channels, and its title.

    Raises:
        Mistake: The image is too small; names the file.
    """
    try:
        result, title = translator(image, number)
    except Mistake as error:
        raise Mistake(f"{file}: {error}") from error
    return result.expand(-1, 3, -1, -1), title


def write_files(files: list[Path], places: list[Path], translator: Translator, size: int) -> None:
    """Write the translation of each of `files` to its place.

    Raises:
        Mistake: A file cannot be read, translated or written.
    """
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        for number, (file, place) in enumerate(bar.track(list(zip(files, places, strict=True)))):
            image = image_files.read(file, short=size)
            if (count := translator.tiles(*image.shape[2:])) > 1:
                bar.console.print(
                    f"{visible(file.name)}: {count} tiles, whose statistics are averaged; a smaller --size has one.",
                    markup=False,
                )
            result, _ = translated(translator, image, number, file)
            image_files.save(place, image_files.drawn(result))


def write_sheet(files: list[Path], translators: list[Translator], titles: list[str], out: Path, side: int) -> None:
    """Write a sheet with a row for each of `files`: the image, cut to a square, then its translations.

    Args:
        files: The images.
        translators: What translates them, one for each column.
        titles: Titles of the columns, which precede the titles of the translations; may be empty.
        out: An image file, or a folder.
        side: Side of each square, in pixels.

    Raises:
        Mistake: A file cannot be read, translated or written.
    """
    if out.suffix and not out.is_dir():
        image_files.refuse_other_kinds(out)
    else:
        out = out / SHEET
    refuse_loss([out], is_our_image, inputs=files)
    cells: list[Pillow.Image] = []
    captions: list[str] = []
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        for number, file in enumerate(bar.track(files)):
            image = square(image_files.read(file), side)
            results = [translated(translator, image, number, file) for translator in translators]
            cells += [image_files.drawn(cell) for cell in (image, *(result for result, _ in results))]
            captions.append(file.stem)
            captions += [f"{column} {title}".strip() for column, (_, title) in zip(titles, results, strict=True)]
    image_files.save(out, sheet(cells, captions, "", columns=1 + len(translators)))
    print(f"{len(files)} image(s), {len(translators)} translation(s) of each: {out}")


def square(image: Image, side: int) -> Image:
    """Return the largest square in the middle of an image, resized to `side` pixels a side."""
    return images.middle_at(image, (side, side))
