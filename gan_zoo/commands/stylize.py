"""`gan-zoo stylize`: photographs painted as other pictures, by Gatys' pixels or by AdaIN's network."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from rich.progress import Progress
from torch import Tensor

from gan_zoo import images, memory
from gan_zoo.bounds import bounded
from gan_zoo.commands import image_files
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.memory import META
from gan_zoo.metrics import art
from gan_zoo.models.adain import AdaIN
from gan_zoo.models.gatys import Objective, gatys
from gan_zoo.models.gatys import memory as gatys_memory
from gan_zoo.perceptual import Features
from gan_zoo.run.marks import is_our_image
from gan_zoo.run.outputs import refuse_loss
from gan_zoo.training import loading

Image = Float[Tensor, "1 3 _ _"]
Paint = Callable[[Image, list[Image], Callable[[float], None]], Image]
"""(content, styles, told the share of the work done) -> result, all in [-1, 1]."""
Sides = tuple[int, int]
"""Height and width in pixels."""
SIZE, EVALUATIONS = 512, 500
"""Where nothing is said: pixels of an image's shorter side, and evaluations of the loss (gatys). Both papers' programs
bring every image to 512, the smaller ones too."""


OF_ONE = {
    "gatys": ("network", "style_weight", "evaluations"),
    "adain": ("run", "weights", "masks", "strength"),
}
"""Options that one method alone has."""


@dataclass(frozen=True)
class Options:
    """What `gan-zoo stylize` was asked for, but for the files. None: nothing was said."""

    method: str
    vgg_weights: str | None
    size: int
    keep_colour: bool
    scores: bool
    network: str | None
    style_weight: float | None
    evaluations: int | None
    run: str | None
    style_size: int | None
    weights: tuple[float, ...]
    masks: tuple[str, ...]
    strength: float | None
    memory: float | None
    allow_modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        (other,) = OF_ONE.keys() - {self.method}
        for name in OF_ONE[other]:
            if getattr(self, name) not in (None, ()):
                raise Mistake(f"--{name.replace('_', '-')} is for --method {other}: leave it out, or name that method.")
        bounded("--", at_least=0, size=self.size, style_size=self.style_size or 0, style_weight=self.style_weight or 0)
        bounded("--", at_least=1, evaluations=1 if self.evaluations is None else self.evaluations)
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise Mistake(f"--strength is {self.strength}: from 0, the content, to 1, the style.")
        bounded("--", above=0, memory=1.0 if self.memory is None else self.memory)


@dataclass(frozen=True)
class Painter:
    """One method, ready to paint."""

    paint: Paint
    memory: Callable[[Sides, list[Sides]], int]
    """(the content's sides, the styles') -> the bytes of tensors that painting takes."""
    features: Features
    style_size: int
    """What the styles' shorter side is read at; 0: their own."""


