"""The two methods of `gan-zoo stylize`: Gatys optimises the pixels of an image, AdaIN uses a trained network."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo import images, memory
from gan_zoo.bounds import bounded
from gan_zoo.commands import image_files
from gan_zoo.errors import Mistake
from gan_zoo.memory import META
from gan_zoo.models.adain import AdaIN
from gan_zoo.models.gatys import Objective, gatys
from gan_zoo.models.gatys import memory as gatys_memory
from gan_zoo.perceptual import Features
from gan_zoo.training import loading

Image = Float[Tensor, "1 3 _ _"]
Paint = Callable[[Image, list[Image], Callable[[float], None]], Image]
"""Returns the result from the content, the styles, and a function that is called with the share of the work done."""
Sides = tuple[int, int]
"""Height and width in pixels."""
SIZE, EVALUATIONS = 512, 500
"""Defaults: the shorter side of an image in pixels, and the number of evaluations of the loss (gatys).

The programs of both papers resize every image to 512, even if it is smaller.
"""

OF_ONE_METHOD = {
    "gatys": ("network", "style_weight", "evaluations"),
    "adain": ("run", "weights", "masks", "strength"),
}
"""Options that only one method has."""


@dataclass(frozen=True)
class Options:
    """The options of `gan-zoo stylize`, except for the files. None means that the user did not set an option."""

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
        (other,) = OF_ONE_METHOD.keys() - {self.method}
        for name in OF_ONE_METHOD[other]:
            if getattr(self, name) not in (None, ()):
                raise Mistake(f"--{name.replace('_', '-')} is for --method {other}: leave it out, or name that method.")
        bounded("--", at_least=0, size=self.size, style_size=self.style_size or 0, style_weight=self.style_weight or 0)
        bounded("--", at_least=1, evaluations=1 if self.evaluations is None else self.evaluations)
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise Mistake(f"--strength is {self.strength}: from 0, the content, to 1, the style.")
        bounded("--", above=0, memory=1.0 if self.memory is None else self.memory)


@dataclass(frozen=True)
class Painter:
    """A method with its networks loaded."""

    paint: Paint
    memory: Callable[[Sides, list[Sides]], int]
    """Returns the bytes of tensors that painting takes, from the sides of the content and of the styles."""
    features: Features
    """The network whose features the scores compare."""
    style_size: int
    """Length in pixels to which the shorter side of styles is resized when they are read; 0 keeps their size."""


def make_painter(options: Options) -> Painter:
    """Return the method that `options` name.

    Raises:
        Mistake: Its network cannot be loaded.
    """
    painter = _gatys(options) if options.method == "gatys" else _adain(options)
    if not options.scores:
        return painter
    network = memory.on_meta(painter.features)

    def needed(content: Sides, styles: list[Sides]) -> int:
        shapes = [content, content, *styles]
        scoring = memory.peak(lambda: look(network, [torch.empty(1, 3, *sides, device=META) for sides in shapes]))
        return max(painter.memory(content, styles), scoring)

    return replace(painter, memory=needed)


@torch.no_grad()
def look(features: Features, pictures: list[Image]) -> list[dict[str, Tensor]]:
    """Return the features of each of `pictures`."""
    return [features(picture) for picture in pictures]


def _adain(options: Options) -> Painter:
    if options.run is None:
        raise Mistake("--method adain needs --run: the directory of a trained run of AdaIN.")
    overrides = {"vgg_weights": options.vgg_weights} if options.vgg_weights else {}
    model = loading.load(options.run, overrides, options.allow_modules)
    if not isinstance(model, AdaIN):
        raise Mistake(f"{options.run} is a run of {type(model).__name__}: --method adain needs one of AdaIN.")
    strength = 1.0 if options.strength is None else options.strength

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        return model.stylize(content, styles, options.weights, _masks(options.masks, content), strength)

    def needed(content: Sides, styles: list[Sides]) -> int:
        network = memory.on_meta(model)

        def work() -> None:
            scene, *pictures = (torch.empty(1, 3, *sides, device=META) for sides in (content, *styles))
            masks = torch.empty(len(options.masks), *content, device=META) if options.masks else None
            network.stylize(scene, pictures, options.weights, masks, strength)

        return memory.peak(work)

    return Painter(paint, needed, model.encoder, SIZE if options.style_size is None else options.style_size)


def _gatys(options: Options) -> Painter:
    objective = Objective() if options.style_weight is None else Objective(style_weight=options.style_weight)
    network = options.network or "vgg19"
    features = Features(objective.taps, network, options.vgg_weights)  # pyright: ignore[reportArgumentType]
    count = EVALUATIONS if options.evaluations is None else options.evaluations

    def paint(content: Image, styles: list[Image], done: Callable[[float], None]) -> Image:
        evaluation = itertools.count(1)
        result = gatys(
            content,
            styles[0],
            features,
            objective=objective,
            sizes=(min(content.shape[2:]),),
            evaluations=(count,),
            style_size=options.style_size,
            progress=lambda _: done(next(evaluation) / count),
        )
        return result.image

    def needed(content: Sides, styles: list[Sides]) -> int:
        short = min(content) if options.style_size is None else options.style_size
        style = images.resized_sides(*styles[0], short) if short else styles[0]
        return gatys_memory(content, style, features, objective, count)

    return Painter(paint, needed, features, 0)  # `gatys` itself resizes the style


def _masks(files: tuple[str, ...], content: Image) -> Float[Tensor, "k h w"] | None:
    """Read grey images as shares in [0, 1], at the size of the content; None if there are no files."""
    if not files:
        return None
    masks = [image_files.read(file) for file in image_files.find(list(files))]
    shares = [images.to_size(mask, content.shape[2:])[0].mean(0) for mask in masks]
    return torch.stack(shares).add(1).div(2)
