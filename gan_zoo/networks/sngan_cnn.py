"""SNGAN's "standard CNN" (Miyato 2018, Table 3), for images whose size is a multiple of 8 pixels: 32, 48, 64 ...

`width` (64) is the number of channels next to the image; it doubles inwards, up to 8 times as many.
"""

import torch
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last
from gan_zoo.networks.pieces import one_width


class Generator(nn.Sequential):
    """A linear layer to maps of 1/8 of the size, three doublings, and a convolution to the image in [-1, 1]."""

    def forward(self, latents: Tensor) -> Tensor:
        # The layers are unpacked, because a slice of this class would be an instance of it, with this same forward.
        linear, unflatten, *rest = self
        maps = unflatten(linear(latents)).contiguous(memory_format=torch.channels_last)
        for layer in rest:
            maps = layer(maps)
        return maps


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return latents > 8 width > 4 width > 2 width > width > image.

    Batch norm and ReLU follow each doubling, and tanh the last layer.
    """
    start, base = _start(image_shape, width), one_width("sngan_cnn", width)
    layers: list[nn.Module] = [nn.Linear(latent_dim, 8 * base * start**2), nn.Unflatten(1, (8 * base, start, start))]
    for times in (8, 4, 2):
        into, out = times * base, times * base // 2
        layers += [nn.ConvTranspose2d(into, out, kernel_size=4, stride=2, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
    layers += [nn.Conv2d(base, image_shape[0], kernel_size=3, padding=1), nn.Tanh()]
    return channels_last(Generator(*layers))


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return pairs of a 3 x 3 convolution and a 4 x 4 one that halves, and a score, with leaky ReLU of slope 0.1.

    The model adds spectral norm.

    Raises:
        Mistake: `norm` is not "none"; this network has no place for another.
    """
    if norm != "none":
        raise Mistake(
            f"sngan_cnn has no {norm} norm in its discriminator: it is SNGAN's, whose weights are normalised."
        )
    start, base = _start(image_shape, width), one_width("sngan_cnn", width)
    layers: list[nn.Module] = []
    before = image_shape[0]
    for times in (1, 2, 4):
        out = times * base
        layers += [nn.Conv2d(before, out, kernel_size=3, padding=1), nn.LeakyReLU(0.1)]
        layers += [nn.Conv2d(out, out, kernel_size=4, stride=2, padding=1), nn.LeakyReLU(0.1)]
        before = out
    layers += [nn.Conv2d(before, 8 * base, kernel_size=3, padding=1), nn.LeakyReLU(0.1)]
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * base * start**2, 1), nn.Flatten(0))
    return channels_last(network)


def _start(image_shape: tuple[int, int, int], width: int | tuple[int, ...]) -> int:
    _, height, columns = image_shape
    if height != columns or height % 8 or height < 16:
        raise Mistake(
            f"sngan_cnn makes square images of 16, 24, 32, 40, 48 ... pixels; these are {height} x {columns}."
        )
    return height // 8
