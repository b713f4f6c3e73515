"""Translates images of any size by one direction or label of a model."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from gan_zoo import images, memory, tiles
from gan_zoo.errors import Mistake
from gan_zoo.memory import META
from gan_zoo.models.stargan import StarGAN
from gan_zoo.module import GenerativeModule
from gan_zoo.translation.routes import Translating

Image = Float[Tensor, "1 _ _ _"]
Titled = tuple[Image, str]
"""A translation and its title."""


@dataclass(frozen=True)
class Translator:
    """Translates images of any size by one direction or label of a model."""

    side: int
    """Shorter side of the images that the model was trained on, in pixels."""
    channels: int
    """Number of channels of the images that the model takes."""
    stride: int
    """Number of pixels of which the sides of `follow`'s images are multiples."""
    follow: Callable[[Image, int], Titled]
    """Returns the translation of an image and its title, from the image and its number."""
    model: Translating
    """The model that `follow` uses."""

    def __call__(self, image: Image, number: int) -> Titled:
        """Translate an image, in [-1, 1], at its own size.

        Raises:
            Mistake: The image is too small.
        """
        height, width = image.shape[2:]
        self.refuse_small(height, width)
        image = images.grey(image) if self.channels == 1 else image
        padding = (0, -width % self.stride, 0, -height % self.stride)
        result, title = self.follow(F.pad(image, padding, mode="reflect"), number)
        return result[:, :, :height, :width], title

    def refuse_small(self, height: int, width: int) -> None:
        """Raise if an image of this height and width is too small to be padded by reflection.

        Raises:
            Mistake: Names the smallest size.
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
            Mistake: The image is too small.
        """
        self.refuse_small(height, width)
        assert isinstance(self.model, GenerativeModule)
        model = memory.on_meta(self.model)
        assert isinstance(model, Translating)
        route = model.routes[0]

        def work() -> None:
            image = torch.empty(1, self.channels, *self.padded(height, width), device=META)
            if isinstance(model, StarGAN):  # not `follow`, which reads labels: the generator alone cannot do that
                model.translate(image, torch.zeros(1, len(model.known.names), device=META))
            else:
                model.follow(route, {route.source: image})

        return memory.peak(work)


def translator(model: GenerativeModule, follow: Callable[[Image, int], Titled]) -> Translator:
    """Return the translator that translates with `model` by calling `follow`."""
    assert isinstance(model, Translating)
    channels, *sides = model.hparams["image_shape"]
    return Translator(min(sides), channels, model.stride, follow, model)
