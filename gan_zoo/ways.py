"""The ways in which a run translates, as a user asks for them: a direction, a class, or attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from gan_zoo import images, loading
from gan_zoo.errors import Mistake
from gan_zoo.models.stargan import StarGAN
from gan_zoo.module import GenerativeModule
from gan_zoo.naming import closest
from gan_zoo.run import Run
from gan_zoo.translation import Translating

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

    def __call__(self, image: Image, number: int) -> Titled:
        """`image`, in [-1, 1], translated at its own size whatever that is.

        Raises:
            Mistake: it is too small.
        """
        height, width = image.shape[2:]
        least = self.stride // 2 + 1
        if min(height, width) < least:
            raise Mistake(f"{width} x {height} pixels are too few: at least {least} a side; --size enlarges images.")
        image = images.grey(image) if self.channels == 1 else image
        padding = (0, -width % self.stride, 0, -height % self.stride)
        result, title = self.follow(F.pad(image, padding, mode="reflect"), number)
        return result[:, :, :height, :width], title


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
    return Way(min(sides), channels, model.stride, follow)


def whole(run: str, model: StarGAN, asked: Asked) -> StarGAN:
    """The model with its discriminator, where labels are to be read of images.

    Raises:
        Mistake: a file that has none.
    """
    path = Path(run)
    if "attributes" not in model.known.kinds or path.suffix == ".ckpt":
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
    return f"{TAKEN}{name}" if not labels.excluded(place) and read(model, image)[0, place] > 0 else name


def read(model: StarGAN, image: Image) -> Tensor:
    """The labels of `image`; zeros, where classes are all that there is."""
    if "attributes" in model.known.kinds:
        return model.read(image)
    return torch.zeros(1, len(model.known.names))


def given(model: StarGAN, image: Image, names: tuple[str, ...]) -> Titled:
    """`image` with the labels `names` given or taken, and its other attributes as they are."""
    labels, label = model.known, read(model, image)
    for name in names:
        label = labels.given(label, labels.place(name.removeprefix(TAKEN)), not name.startswith(TAKEN))
    domain = labels.domain(labels.place(names[0].removeprefix(TAKEN)))
    return model.translate(image, label, domain), ", ".join(names)
