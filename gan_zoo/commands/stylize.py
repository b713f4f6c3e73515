"""`gan-zoo stylize`: paints photographs in the style of other pictures."""

import sys
from pathlib import Path

from rich.markup import escape
from rich.progress import Progress

from datamodules.names import visible
from gan_zoo import images, memory
from gan_zoo.commands import image_files
from gan_zoo.commands.painters import Image, Options, Painter, Sides, look, make_painter
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.metrics import art
from gan_zoo.perceptual import Features
from gan_zoo.run.marks import is_our_image
from gan_zoo.run.outputs import refuse_loss


def stylize(contents: list[str], styles: list[str], out: str, options: Options) -> int:
    """Paint each of `contents` in each of `styles`, or in their mixture if weights or masks are given. Return 0.

    Args:
        contents: Image files, or folders of them, such as the frames of a video.
        styles: Image files, or folders of them.
        out: A file for a single result, else a folder. A result has the name of its content, and if there are several
            styles, `content_in_style` with the content's ending.
        options: The method and its settings.

    Raises:
        Mistake: An option, a file or weights cannot be used, or there is too little memory.
    """
    files, paints = image_files.find(contents), image_files.find(styles)
    groups = [paints] if options.weights or options.masks else [[paint] for paint in paints]
    names = [result_name(file, group, len(groups)) for file in files for group in groups]
    places = image_files.places(names, contents, Path(out))
    refuse_loss(places, is_our_image, inputs=[*files, *paints, *image_files.find(list(options.masks))])
    painter = make_painter(options)
    refuse_too_large(files, groups, painter, options)
    styled = [[image_files.read(paint, short=painter.style_size) for paint in group] for group in groups]
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        results = iter(zip(names, places, strict=True))
        for file in files:
            content = image_files.read(file, short=options.size)
            for style in styled:
                name, place = next(results)
                task = bar.add_task(escape(visible(name)), total=1.0)
                try:
                    result = painter.paint(content, style, lambda share, task=task: bar.update(task, completed=share))
                except NonFinite as error:
                    raise Mistake(f"{file}: {error}") from error
                if options.keep_colour:
                    result = images.with_colours_of(result, content)
                image_files.save(place, image_files.drawn(result))
                if options.scores:
                    scores = scored(painter.features, result, content, style)
                    bar.console.print(f"{visible(name)}: {scores}", markup=False)
                bar.remove_task(task)
    print(f"{len(places)} image(s) in {out}")
    return 0


def result_name(content: Path, styles: list[Path], groups: int) -> str:
    """Return the file name of a result.

    Args:
        content: File of the content.
        styles: Files of the styles of the result.
        groups: Number of results that the content has.
    """
    return content.name if groups == 1 else f"{content.stem}_in_{styles[0].stem}{content.suffix}"


def refuse_too_large(files: list[Path], groups: list[list[Path]], painter: Painter, options: Options) -> None:
    """Raise, before anything is painted, unless all of it fits into memory.

    Raises:
        Mistake: Names the first content that does not fit.
    """
    needed: dict[tuple[Sides, tuple[Sides, ...]], int] = {}
    styles = [tuple(image_files.sides(paint, painter.style_size) for paint in group) for group in groups]
    for file in files:
        content = image_files.sides(file, options.size)
        for group in styles:
            if (content, group) not in needed:
                needed[content, group] = painter.memory(content, list(group))
            memory.refuse_beyond(
                needed[content, group],
                options.memory,
                f"{file} at {content[1]} x {content[0]} pixels",
                "choose a smaller --size or --style-size, or say with --memory how many GB it may take",
            )


def scored(features: Features, result: Image, content: Image, styles: list[Image]) -> str:
    """Return the distances of the content and of the result from the styles and the content, as text."""
    before, after, *targets = look(features, [content, result, *styles])
    pairs = [(art.style_distance(before, target), art.style_distance(after, target)) for target in targets]
    shares = ", ".join(f"{old:.3g} to {new:.3g}" for old, new in pairs)
    return f"style distance {shares}; content distance 0 to {art.content_distance(after, before):.3g}"
