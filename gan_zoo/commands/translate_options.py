"""The ways in which a run translates, as a user asks for them: a direction, a class, or attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from gan_zoo import images, memory, tiles
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.memory import META
from gan_zoo.models.stargan import StarGAN
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run
from gan_zoo.training import loading
from gan_zoo.translation.routes import Translating

Image = Float[Tensor, "1 _ _ _"]
Titled = tuple[Image, str]

TAKEN = "not_"
"""Before an attribute that is taken."""


@dataclass(frozen=True)
class Asked:
    """What the user asked for; empty: nothing."""

    to: tuple[str, ...] = ()
    """Attributes that images are to have, or not to have."""
    domain: str = ""
    """The class that they are to be of."""
    direction: str = ""
    """`a2b` or `b2a`."""
    seed: int = 0
    """Of what the model draws."""
    allow_modules: tuple[str, ...] = ()
    """Modules beside ours that a run may name."""


@dataclass(frozen=True)
class Way:
    """One way in which a model translates."""

    side: int
    """Of the images that it was trained on, in pixels; the shorter one."""
    channels: int
    """Of what it takes."""
    stride: int
    follow: Callable[[Image, int], Titled]
    """(image, its number) -> the result, and what it is called; sides are multiples of `stride`."""
    model: Translating
    """What `follow` goes through."""

    def __call__(self, image: Image, number: int) -> Titled:
        """`image`, in [-1, 1], translated at its own size whatever that is.

        Raises:
            Mistake: it is too small.
        """
        height, width = image.shape[2:]
        self.refuse_small(height, width)
        image = images.grey(image) if self.channels == 1 else image
        padding = (0, -width % self.stride, 0, -height % self.stride)
        result, title = self.follow(F.pad(image, padding, mode="reflect"), number)
        return result[:, :, :height, :width], title

    def refuse_small(self, height: int, width: int) -> None:
        """Stop where an image is too small.

        Raises:
            Mistake: says how large it must be.
        """
        least = self.stride // 2 + 1
        if min(height, width) < least:
            raise Mistake(f"{width} x {height} pixels are too few: at least {least} a side; --size enlarges images.")

    def padded(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width at which an image of `height` and `width` is translated."""
        return height + -height % self.stride, width + -width % self.stride

    def tiles(self, height: int, width: int) -> int:
        """Return the number of tiles in which an image of this height and width is translated."""
        return len(tiles.cut(*self.padded(height, width), self.stride))

    def memory(self, height: int, width: int) -> int:
        """Return the bytes of tensors that translating an image of this height and width takes.

        Raises:
            Mistake: it is too small.
        """
        self.refuse_small(height, width)
        assert isinstance(self.model, GenerativeModule)
        model = memory.on_meta(self.model)
        assert isinstance(model, Translating)
        route = model.routes[0]

        def work() -> None:
            image = torch.empty(1, self.channels, *self.padded(height, width), device=META)
            if isinstance(model, StarGAN):  # not `follow`: a model of its generator alone cannot read labels
                model.translate(image, torch.zeros(1, len(model.known.names), device=META))
            else:
                model.follow(route, {route.source: image})

        return memory.peak(work)


def ways(run: str, asked: Asked) -> list[Way]:
    """How the model of `run`, a directory or a file, translates: as asked, or in all its ways.

    Raises:
        Mistake: nothing to load, a model that does not translate, or one of another kind than what was asked for.
    """
    model = loading.load(run, allow_modules=asked.allow_modules)
    if not isinstance(model, Translating):
        kind = type(model).__name__
        raise Mistake(f"{run} is a run of {kind}, which translates no images: gan-zoo sample, or stylize, takes it.")
    if isinstance(model, StarGAN):
        return [way(model, follow) for follow in labelled(whole(run, model, asked), run, asked)]
    known = {route.name: route for route in model.routes}
    if asked.to or asked.domain:
        option = "--to" if asked.to else "--domain"
        raise Mistake(f"{option} is for runs of StarGAN: {run}, of {type(model).__name__}, goes {' or '.join(known)}.")
    if asked.direction and asked.direction not in known:
        near = closest(asked.direction, known)
        raise Mistake(f"--direction is {asked.direction}{near}: {run} was trained to go {' or '.join(known)}.")
    route = known[asked.direction or next(iter(known))]

    def follow(image: Image, number: int) -> Titled:
        return model.follow(route, {route.source: image}, asked.seed, number), route.name

    return [way(model, follow)]


def way(model: GenerativeModule, follow: Callable[[Image, int], Titled]) -> Way:
    assert isinstance(model, Translating)
    channels, *sides = model.hparams["image_shape"]
    return Way(min(sides), channels, model.stride, follow, model)


def whole(run: str, model: StarGAN, asked: Asked) -> StarGAN:
    """The model with its discriminator, where labels are to be read of images.

    Raises:
        Mistake: a file that has none.
    """
    path = Path(run)
    if not model.reads_labels or model.has_discriminator:
        return model
    if not path.is_dir():
        raise Mistake(
            f"{run} holds the generator alone, and the attributes that stay as they are are read by the discriminator: "
            "name the run's directory, or its checkpoints/last.ckpt."
        )
    found = loading.load(Run(path).last, allow_modules=asked.allow_modules)
    assert isinstance(found, StarGAN)
    return found


def labelled(model: StarGAN, run: str, asked: Asked) -> list[Callable[[Image, int], Titled]]:
    """To the labels asked for, or to each by itself.

    Raises:
        Mistake: labels that the run does not know, or do not go together.
    """
    if asked.direction:
        raise Mistake(f"--direction is for CycleGAN and pix2pix: {run}, of StarGAN, takes --to or --domain.")
    if asked.to and asked.domain:
        raise Mistake("--to and --domain are asked for: attributes, or a class.")
    labels = model.known
    if asked.to or asked.domain:
        names = asked.to or (asked.domain,)
        check(model, names, "attributes" if asked.to else "classes")
        return [lambda image, _: given(model, image, names)]

    def each(name: str) -> Callable[[Image, int], Titled]:
        return lambda image, _: given(model, image, (changed(model, image, name),))

    return [each(name) for name in labels.names]


def check(model: StarGAN, names: tuple[str, ...], kind: str) -> None:
    """Stop unless `names` are labels of one set of this kind, and those to be given do not exclude each other.

    Raises:
        Mistake: says what there is.
    """
    bare = [name.removeprefix(TAKEN) for name in names] if kind == "attributes" else list(names)
    if twice := next((name for name in bare if bare.count(name) > 1), None):
        raise Mistake(f"{twice} is asked for twice: give it, or take it, once.")
    domain = model.known.one_set(bare)
    if to_give := [name for name in names if name in bare]:
        model.known.asked(to_give)
    if (own := model.known.kinds[domain]) != kind:
        option = {"classes": "--domain", "attributes": "--to"}[own]
        raise Mistake(f"{names[0]} is one of the run's {own}: say {option} {names[0]}.")


def changed(model: StarGAN, image: Image, name: str) -> str:
    """What to ask for, to see the label `name`: it, or that it is taken, where the image has it."""
    labels = model.known
    place = labels.place(name)
    return f"{TAKEN}{name}" if labels.is_flipped(place) and model.read(image)[0, place] > 0 else name


def given(model: StarGAN, image: Image, names: tuple[str, ...]) -> Titled:
    """Translate `image` to have the labels `names`, or not to have them, and its other attributes as they are."""
    labels = model.known
    values = {labels.place(name.removeprefix(TAKEN)): not name.startswith(TAKEN) for name in names}
    return model.changed(image, values, labels.domain(min(values))), ", ".join(names)
