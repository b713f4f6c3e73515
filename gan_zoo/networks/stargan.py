"""StarGAN's two networks (Choi 2018, Tables 4 and 5 of its appendix).

Layers have the order and the names of the authors' program, so that its weights can be mapped one to one. The exception
is the running statistics of its instance norm, which have no place here, because each image has its own statistics.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.layers import Maps, instance_norm

HALVINGS, STRIDE, LEAST_SIDE = 2, 4, 8
"""The generator halves an image twice. Its sides must be multiples of 4, and at least 8 pixels."""
SLOPE = 0.01
"""Slope of the discriminator's leaky ReLU below 0."""


class Generator(nn.Module):
    """A network from an image and a label to an image.

    Borders are padded with zeros. On reflected borders, a label's constant maps would stay constant, and the first
    instance norm would remove them.

    Args:
        channels: Number of channels of the images.
        labels: Length of a label.
        width: Number of channels next to the image.
        blocks: Number of residual blocks.
    """

    def __init__(self, channels: int, labels: int, width: int, blocks: int) -> None:
        super().__init__()
        deepest = width * STRIDE
        layers: list[nn.Module] = normed(nn.Conv2d(channels + labels, width, kernel_size=7, padding=3, bias=False))
        for into in (width * 2**place for place in range(HALVINGS)):
            layers += normed(nn.Conv2d(into, 2 * into, kernel_size=4, stride=2, padding=1, bias=False))
        layers += [Residual(deepest) for _ in range(blocks)]
        for into in (deepest // 2**place for place in range(HALVINGS)):
            layers += normed(nn.ConvTranspose2d(into, into // 2, kernel_size=4, stride=2, padding=1, bias=False))
        layers += [nn.Conv2d(width, channels, kernel_size=7, padding=3, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, image: Maps, label: Float[Tensor, "n k"]) -> Maps:
        maps = label[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return self.main(torch.cat([image, maps], dim=1))


class Residual(nn.Module):
    """Two convolutions, whose output is added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False) for _ in range(2))
        self.main = nn.Sequential(*normed(first), *normed(second)[:-1])

    def forward(self, x: Maps) -> Maps:
        return x + self.main(x)


class Discriminator(nn.Module):
    """A network from an image to scores of its patches (n, 1, h', w') and a logit for each label (n, k).

    The logits depend on the whole image.

    Args:
        image_shape: (channels, height, width).
        labels: Number of labels to predict.
        width: Number of channels next to the image.
        halvings: Number of convolutions of stride 2.

    Raises:
        Mistake: The image's sides cannot be halved this many times.
    """

    def __init__(self, image_shape: tuple[int, int, int], labels: int, width: int, halvings: int) -> None:
        super().__init__()
        channels, *sides = image_shape
        unit = 2**halvings
        if any(side % unit for side in sides):
            raise Mistake(
                f"{sides[1]} x {sides[0]} pixels cannot be halved {halvings} times by StarGAN's discriminator: give it "
                f"multiples of {unit}, such as {unit}, {2 * unit} or {4 * unit}, or another model.halvings."
            )
        widths = [channels, *(width * 2**place for place in range(halvings))]
        layers: list[nn.Module] = []
        for into, out in pairwise(widths):
            layers += [nn.Conv2d(into, out, kernel_size=4, stride=2, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
        self.main = nn.Sequential(*layers)
        self.conv1 = nn.Conv2d(widths[-1], 1, kernel_size=3, padding=1, bias=False)
        remaining = (sides[0] // unit, sides[1] // unit)
        self.conv2 = nn.Conv2d(widths[-1], labels, kernel_size=remaining, bias=False)

    def forward(self, image: Maps) -> tuple[Float[Tensor, "n 1 rows columns"], Float[Tensor, "n k"]]:
        features = self.main(image)
        return self.conv1(features), self.conv2(features).flatten(1)


def normed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    """Return the convolution, instance norm by each image's own statistics, and a ReLU."""
    return [convolution, instance_norm(convolution.out_channels, affine=True), nn.ReLU(inplace=True)]
