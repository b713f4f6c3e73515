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
STYLE_SIZE, EVALUATIONS = 512, 500
"""Where nothing is said: pixels of a style's shorter side (adain), evaluations of the loss (gatys)."""


OF_ONE = {
    "gatys": ("network", "style_weight", "evaluations"),
    "adain": ("run", "style_size", "weights", "masks", "strength"),
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


def stylize(contents: list[str], styles: list[str], out: str, options: Options) -> int:
    """Write each of `contents`, files or folders, painted in all of `styles` at once.

    Args:
        contents: image files, or folders of them, such as the frames of a video.
        styles: image files; several are mixed.
        out: a file where there is one content, else a folder that gets a file of the same name for each.

    Raises:
        Mistake: an option, a file or weights that cannot be used.
    """
    files = pictures.find(contents)
    places = pictures.places(files, contents, Path(out))
    paint, features, short = painter(options)
    painted = [pictures.read(file, short=short) for file in pictures.find(styles)]
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


def painter(options: Options) -> tuple[Paint, Features, int]:
    """The method that was asked for, its network, and the shorter side that styles are read at; 0: their own.

    Raises:
        Mistake: nothing to load.
    """
    if options.method == "gatys":
        return _gatys(options)
    if options.run is None:
        raise Mistake("--method adain needs --run: the directory of a trained run of AdaIN.")
    changed = {"vgg_weights": options.vgg_weights} if options.vgg_weights else {}
    model = loading.load(options.run, changed, options.allow_modules)
    if not isinstance(model, AdaIN):
        raise Mistake(f"{options.run} is a run of {type(model).__name__}: --method adain needs one of AdaIN.")

    strength = 1.0 if options.strength is None else options.strength

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        return model.stylize(content, styles, options.weights, _masks(options.masks, content), strength)

    return paint, model.encoder, STYLE_SIZE if options.style_size is None else options.style_size


def _gatys(options: Options) -> tuple[Paint, Features, int]:
    objective = Objective() if options.style_weight is None else Objective(style_weight=options.style_weight)
    network = options.network or "vgg19"
    features = Features(objective.taps, network, options.vgg_weights)  # pyright: ignore[reportArgumentType]

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        if len(styles) > 1:
            raise Mistake(f"--style names {len(styles)} images: gatys paints in one; --method adain mixes several.")
        count, made = EVALUATIONS if options.evaluations is None else options.evaluations, itertools.count(1)
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

    return paint, features, 0  # gatys brings a style to the size that is worked at


def _masks(files: tuple[str, ...], content: Image) -> Float[Tensor, "k h w"] | None:
    """Grey images as shares in [0, 1] at the content's size; None where there are none."""
    if not files:
        return None
    read = [pictures.read(file) for file in pictures.find(list(files))]
    shares = [images.to_size(mask, content.shape[2:])[0].mean(0) for mask in read]
    return torch.stack(shares).add(1).div(2)
