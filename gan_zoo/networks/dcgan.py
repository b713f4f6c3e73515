"""DCGAN's networks (Radford 2015), in the common reading: 4 x 4 convolutions of stride 2, no biases, no dense layer.

Batch norm and layer norm have biases of their own. A discriminator without norm has a bias in each layer. Without any
bias it would be homogeneous, D(a x) = a D(x): a grey image, x = 0, would score 0 whatever D has learnt, and a generator
whose images score below 0 would do best with grey ones, as SNGAN's of faces did. `dcgan_plain`, which is WGAN's, has no
biases nevertheless, because its authors' network has none.

Sizes are 4 or 7 times a power of two, with at least two doublings: 28, 32, 64, 128 ... `width` is the number of
channels next to the image (64 in the usual 64 x 64 network); it doubles each time the size is halved.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.networks.pieces import NORMS, gaussian, normed, one_width


class Generator(nn.Sequential):
    """Transposed convolutions from latents, as maps of 1 x 1, to an image in [-1, 1]."""

    def forward(self, latents: Tensor) -> Tensor:
        # (n, latent_dim, 1, 1) in channels-last layout makes the network 1.15 times faster on two CPU cores.
        return super().forward(latents[:, :, None, None].contiguous(memory_format=torch.channels_last))


def generator(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...], norm: str = "batch"
) -> nn.Module:
    """Return latents > start x start > double ... > image: batch norm (or "none") and ReLU between, tanh at the end."""
    return decoder(image_shape, latent_dim, width, norm).append(nn.Tanh())


def decoder(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...], norm: str = "batch"
) -> nn.Sequential:
    """Return the generator without its tanh, because a variational auto-encoder's likelihood decides how it ends."""
    channels, start, doublings = _plan(image_shape)
    base = one_width("dcgan", width)
    widths = [base * 2**i for i in reversed(range(doublings))]
    layers: list[nn.Module] = [nn.ConvTranspose2d(latent_dim, widths[0], kernel_size=start, bias=False)]
    for now, after in zip(widths, [*widths[1:], channels], strict=True):
        layers += [*normed(now, NORMS[norm]), nn.ReLU()]
        layers += [nn.ConvTranspose2d(now, after, kernel_size=4, stride=2, padding=1, bias=False)]
    return gaussian(Generator(*layers))


def discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return image > half ... > start x start > one score.

    Leaky ReLU of slope 0.2 follows each layer but the last, and `norm` each but the first and the last.
    """
    return encoder(image_shape, 1, width, norm, bias=norm == "none").append(nn.Flatten(0))


def plain_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return the discriminator without norm, whatever `norm` is, and without biases."""
    return encoder(image_shape, 1, width, "none", bias=False).append(nn.Flatten(0))


def encoder(
    image_shape: tuple[int, int, int], outputs: int, width: int | tuple[int, ...], norm: str, bias: bool
) -> nn.Sequential:
    """Return the discriminator with outputs (n, outputs, 1, 1) in place of its score, with or without biases."""
    channels, start, doublings = _plan(image_shape)
    base = one_width("dcgan", width)
    widths = [base * 2**i for i in range(doublings)]
    layers: list[nn.Module] = []
    for place, (before, now) in enumerate(pairwise([channels, *widths])):
        layers += [nn.Conv2d(before, now, kernel_size=4, stride=2, padding=1, bias=bias)]
        layers += normed(now, NORMS[norm] if place else None)
        layers += [nn.LeakyReLU(0.2)]
    return gaussian(nn.Sequential(*layers, nn.Conv2d(widths[-1], outputs, kernel_size=start, bias=bias)))


def classifier(
    image_shape: tuple[int, int, int], outputs: int, width: int | tuple[int, ...], norm: str
) -> nn.Sequential:
    """Return the discriminator with `outputs` numbers (n, outputs) in place of its score."""
    return encoder(image_shape, outputs, width, norm, bias=norm == "none").append(nn.Flatten())


def summed_features(image_shape: tuple[int, int, int], width: int | tuple[int, ...]) -> tuple[nn.Sequential, int]:
    """Return the discriminator's last maps without norm, summed over pixels (n, length), and the length."""
    layers = list(encoder(image_shape, 1, width, "none", bias=True))[:-1]
    _, start, doublings = _plan(image_shape)
    summed = nn.AvgPool2d(start, divisor_override=1)
    return nn.Sequential(*layers, summed, nn.Flatten()), one_width("dcgan", width) * 2 ** (doublings - 1)


def _plan(image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the number of image channels, the smallest size, and the number of doublings from there to the image."""
    channels, height, columns = image_shape
    for start in (4, 7):
        doublings = (height // start).bit_length() - 1
        if height == columns == start * 2**doublings and doublings >= 2:
            return channels, start, doublings
    raise Mistake(
        f"dcgan makes square images of 28, 32, 56, 64, 112, 128 ... pixels; the data's are {height} x {columns}."
    )