def stylize(contents: list[str], styles: list[str], out: str, options: Options) -> int:
    """Write each of `contents` painted in each of `styles`, or in the mixture of them that weights or masks ask for.

    Args:
        contents: image files, or folders of them, such as the frames of a video.
        styles: image files, or folders of them.
        out: a file where there is one result, else a folder. A result has its content's name; where there are several
            styles, `content_in_style` with the content's ending.

    Raises:
        Mistake: an option, a file or weights that cannot be used, or more memory than there is.
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
                task = bar.add_task(name, total=1.0)
                try:
                    result = painter.paint(content, style, lambda share, task=task: bar.update(task, completed=share))
                except NonFinite as error:
                    raise Mistake(f"{file}: {error}") from error
                if options.keep_colour:
                    result = images.with_colours_of(result, content)
                image_files.save(place, image_files.drawn(result))
                if options.scores:
                    bar.console.print(f"{name}: {scored(painter.features, result, content, style)}")
                bar.remove_task(task)
    print(f"{len(places)} image(s) in {out}")
    return 0


def result_name(content: Path, styles: list[Path], groups: int) -> str:
    """Return the file name of `content` in `styles`, one of so many `groups` that it is painted in."""
    return content.name if groups == 1 else f"{content.stem}_in_{styles[0].stem}{content.suffix}"


def refuse_too_large(files: list[Path], groups: list[list[Path]], painter: Painter, options: Options) -> None:
    """Stop before anything is painted unless all of it fits into memory.

    Raises:
        Mistake: Names the first content that does not.
    """
    known: dict[tuple[Sides, tuple[Sides, ...]], int] = {}
    styles = [tuple(image_files.sides(paint, painter.style_size) for paint in group) for group in groups]
    for file in files:
        content = image_files.sides(file, options.size)
        for group in styles:
            if (content, group) not in known:
                known[content, group] = painter.memory(content, list(group))
            memory.refuse_beyond(
                known[content, group],
                options.memory,
                f"{file} at {content[1]} x {content[0]} pixels",
                "choose a smaller --size or --style-size, or say with --memory how many GB it may take",
            )


def scored(features: Features, result: Image, content: Image, styles: list[Image]) -> str:
    """The distances before and after, in words."""
    before, after, *wanted = look(features, [content, result, *styles])
    pairs = [(art.style_distance(before, one), art.style_distance(after, one)) for one in wanted]
    shares = ", ".join(f"{old:.3g} to {new:.3g}" for old, new in pairs)
    return f"style distance {shares}; content distance 0 to {art.content_distance(after, before):.3g}"


@torch.no_grad()
def look(features: Features, seen: list[Image]) -> list[dict[str, Tensor]]:
    """Return what `features` finds in each of the images `seen`."""
    return [features(image) for image in seen]


def make_painter(options: Options) -> Painter:
    """Return the method that was asked for.

    Raises:
        Mistake: nothing to load.
    """
    painter = _gatys(options) if options.method == "gatys" else _adain(options)
    if not options.scores:
        return painter
    network = memory.on_meta(painter.features)

    def most(content: Sides, styles: list[Sides]) -> int:
        shapes = [content, content, *styles]
        looking = memory.peak(lambda: look(network, [torch.empty(1, 3, *sides, device=META) for sides in shapes]))
        return max(painter.memory(content, styles), looking)

    return replace(painter, memory=most)


def _adain(options: Options) -> Painter:
    if options.run is None:
        raise Mistake("--method adain needs --run: the directory of a trained run of AdaIN.")
    changed = {"vgg_weights": options.vgg_weights} if options.vgg_weights else {}
    model = loading.load(options.run, changed, options.allow_modules)
    if not isinstance(model, AdaIN):
        raise Mistake(f"{options.run} is a run of {type(model).__name__}: --method adain needs one of AdaIN.")

    strength = 1.0 if options.strength is None else options.strength

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        return model.stylize(content, styles, options.weights, _masks(options.masks, content), strength)

    def most(content: Sides, styles: list[Sides]) -> int:
        network = memory.on_meta(model)

        def work() -> None:
            scene, *seen = (torch.empty(1, 3, *sides, device=META) for sides in (content, *styles))
            masks = torch.empty(len(options.masks), *content, device=META) if options.masks else None
            network.stylize(scene, seen, options.weights, masks, strength)

        return memory.peak(work)

    return Painter(paint, most, model.encoder, SIZE if options.style_size is None else options.style_size)


def _gatys(options: Options) -> Painter:
    objective = Objective() if options.style_weight is None else Objective(style_weight=options.style_weight)
    network = options.network or "vgg19"
    features = Features(objective.taps, network, options.vgg_weights)  # pyright: ignore[reportArgumentType]
    count = EVALUATIONS if options.evaluations is None else options.evaluations

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        made = itertools.count(1)
        result = gatys(
            content,
            styles[0],
            features,
            objective=objective,
            sizes=(min(content.shape[2:]),),
            evaluations=(count,),
            style_size=options.style_size,
            progress=lambda _: done(next(made) / count),
        )
        return result.image

    def most(content: Sides, styles: list[Sides]) -> int:
        short = min(content) if options.style_size is None else options.style_size
        style = images.resized_sides(*styles[0], short) if short else styles[0]
        return gatys_memory(content, style, features, objective, count)

    return Painter(paint, most, features, 0)  # gatys brings a style to the size that it is seen at


def _masks(files: tuple[str, ...], content: Image) -> Float[Tensor, "k h w"] | None:
    """Grey images as shares in [0, 1] at the content's size; None where there are none."""
    if not files:
        return None
    read = [image_files.read(file) for file in image_files.find(list(files))]
    shares = [images.to_size(mask, content.shape[2:])[0].mean(0) for mask in read]
    return torch.stack(shares).add(1).div(2)
