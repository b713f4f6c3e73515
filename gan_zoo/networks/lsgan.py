"""LSGAN's networks for rooms of 112 x 112 pixels (Mao 2016), for any size that is a multiple of 16.

The generator starts from a linear layer of 256 maps (`width` 64), doubles them four times by transposed 3 x 3
convolutions, the first two times with one more of stride 1 behind, and ends with one of stride 1. The discriminator is
DCGAN's with 5 x 5 convolutions. Batch norm follows every layer but G's last and D's first and last. `latent_dim` is
1024 in the paper.
"""

from itertools import pairwise

from torch import nn

from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last
from gan_zoo.networks.conv5 import halvings
from gan_zoo.networks.pieces import NORMS, doubled, one_width


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """latents > 4 width > 4 width > 4 width > 2 width > width > image: batch norm and ReLU between, tanh at the end."""
    sizes, base = _sizes(image_shape), one_width("lsgan", width)
    first = nn.Linear(latent_dim, 4 * base * sizes[0] ** 2)
    layers = [first, nn.Unflatten(1, (4 * base, sizes[0], sizes[0])), *_active(4 * base)]
    for (into, out), size in zip(pairwise((4, 4, 4, 2, 1)), sizes[1:], strict=True):
        layers += [*doubled(into * base, out * base, kernel_size=3, size=size), *_active(out * base)]
        if out == 4:
            layers += [_same(out * base, out * base), *_active(out * base)]
    return _initialised(nn.Sequential(*layers, _same(base, image_shape[0]), nn.Tanh()))


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """image > half, four times > one score: leaky ReLU of slope 0.2, `norm` after all but the first."""
    sizes, base = _sizes(image_shape)[::-1], one_width("lsgan", width)
    layers = halvings([image_shape[0], base, 2 * base, 4 * base, 8 * base], sizes, NORMS[norm])
    score = nn.Linear(8 * base * sizes[-1] ** 2, 1)
    return _initialised(nn.Sequential(*layers, nn.Flatten(), score, nn.Flatten(0)))


def _active(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU()]


def _same(into: int, out: int) -> nn.Module:
    """A transposed convolution that keeps the size."""
    return nn.ConvTranspose2d(into, out, kernel_size=3, padding=1)


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """Weights N(0, 0.02), those of convolutions cut off at twice that; biases 0: the authors' program."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.trunc_normal_(layer.weight, std=0.02, a=-0.04, b=0.04)
        elif isinstance(layer, nn.Linear | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=0.02)
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return channels_last(network)


def _sizes(image_shape: tuple[int, int, int]) -> list[int]:
    """From a sixteenth of the image's on, each half of the next.

    Raises:
        Mistake: the image is not square, or does not divide so.
    """
    _, height, columns = image_shape
    if height != columns or height % 16:
        raise Mistake(
            "lsgan makes square images of 32, 64, 112, 128 ... pixels, multiples of 16; "
            f"the data's are {height} x {columns}."
        )
    return [height // 2**halvings for halvings in (4, 3, 2, 1, 0)]
