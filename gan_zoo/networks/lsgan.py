"""LSGAN's networks for rooms of 112 x 112 pixels (Mao 2016), here for any size that is a multiple of 16.

The generator starts with a linear layer to 256 maps (`width` 64). Transposed 3 x 3 convolutions double their size four
times; one of stride 1 follows each of the first two, and one of stride 1 ends the network. The discriminator is DCGAN's
with 5 x 5 convolutions. Batch norm follows every layer but G's last and D's first and last. `latent_dim` is 1024 in the
paper.
"""

from itertools import pairwise

from torch import nn

from gan_zoo.errors import Mistake
from gan_zoo.networks.conv5 import halvings, initialised
from gan_zoo.networks.pieces import NORMS, Weighted, doubled, one_width


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return latents > 4 width > 4 width > 4 width > 2 width > width > image.

    Batch norm and ReLU follow each layer but the last, and tanh the last one.
    """
    sizes, base = _sizes(image_shape), one_width("lsgan", width)
    first = nn.Linear(latent_dim, 4 * base * sizes[0] ** 2)
    layers = [first, nn.Unflatten(1, (4 * base, sizes[0], sizes[0])), *_active(4 * base)]
    for (into, out), size in zip(pairwise((4, 4, 4, 2, 1)), sizes[1:], strict=True):
        layers += [*doubled(into * base, out * base, kernel_size=3, size=size), *_active(out * base)]
        if out == 4:
            layers += [_same(out * base, out * base), *_active(out * base)]
    return initialised(nn.Sequential(*layers, _same(base, image_shape[0]), nn.Tanh()), _initial)


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return image > half, four times > one score: leaky ReLU of slope 0.2, `norm` after all but the first."""
    sizes, base = _sizes(image_shape)[::-1], one_width("lsgan", width)
    layers = halvings([image_shape[0], base, 2 * base, 4 * base, 8 * base], sizes, NORMS[norm])
    score = nn.Linear(8 * base * sizes[-1] ** 2, 1)
    return initialised(nn.Sequential(*layers, nn.Flatten(), score, nn.Flatten(0)), _initial)


def _active(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU()]


def _same(into: int, out: int) -> nn.Module:
    """Return a transposed convolution that keeps the size."""
    return nn.ConvTranspose2d(into, out, kernel_size=3, padding=1)


def _initial(layer: Weighted) -> None:
    """Draw weights from N(0, 0.02), in convolutions cut off at twice that, and set biases to 0.

    It is the start of the authors' program.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.trunc_normal_(layer.weight, std=0.02, a=-0.04, b=0.04)
    else:
        nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _sizes(image_shape: tuple[int, int, int]) -> list[int]:
    """Return the sizes of the maps, from a sixteenth of the image's size to that size, each half of the next.

    Raises:
        Mistake: The image is not square, or its size is not a multiple of 16.
    """
    _, height, columns = image_shape
    if height != columns or height % 16:
        raise Mistake(
            "lsgan makes square images of 32, 64, 112, 128 ... pixels, multiples of 16; "
            f"the data's are {height} x {columns}."
        )
    return [height // 2**times for times in (4, 3, 2, 1, 0)]
