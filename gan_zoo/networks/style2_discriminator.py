"""StyleGAN2's discriminator: residual blocks, or `orig` without shortcuts, and the projection of a class."""

import math
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.layers import (
    EqualisedConv2d,
    EqualisedLinear,
    HalvingConv2d,
    Maps,
    Rectifier,
    at_least_float32,
    channels_last,
    minibatch_deviation,
    rectified,
)
from gan_zoo.networks.style2 import ClassVector, Label, Shape, channels, mapping_layers


class Block(nn.Module):
    """Two convolutions of the discriminator, of which the second halves the maps (Karras 2020, Figure 7c).

    Args:
        inputs: Number of maps of the input.
        outputs: Number of maps of the output.
        residual: Whether a shortcut is added.
    """

    def __init__(self, inputs: int, outputs: int, residual: bool) -> None:
        super().__init__()
        self.first = EqualisedConv2d(inputs, inputs, 3, gain=1.0)
        self.second = HalvingConv2d(inputs, outputs, 3)
        self.shortcut = HalvingConv2d(inputs, outputs, 1, bias=None) if residual else None

    def forward(self, x: Maps) -> Float[Tensor, "n new_c h//2 w//2"]:
        y = rectified(self.second(rectified(self.first(x))))
        return y if self.shortcut is None else (y + self.shortcut(x)) / math.sqrt(2)


class Discriminator(nn.Module):
    """StyleGAN2's discriminator: images to scores (n,), by the projection of the class if there are classes.

    Args:
        image_shape: (channels, height, width) of the images.
        width: Channels at the smallest resolutions.
        wide_until: The last resolution with `width` channels, in pixels.
        group: Images over which the minibatch's deviation is taken.
        residual: Whether the blocks have shortcuts; False is the program's architecture `orig`.
        num_classes: Number of classes; 0: none.
    """

    def __init__(
        self, image_shape: Shape, width: int, wide_until: int, group: int, residual: bool, num_classes: int
    ) -> None:
        super().__init__()
        widths = channels(image_shape, width, wide_until)
        self.group = group
        self.from_image = EqualisedConv2d(image_shape[0], widths[-1], 1, gain=1.0)
        self.blocks = nn.Sequential(*(Block(now, after, residual) for now, after in pairwise(widths[::-1])))
        self.end = nn.Sequential(
            EqualisedConv2d(widths[0] + 1, widths[0], 3, gain=1.0),
            Rectifier(),
            nn.Flatten(),
            EqualisedLinear(widths[0] * 16, widths[0], gain=1.0),
            Rectifier(),
            EqualisedLinear(widths[0], widths[0] if num_classes else 1, gain=1.0),
        )
        self.classes = None
        if num_classes:
            length = widths[0]
            self.classes = nn.Sequential(ClassVector(num_classes, length), *mapping_layers(length, length, 8))

    def freeze(self, count: int) -> None:
        """Compute no gradients for the first `count` blocks, and for the layer before them if there are any."""
        for part in (self.from_image, *self.blocks)[: count + 1 if count else 0]:
            part.requires_grad_(False)

    def forward(self, image: Maps, label: Label | None = None) -> Float[Tensor, " n"]:
        x = self.blocks(rectified(self.from_image(image)))
        features = self.end(minibatch_deviation(x, self.group))
        if self.classes is None:
            return features.squeeze(1)
        return at_least_float32(features * self.classes(label)).sum(1) / math.sqrt(features.shape[1])


def discriminator(
    image_shape: Shape, width: int, wide_until: int, group: int, residual: bool = True, num_classes: int = 0
) -> Discriminator:
    """Return the discriminator in the memory layout that is fast for convolutions."""
    return channels_last(Discriminator(image_shape, width, wide_until, group, residual, num_classes))
