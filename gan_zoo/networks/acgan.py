"""ACGAN's networks (Odena 2017, appendix), for images of 32 or 128 pixels, in units of `width` (16).

The paper's tables give kernels of 5 x 5 and strides of 2, starting from maps of 1 x 1. The paddings that lead to 32 and
128 pixels are ours.
"""

import torch
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.networks.pieces import gaussian, one_width

# For each image size: channels in units of width; (kernel, padding, output padding) of each layer; whether batch norm
# follows it.
DOUBLINGS = {
    32: ((24, 12, 6), ((5, 0, 1), (5, 0, 1), (5, 2, 1)), (True, True)),  # 1 > 6 > 16 > 32 pixels
    128: (
        (48, 24, 16, 12, 4),
        ((5, 0, 0),) * 4 + ((8, 0, 0),),
        (True, True, True, False),
    ),  # 1 > 5 > 13 > 29 > 61 > 128
}
PADDINGS = {32: (1, 1, 1, 1, 1, 1), 128: (1, 0, 1, 0, 1, 0)}
"""Paddings of the discriminator's six 3 x 3 convolutions, whose strides are 2, 1, 2, 1, 2, 1."""
LAST = {32: 4, 128: 13}
"""Height and width of the discriminator's last maps, in pixels."""


class Generator(nn.Sequential):
    """A linear layer, whose outputs become maps of 1 x 1, and transposed convolutions."""

    def forward(self, latents: Tensor) -> Tensor:
        maps = self[0](latents)[:, :, None, None].relu().contiguous(memory_format=torch.channels_last)
        for layer in self[1:]:
            maps = layer(maps)
        return maps


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return latents > 1 x 1 > ... > image, with tanh at the end."""
    size, base = _size(image_shape), one_width("acgan", width, example=16)
    units, shapes, normed = DOUBLINGS[size]
    channels = [count * base for count in units]
    layers: list[nn.Module] = [nn.Linear(latent_dim, channels[0])]
    for i, (kernel, padding, extra) in enumerate(shapes):
        last = i == len(shapes) - 1
        out = image_shape[0] if last else channels[i + 1]
        layers.append(
            nn.ConvTranspose2d(
                channels[i], out, kernel_size=kernel, stride=2, padding=padding, output_padding=extra, bias=False
            )
        )
        layers += [nn.Tanh()] if last else [*([nn.BatchNorm2d(out)] if normed[i] else []), nn.ReLU()]
    return gaussian(Generator(*layers), gains=False)


def classifier(
    image_shape: tuple[int, int, int], outputs: int, width: int | tuple[int, ...], norm: str
) -> nn.Sequential:
    """Return six convolutions and a linear layer to `outputs` numbers (n, outputs).

    Leaky ReLU of slope 0.2 and dropout of one half follow each convolution.

    Raises:
        Mistake: `norm` is not the paper's batch norm.
    """
    if norm != "batch":
        raise Mistake(f"acgan's discriminator has batch norm, not {norm} norm.")
    size, base = _size(image_shape), one_width("acgan", width, example=16)
    layers: list[nn.Module] = []
    before = image_shape[0]
    for i, padding in enumerate(PADDINGS[size]):
        out = base * 2**i
        layers.append(nn.Conv2d(before, out, kernel_size=3, stride=2 - i % 2, padding=padding, bias=False))
        layers += [nn.BatchNorm2d(out)] if i else []
        layers += [nn.LeakyReLU(0.2), nn.Dropout(0.5)]
        before = out
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * LAST[size] ** 2, outputs))
    return gaussian(network, gains=False)


def _size(image_shape: tuple[int, int, int]) -> int:
    _, height, columns = image_shape
    if height != columns or height not in LAST:
        raise Mistake(f"acgan makes square images of 32 or 128 pixels; the data's are {height} x {columns}.")
    return height
