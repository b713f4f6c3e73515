"""`gan-zoo stylize`: photographs painted as other pictures, by Gatys' pixels or by AdaIN's network."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from rich.progress import Progress
from torch import Tensor

from gan_zoo import images, loading, pictures
from gan_zoo.errors import Mistake, NonFinite, bounded
from gan_zoo.metrics import art
from gan_zoo.models.adain import AdaIN
from gan_zoo.models.gatys import Objective, gatys
from gan_zoo.perceptual import Features

Image = Float[Tensor, "1 3 _ _"]
Paint = Callable[[Image, list[Image], Callable[[float], None]], Image]
"""(content, styles, told the share of the work done) -> result, all in [-1, 1]."""


@dataclass(frozen=True)
class Options:
    """What `gan-zoo stylize` was asked for, but for the files."""

    method: str
    run: str | None
    network: str
    vgg_weights: str | None
    size: int
    style_size: int
    weights: tuple[float, ...]
    masks: tuple[str, ...]
    strength: float
    keep_colour: bool
    style_weight: float
    evaluations: int
    scores: bool


def stylize(contents: list[str], styles: list[str], out: str, options: Options) -> int:
    """Write each of `contents`, files or folders, painted in all of `styles` at once.

    Args:
        contents: image files, or folders of them, such as the frames of a video.
        styles: image files; several are mixed.
        out: a file where there is one content, else a folder that gets a file of the same name for each.

    Raises:
        Mistake: an option, a file or weights that cannot be used.
    """
    bounded("--", at_least=0, size=options.size, style_size=options.style_size, style_weight=options.style_weight)
    bounded("--", at_least=1, evaluations=options.evaluations)
    if not 0 <= options.strength <= 1:
        raise Mistake(f"--strength is {options.strength}: from 0, the content, to 1, the style.")
    files = pictures.find(contents)
    places = pictures.places(files, contents, Path(out))
    painted = [pictures.read(file, short=options.style_size) for file in pictures.find(styles)]
    paint, features = painter(options)
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        for file, place in zip(files, places, strict=True):
            task = bar.add_task(file.name, total=1.0)
            content = pictures.read(file, short=options.size)
            try:
                result = paint(content, painted, lambda share, task=task: bar.update(task, completed=share))
            except NonFinite as error:
                raise Mistake(f"{file}: {error}") from error
            if options.keep_colour:
                result = images.with_colours_of(result, content)
            pictures.save(place, pictures.drawn(result))
            if options.scores:
                bar.console.print(f"{file.name}: {scored(features, result, content, painted)}")
            bar.remove_task(task)
    print(f"{len(files)} image(s) in {out}")
    return 0


def scored(features: Features, result: Image, content: Image, styles: list[Image]) -> str:
    """The distances before and after, in words."""
    with torch.no_grad():
        before, after, wanted = features(content), features(result), [features(style) for style in styles]
    pairs = [(art.style_distance(before, one), art.style_distance(after, one)) for one in wanted]
    shares = ", ".join(f"{old:.3g} to {new:.3g}" for old, new in pairs)
    return f"style distance {shares}; content distance 0 to {art.content_distance(after, before):.3g}"


def painter(options: Options) -> tuple[Paint, Features]:
    """The method that was asked for, and its network.

    Raises:
        Mistake: options of the one method given to the other, or nothing to load.
    """
    if options.method == "gatys":
        return _gatys(options)
    if options.run is None:
        raise Mistake("--method adain needs --run: the directory of a trained run of AdaIN.")
    model = loading.load(options.run, changed={"vgg_weights": options.vgg_weights} if options.vgg_weights else {})
    if not isinstance(model, AdaIN):
        raise Mistake(f"{options.run} is a run of {type(model).__name__}: --method adain needs one of AdaIN.")

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        return model.stylize(content, styles, options.weights, _masks(options.masks, content), options.strength)

    return paint, model.encoder


def _gatys(options: Options) -> tuple[Paint, Features]:
    adains = {"weights": options.weights, "masks": options.masks, "run": options.run, "strength": options.strength < 1}
    for name, given in adains.items():
        if given:
            raise Mistake(f"--{name} is for --method adain: gatys paints in one style, with no run.")
    objective = Objective(style_weight=options.style_weight)
    features = Features(objective.taps, options.network, options.vgg_weights)  # pyright: ignore[reportArgumentType]

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        if len(styles) > 1:
            raise Mistake(f"--style names {len(styles)} images: gatys paints in one; --method adain mixes several.")
        count, made = options.evaluations, itertools.count(1)
        result = gatys(
            content,
            styles[0],
            features,
            objective=objective,
            sizes=(min(content.shape[2:]),),
            evaluations=(count,),
            progress=lambda _: done(next(made) / count),
        )
        return result.image

    return paint, features


def _masks(files: tuple[str, ...], content: Image) -> Float[Tensor, "k h w"] | None:
    """Grey images as shares in [0, 1] at the content's size; None where there are none."""
    if not files:
        return None
    shares = [images.to_size(pictures.read(Path(file)), content.shape[2:])[0].mean(0) for file in files]
    return torch.stack(shares).add(1).div(2)
