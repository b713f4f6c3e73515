"""The kinds of pictures that a model can show, each with its controls. Loads torch: only the worker imports it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image as Pillow
from torch import Tensor

from datamodules.sources import decode, opened_image
from gan_zoo import images
from gan_zoo.dashboard.controls import NOT, Choice, Control, Mode, Picture, Slider, Switches, Whole
from gan_zoo.editing import latents, styles
from gan_zoo.editing.translator import Translator, translator
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.models.adain import AdaIN
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.models.stargan import StarGAN
from gan_zoo.module import GenerativeModule
from gan_zoo.networks import style
from gan_zoo.sampling import SampledModule
from gan_zoo.translation.routes import Translating

Image = Float[Tensor, "1 3 _ _"]
Sheet = tuple[Float[Tensor, "n c h w"], int | None]
"""Images, and how many a row; None: as square as can be."""
Values = Mapping[str, Any]

PIXELS = 1 << 25
"""Most pixels of an image that a user sends; as floats they take 400 MB in colour."""
SENT_SIDE = 512
"""Side in pixels to which larger images of the user are reduced."""
STYLE_SIDE = 256
"""Side in pixels of contents and styles."""
SHEET_PIXELS = 1 << 20
"""Pixels of all images of a sheet, which limits how many there may be."""
ANY = "any"
"""The class of images whose class is drawn."""
SEED = Whole("seed", "Seed", 0, 0, 10**9)


@dataclass
class Pictures:
    """The images that a model may start from: the run's own, by key and number, and those that the user has sent."""

    own: Batch
    """The run's own images by key, in [-1, 1]; empty if there are none."""
    note: str = ""
    """Why there are none."""
    sent: dict[str, bytes] = field(default_factory=dict)
    """Image files of the user by name."""

    @property
    def count(self) -> int:
        """Number of the run's own images."""
        return len(next(iter(self.own.values()))) if self.own else 0

    def control(self, name: str, title: str) -> Picture:
        """Return the control that chooses one of these."""
        return Picture(name, title, "0", self.count, self.note)

    def get(self, chosen: int | str, key: str, side: int) -> Image:
        """Return an image in three channels, as a square of `side` pixels.

        Args:
            chosen: Number of one of the run's own images, or name of one that the user has sent.
            key: Key of a batch that the run's own images have.
            side: Pixels a side.

        Raises:
            Mistake: The user's image is not there any more.
        """
        if isinstance(chosen, int):
            image = self.own[key][chosen : chosen + 1]
        elif chosen in self.sent:
            pixels = torch.from_numpy(decode(self.sent[chosen], "your image").copy())
            image = images.to_float(pixels.permute(2, 0, 1)[None])
        else:
            raise Mistake("This image is no longer here: choose the file again.")
        return images.middle_at(image.expand(-1, 3, -1, -1), (side, side))


def reduced(content: bytes) -> bytes:
    """Return the middle square of an image file, at most `SENT_SIDE` pixels a side, as PNG.

    Raises:
        DataError: It is damaged, or no image.
        Mistake: It has too many pixels.
    """
    try:
        with opened_image(io.BytesIO(content)) as opened:
            width, height = opened.size
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        raise Mistake(f"Your file is damaged or no image: {str(error).rstrip('.')}.") from error
    if width * height > PIXELS:
        raise Mistake(f"Your image has {width} x {height} pixels: it may have {PIXELS:,} in all.")
    pixels = decode(content, "Your file")
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    picture = Pillow.fromarray(square[:, :, 0] if square.shape[2] == 1 else square)
    if side > SENT_SIDE:
        picture = picture.resize((SENT_SIDE, SENT_SIDE), Pillow.Resampling.BICUBIC)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def png(sheet: Sheet) -> bytes:
    """Return a sheet as the bytes of a PNG file."""
    return images.png(images.grid(images.to_uint8(sheet[0]), sheet[1]))


def modes(model: GenerativeModule, pictures: Pictures) -> list[Mode]:
    """Return what a model can show, the most usual first.

    Raises:
        Mistake: It can show nothing: it makes no images that a person could ask for.
    """
    if isinstance(model, AdaIN):
        return [stylization(model, pictures)]
    if isinstance(model, Translating):
        assert isinstance(model, GenerativeModule)
        return [translation(model, pictures)]
    if isinstance(model, SampledModule) and hasattr(model, "latent_dim") and "image_shape" in model.hparams:
        return sampling(model)
    raise Mistake(f"{type(model).__name__} has nothing to play with here.")


