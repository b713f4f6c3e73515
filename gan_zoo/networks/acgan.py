"""ACGAN's networks (Odena 2017, appendix), for images of 32 or 128 pixels, in units of `width` (16).

The tables of the paper state kernels of 5 x 5 and strides of 2 from a map of 1 x 1 on; the paddings that come to 32 and
128 pixels are ours.
"""

import torch
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last

# Channels in widths, (kernel, padding, padding of the output), batch norm after it.
DOUBLINGS = {
    32: ((24, 12, 6), ((5, 0, 1), (5, 0, 1), (5, 2, 1)), (True, True)),  # 1 > 6 > 16 > 32 pixels
    128: (
        (48, 24, 16, 12, 4),
        ((5, 0, 0),) * 4 + ((8, 0, 0),),
        (True, True, True, False),
    ),  # 1 > 5 > 13 > 29 > 61 > 128
}
PADDINGS = {32: (1, 1, 1, 1, 1, 1), 128: (1, 0, 1, 0, 1, 0)}
"""Of the discriminator's six 3 x 3 convolutions, of strides 2, 1, 2, 1, 2, 1."""
LAST = {32: 4, 128: 13}
"""Pixels of the discriminator's last map."""


class Generator(nn.Sequential):
    """A linear layer, seen as a 1 x 1 map, and transposed convolutions."""

    def forward(self, latents: Tensor) -> Tensor:
        maps = self[0](latents)[:, :, None, None].relu().contiguous(memory_format=torch.channels_last)
        for layer in self[1:]:
            maps = layer(maps)
        return maps


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """latents > 1 x 1 > ... > image; tanh at the end."""
    size, base = _size(image_shape), _width(width)
    times, shapes, normed = DOUBLINGS[size]
    channels = [one * base for one in times]
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
    return _initialised(Generator(*layers))


def classifier(
    image_shape: tuple[int, int, int], outputs: int, width: int | tuple[int, ...], norm: str
) -> nn.Sequential:
    """Six convolutions, leaky ReLU of slope 0.2, dropout of one half after each; `outputs` numbers (n, outputs).

    Raises:
        Mistake: another norm than the paper's batch norm.
    """
    if norm != "batch":
        raise Mistake(f"acgan's discriminator has batch norm, not {norm} norm.")
    size, base = _size(image_shape), _width(width)
    layers: list[nn.Module] = []
    before = image_shape[0]
    for i, padding in enumerate(PADDINGS[size]):
        out = base * 2**i
        layers.append(nn.Conv2d(before, out, kernel_size=3, stride=2 - i % 2, padding=padding, bias=False))
        layers += [nn.BatchNorm2d(out)] if i else []
        layers += [nn.LeakyReLU(0.2), nn.Dropout(0.5)]
        before = out
    return _initialised(nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * LAST[size] ** 2, outputs)))


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """Weights N(0, 0.02), biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, mean=0.0, std=0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return channels_last(network)


def _size(image_shape: tuple[int, int, int]) -> int:
    _, height, columns = image_shape
    if height != columns or height not in LAST:
        raise Mistake(f"acgan makes square images of 32 or 128 pixels; the data's are {height} x {columns}.")
    return height


def _width(width: int | tuple[int, ...]) -> int:
    if not isinstance(width, int):
        raise Mistake(f"acgan takes one width, e.g. width: 16; got {list(width)}.")
    return width
