"""`gan-zoo translate`: image files through a run that translates, or through several, side by side."""

import sys
from pathlib import Path

from jaxtyping import Float
from PIL import Image as Pillow
from rich.progress import Progress
from torch import Tensor

from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.commands import image_files
from gan_zoo.commands.sheet import sheet
from gan_zoo.commands.translate_options import Asked, Way, ways
from gan_zoo.errors import Mistake
from gan_zoo.memory import refuse_beyond
from gan_zoo.run.marks import is_our_image
from gan_zoo.run.outputs import refuse_loss

Image = Float[Tensor, "1 3 _ _"]
Sides = tuple[int, int]
"""Height and width in pixels."""

SHEET = "sheet.png"
"""In a folder that `--out` names."""


def translate(
    runs: list[str],
    names: list[str],
    out: str,
    asked: Asked,
    size: int = 0,
    grid: bool = False,
    memory: float | None = None,
) -> int:
    """Write the translations of the images that `names` names: a file each, or one sheet of all.

    A sheet has an image a row, and then a column for each run and each way that it translates. It is what comes of
    several runs, and of a run of labels where none is asked for.

    Args:
        runs: directories or files of runs.
        names: image files, or folders of them.
        out: a file for one image or a sheet, else a folder that gets a file of the same name for each.
        asked: which way, for models that know several.
        size: the images' shorter side is brought to so many pixels first; 0: their own, on a sheet the model's.
        grid: a sheet, however few the columns.
        memory: gigabytes that translating may take; None: what is available.

    Raises:
        Mistake: a run, an option or a file that cannot be used, or more memory than there is.
    """
    bounded("--", at_least=0, size=size)
    bounded("--", above=0, memory=1.0 if memory is None else memory)
    files = image_files.find(names)
    found = {run: ways(run, asked) for run in dict.fromkeys(runs)}
    every = [(run, way) for run, some in found.items() for way in some]
    if grid or len(every) > 1:
        titles = [Path(run).stem if len(found) > 1 else "" for run, _ in every]
        side = size or every[0][1].side
        for _, way in every:
            refuse_too_large(way, {(side, side): files[0]}, memory)
        write_sheet(files, [way for _, way in every], titles, Path(out), side)
        return 0
    places = image_files.places([file.name for file in files], names, Path(out))
    refuse_loss(places, is_our_image, inputs=files)
    ((_, way),) = every
    refuse_too_large(way, {image_files.sides(file, size): file for file in reversed(files)}, memory)
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        for number, (file, place) in enumerate(bar.track(list(zip(files, places, strict=True)))):
            image = image_files.read(file, short=size)
            if (count := way.tiles(*image.shape[2:])) > 1:
                bar.console.print(
                    f"{file.name}: {count} tiles, whose statistics are averaged; a smaller --size has one."
                )
            result, _ = translated(way, image, number, file)
            image_files.save(place, image_files.drawn(result))
    print(f"{len(files)} image(s) in {out}")
    return 0


def refuse_too_large(way: Way, files: dict[Sides, Path], memory: float | None) -> None:
    """Stop before anything is translated unless images of these heights and widths can be, in the memory there is.

    Args:
        way: that they are translated.
        files: one of each height and width.
        memory: gigabytes that it may take; None: what is available.

    Raises:
        Mistake: names the file.
    """
    for (height, width), file in files.items():
        try:
            needed = way.memory(height, width)
        except Mistake as error:
            raise Mistake(f"{file}: {error}") from error
        instead = "choose a smaller --size, or say with --memory how many GB it may take"
        refuse_beyond(needed, memory, f"{file} at {width} x {height} pixels", instead)


def translated(way: Way, image: Image, number: int, file: Path) -> tuple[Image, str]:
    """The result in three channels, and what it is.

    Raises:
        Mistake: names the file that is too small.
    """
    try:
        result, title = way(image, number)
    except Mistake as error:
        raise Mistake(f"{file}: {error}") from error
    return result.expand(-1, 3, -1, -1), title


def write_sheet(files: list[Path], ways: list[Way], titles: list[str], out: Path, side: int) -> None:
    """A row for each of `files`, cut to squares: the image, then its translations.

    Args:
        files: the images.
        ways: a column each.
        titles: of the columns, before what a way says of its results; may be empty.
        out: an image file, or a folder.
        side: of each square, in pixels.

    Raises:
        Mistake: a file that cannot be read, translated or written.
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
            made = [translated(way, image, number, file) for way in ways]
            cells += [image_files.drawn(one) for one in (image, *(result for result, _ in made))]
            named = [" ".join(filter(None, (title, said))) for title, (_, said) in zip(titles, made, strict=True)]
            captions += [file.stem, *named]
    image_files.save(out, sheet(cells, captions, "", columns=1 + len(ways)))
    print(f"{len(files)} image(s), {len(ways)} translation(s) of each: {out}")


def square(image: Image, side: int) -> Image:
    """Return the largest square in the middle of an image, `side` pixels a side."""
    return images.middle_at(image, (side, side))