def sampling(model: SampledModule) -> list[Mode]:
    """Return the modes of a model that makes images from latents."""
    height, width = model.hparams["image_shape"][1:]
    most = max(1, min(64, SHEET_PIXELS // (height * width)))
    count = Whole("count", "Images", min(16, most), 1, most)
    end = Whole("end", "Seed at the end", 1, 0, 10**9)
    position = Slider("position", "Position", 0.5, 0.0, 1.0, 0.01)
    numbers = [Whole(name, f"Image {name}", at, 0, 999) for at, name in enumerate("abc")]
    shared = [*classes(model), *truncation(model)]
    found = [
        Mode("sample", "Samples", (SEED, count, *shared), partial(sampled, model)),
        Mode("walk", "Walk between two seeds", (SEED, end, position, count, *shared), partial(walked, model)),
        Mode("sum", "Sum of latents: a - b + c", (SEED, *numbers, *truncation(model)), partial(summed, model)),
    ]
    network = model.averaged
    if isinstance(network, style.Styled):
        last = network.layers - 1
        layers = (Whole("first", "First layer", 0, 0, last), Whole("last", "Last layer", min(3, last), 0, last))
        tables = (Whole("rows", "Rows", 3, 1, 6), Whole("columns", "Columns", 4, 1, 8))
        found.append(Mode("mix", "Mixed styles", (SEED, *layers, *tables, *truncation(model)), partial(mixed, model)))
    return found


def classes(model: SampledModule) -> list[Control]:
    """Return the control of a model's class, if it has classes."""
    if not model.num_classes:
        return []
    return [Choice("label", "Class", ANY, (ANY, *map(str, range(model.num_classes))))]


def truncation(model: SampledModule) -> list[Control]:
    """Return the control of the truncation, if the model knows one and has been trained for a step."""
    knows = type(model).render is not SampledModule.render
    if not knows or not getattr(model.averaged, "tracked", True):
        return []
    return [Slider("truncation", "Truncation", 1.0, -1.0, 1.0, 0.05)]


def labels(values: Values) -> Tensor | None:
    """Return the classes of all images; None if they are drawn, or if the model has none."""
    label = values.get("label", ANY)
    return None if label == ANY else torch.full((values["count"],), int(label))


def sampled(model: SampledModule, values: Values) -> Sheet:
    """Return the images that `gan-zoo sample` makes of a seed."""
    truncated = values.get("truncation", 1.0)
    return model.sample(values["count"], values["seed"], label=labels(values), truncation=truncated), None


def walked(model: SampledModule, values: Values) -> Sheet:
    """Return images on the way from those of one seed to those of another."""
    seeds, truncated = (values["seed"], values["end"]), values.get("truncation", 1.0)
    return latents.walk(model, values["count"], seeds, values["position"], labels(values), truncated), None


def summed(model: SampledModule, values: Values) -> Sheet:
    """Return images a, b, c and a - b + c in a row."""
    numbers = (values["a"], values["b"], values["c"])
    return latents.sum_of(model, values["seed"], numbers, values.get("truncation", 1.0)), 4


def mixed(model: SampledModule, values: Values) -> Sheet:
    """Return a table of images that have the styles of two."""
    layers = range(values["first"], values["last"] + 1)
    if not layers:
        raise Mistake(f"The first layer, {values['first']}, comes after the last, {values['last']}.")
    truncated = values.get("truncation", 1.0)
    table = styles.mixtures(model, values["rows"], values["columns"], layers, values["seed"], truncated)
    return table, values["columns"] + 1


def translation(model: GenerativeModule, pictures: Pictures) -> Mode:
    """Return the mode of a model that translates: an image and its translation, side by side."""
    assert isinstance(model, Translating)
    if isinstance(model, StarGAN):
        known = model.known
        first = next((name for name in known.names if not known.is_flipped(known.place(name))), known.names[0])
        switches = Switches("labels", "Labels", first, known.names)
        controls = (pictures.control("image", "Image"), switches)
        return Mode("translate", "Translate", controls, partial(relabelled, model, pictures))
    routes = {route.name: route for route in model.routes}
    direction = Choice("direction", "Direction", next(iter(routes)), tuple(routes))
    draws = [SEED] if isinstance(model, Pix2Pix) else []

    def draw(values: Values) -> Sheet:
        route = routes[values["direction"]]
        seed = values.get("seed", 0)
        follow = translator(model, lambda image, _: (model.follow(route, {route.source: image}, seed), ""))
        return shown(follow, pictures, values["image"], route.source)

    return Mode("translate", "Translate", (pictures.control("image", "Image"), direction, *draws), draw)


def relabelled(model: StarGAN, pictures: Pictures, values: Values) -> Sheet:
    """Return an image and its translation to some labels; the others stay as the discriminator reads them."""
    names, known = values["labels"], model.known
    bare = [name.removeprefix(NOT) for name in names]
    domain = known.one_set(bare)
    if given := [name for name in names if name in bare]:
        known.asked(given)
    places = {known.place(name.removeprefix(NOT)): not name.startswith(NOT) for name in names}
    follow = translator(model, lambda image, _: (model.changed(image, places, domain), ""))
    return shown(follow, pictures, values["image"], "image")


def shown(follow: Translator, pictures: Pictures, chosen: int | str, key: str) -> Sheet:
    """Return the chosen image and its translation, side by side."""
    image = pictures.get(chosen, key, follow.side)
    result, _ = follow(image, 0)
    return torch.cat([image, result.expand(-1, 3, -1, -1)]), 2


def stylization(model: AdaIN, pictures: Pictures) -> Mode:
    """Return the mode of style transfer: content, style and result, side by side."""
    controls = (
        pictures.control("content", "Content"),
        pictures.control("style", "Style"),
        Slider("strength", "Strength of the style", 1.0, 0.0, 1.0, 0.05),
    )

    def draw(values: Values) -> Sheet:
        content = pictures.get(values["content"], "a", STYLE_SIDE)
        painting = pictures.get(values["style"], "b", STYLE_SIDE)
        result = model.stylize(content, [painting], strength=values["strength"])
        return torch.cat([content, painting, result]), 3

    return Mode("stylize", "Style transfer", controls, draw)
