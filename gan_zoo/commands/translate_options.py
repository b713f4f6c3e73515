"""Translates images as the user requests: by direction, class or attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan_zoo.editing.translator import Image as Image
from gan_zoo.editing.translator import Titled as Titled
from gan_zoo.editing.translator import Translator as Translator
from gan_zoo.editing.translator import translator
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.models.stargan import StarGAN
from gan_zoo.run.directory import Run
from gan_zoo.training import loading
from gan_zoo.translation.routes import Translating

NOT = "not_"
"""Prefix of an attribute that the images shall not have."""


@dataclass(frozen=True)
class Request:
    """The translation that the user requests. Empty values leave the choice to the run."""

    to: tuple[str, ...] = ()
    """Attributes to give, or to remove if they begin with `not_`."""
    domain: str = ""
    """Class to translate to."""
    direction: str = ""
    """`a2b` or `b2a`."""
    seed: int = 0
    """Seed of the model's random draws."""
    allow_modules: tuple[str, ...] = ()
    """Modules beside ours that a run may name."""


def translators(run: str, request: Request) -> list[Translator]:
    """Return what translates with the run in the directory or file `run`: as requested, else by each of its labels.

    Raises:
        Mistake: The run cannot be loaded, does not translate, or cannot translate as requested.
    """
    model = loading.load(run, allow_modules=request.allow_modules)
    if not isinstance(model, Translating):
        kind = type(model).__name__
        raise Mistake(f"{run} is a run of {kind}, which translates no images: gan-zoo sample, or stylize, takes it.")
    if isinstance(model, StarGAN):
        return [translator(model, follow) for follow in labelled(whole(run, model, request), run, request)]
    known = {route.name: route for route in model.routes}
    if request.to or request.domain:
        option = "--to" if request.to else "--domain"
        raise Mistake(f"{option} is for runs of StarGAN: {run}, of {type(model).__name__}, goes {' or '.join(known)}.")
    if request.direction and request.direction not in known:
        near = closest(request.direction, known)
        raise Mistake(f"--direction is {request.direction}{near}: {run} was trained to go {' or '.join(known)}.")
    route = known[request.direction or next(iter(known))]

    def follow(image: Image, number: int) -> Titled:
        return model.follow(route, {route.source: image}, request.seed, number), route.name

    return [translator(model, follow)]


def whole(run: str, model: StarGAN, request: Request) -> StarGAN:
    """Return the model with its discriminator if it must read the labels of images, else `model`.

    Raises:
        Mistake: The run is a file without a discriminator.
    """
    path = Path(run)
    if not model.reads_labels or model.has_discriminator:
        return model
    if not path.is_dir():
        raise Mistake(
            f"{run} holds only the generator, but the discriminator must read the attributes that stay as they are: "
            "name the run's directory, or its checkpoints/last.ckpt."
        )
    complete = loading.load(Run(path).last, allow_modules=request.allow_modules)
    assert isinstance(complete, StarGAN)
    return complete


def labelled(model: StarGAN, run: str, request: Request) -> list[Callable[[Image, int], Titled]]:
    """Return functions that translate to the requested labels, or one function for each label if none is requested.

    Raises:
        Mistake: The run does not know the labels, or they exclude each other.
    """
    if request.direction:
        raise Mistake(f"--direction is for CycleGAN and pix2pix: {run}, of StarGAN, takes --to or --domain.")
    if request.to and request.domain:
        raise Mistake("--to and --domain cannot both be given: name attributes, or a class.")
    if request.to or request.domain:
        names = request.to or (request.domain,)
        check(model, names, "attributes" if request.to else "classes")
        return [lambda image, _: relabelled(model, image, names)]

    def each(name: str) -> Callable[[Image, int], Titled]:
        return lambda image, _: relabelled(model, image, (changed(model, image, name),))

    return [each(name) for name in model.known.names]


def check(model: StarGAN, names: tuple[str, ...], kind: str) -> None:
    """Raise unless `names` are labels of one set, "attributes" or "classes" as `kind` says, that can be combined.

    Raises:
        Mistake: Says which labels there are.
    """
    bare = [name.removeprefix(NOT) for name in names] if kind == "attributes" else list(names)
    if twice := next((name for name in bare if bare.count(name) > 1), None):
        raise Mistake(f"{twice} is named twice: name it once, to give it or to remove it.")
    domain = model.known.one_set(bare)
    if to_give := [name for name in names if name in bare]:
        model.known.asked(to_give)
    if (own := model.known.kinds[domain]) != kind:
        option = {"classes": "--domain", "attributes": "--to"}[own]
        raise Mistake(f"{names[0]} is one of the run's {own}: say {option} {names[0]}.")


def changed(model: StarGAN, image: Image, name: str) -> str:
    """Return the change that shows the label `name` on an image: its removal if the image has it, else the label."""
    labels = model.known
    place = labels.place(name)
    return f"{NOT}{name}" if labels.is_flipped(place) and model.read(image)[0, place] > 0 else name


def relabelled(model: StarGAN, image: Image, names: tuple[str, ...]) -> Titled:
    """Translate `image` to have, or not to have, the labels `names`. Its other attributes stay as they are."""
    labels = model.known
    values = {labels.place(name.removeprefix(NOT)): not name.startswith(NOT) for name in names}
    return model.changed(image, values, labels.domain(min(values))), ", ".join(names)
