"""The 101-layer residual networks of WGAN-GP's grid (Gulrajani 2017, Figure 2, the seventh), for images of 64 pixels.

`width` (64) is the unit of channels, twice the number next to the image: maps of 4, 8, 16, 32 and 64 pixels have 8, 4,
2, 1 and 1/2 times `width` channels. Each size has 6 bottlenecks (5 at the image's size), and one bottleneck that
changes the size leads to the next. A bottleneck adds 0.3 times ReLU, 1 x 1, ReLU, 3 x 3, ReLU, 1 x 1, norm to its
shortcut; there are half as many channels between the 1 x 1 convolutions. The input of G's tanh, and D's score, are
divided by 5. The norm is batch norm in G, and the objective's in D. The layout is the authors' program's; the paper
gives only the number of layers.
"""

from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last
from gan_zoo.networks.pieces import NORMS, Maps, Norm, Weighted, doubled, glorot, halved, normed, one_width

BLOCKS = ((4, 6), (8, 6), (16, 6), (32, 6), (64, 5))
"""Size of the maps in pixels, and number of bottlenecks that keep it."""
RESIDUAL, OUTPUT = 0.3, 0.2
"""Factors of a block's residual path, and of a network's output."""


class Bottleneck(nn.Module):
    """A shortcut plus 0.3 times a residual path.

    Args:
        into: Number of input channels.
        out: Number of output channels.
        size: Height and width of the larger of input and output, in pixels.
        resample: "up" doubles the size, "down" halves it, and "" keeps it.
        norm: Function from a number of channels to a norm; None: no norm.
    """

    def __init__(self, into: int, out: int, size: int, resample: str, norm: Norm | None) -> None:
        super().__init__()
        before, after, shortcut_gain = into // 2, out // 2, 1.0
        match resample:
            case "up":
                middle = doubled(before, after, kernel_size=3, size=size)
                shortcut = [_point(into, 4 * out), nn.PixelShuffle(2)]
            case "down":
                middle = halved(before, after, kernel_size=3, size=size)
                shortcut = [Alternate(), _point(into, out)]
                shortcut_gain = ((into + out) / (into + out / 4)) ** 0.5  # `glorot` sees no stride of 2 here
            case _:
                middle, shortcut = [nn.Conv2d(before, after, kernel_size=3, padding=1)], []
        first, last = _point(into, before), _point(after, out, bias=False)
        residual = [nn.ReLU(), first, nn.ReLU(), *middle, nn.ReLU(), last, *normed(out, norm)]
        for layers, gain in ((residual, 2**0.5), (shortcut, shortcut_gain)):
            for layer in layers:
                if isinstance(layer, Weighted):
                    glorot(layer, gain=gain)
        self.residual, self.shortcut = nn.Sequential(*residual), nn.Sequential(*shortcut)

    def forward(self, x: Maps) -> Float[Tensor, "n d H W"]:
        return self.shortcut(x) + RESIDUAL * self.residual(x)


class Alternate(nn.Module):
    """Keep every second row and column.

    Before a 1 x 1 convolution, this equals a stride of 2. On CPUs, that stride in channels-last layout writes past its
    memory in the backward pass (torch 2.14.1, few channels), and the process aborts.
    """

    def forward(self, x: Maps) -> Float[Tensor, "n c H W"]:
        return x[..., ::2, ::2]


class Scaled(nn.Module):
    """Divide by 5."""

    def forward(self, x: Tensor) -> Tensor:
        return OUTPUT * x


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return latents > 4 x 4 > bottlenecks that double ... > image, with tanh at the end."""
    channels = _channels(image_shape, width)
    first, last = nn.Linear(latent_dim, channels[0] * 16), _point(channels[-1], image_shape[0])
    glorot(first)
    glorot(last)
    blocks = _blocks(BLOCKS, channels, "up", nn.BatchNorm2d)
    network = nn.Sequential(first, nn.Unflatten(1, (channels[0], 4, 4)), *blocks, last, Scaled(), nn.Tanh())
    return channels_last(network)


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return image > bottlenecks that halve ... > 4 x 4 > one score, with `norm` at the end of each bottleneck."""
    channels = _channels(image_shape, width)[::-1]
    first, last = _point(image_shape[0], channels[0]), nn.Linear(channels[-1] * 16, 1)
    glorot(first)
    glorot(last)
    blocks = _blocks(BLOCKS[::-1], channels, "down", NORMS[norm])
    network = nn.Sequential(first, *blocks, nn.Flatten(), last, Scaled(), nn.Flatten(0))
    return channels_last(network)


def _blocks(
    plan: tuple[tuple[int, int], ...], channels: list[int], resample: str, norm: Norm | None
) -> list[nn.Module]:
    """Return the bottlenecks of each size in `plan`, and between them those that `resample`."""
    blocks: list[nn.Module] = []
    for place, ((size, count), now) in enumerate(zip(plan, channels, strict=True)):
        if place:
            larger = max(size, plan[place - 1][0])
            blocks += [Bottleneck(channels[place - 1], now, larger, resample, norm)]
        blocks += [Bottleneck(now, now, size, "", norm) for _ in range(count)]
    return blocks


def _point(into: int, out: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(into, out, kernel_size=1, bias=bias)


def _channels(image_shape: tuple[int, int, int], width: int | tuple[int, ...]) -> list[int]:
    """Return the numbers of channels of the maps of 4, 8 ... 64 pixels.

    Raises:
        Mistake: The image has another size, or the width is not a multiple of 4.
    """
    _, height, columns = image_shape
    base = one_width("resnet101", width)
    if (height, columns) != (64, 64):
        raise Mistake(f"resnet101 makes images of 64 x 64 pixels; the data's are {height} x {columns}.")
    if base % 4:
        raise Mistake(f"resnet101 takes a width that is a multiple of 4, e.g. width: 64; got {base}.")
    return [8 * base, 4 * base, 2 * base, base, base // 2]
