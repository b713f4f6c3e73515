"""ProGAN's two networks, which grow, and StyleGAN's discriminator, which is ProGAN's with a blur.

At resolution r a network has min(32 width / r, width) channels: 512 up to 32 pixels and 16 at 1024 with the papers'
width of 512. Layers for all resolutions are made at the start, so optimizers, averages and checkpoints keep their
shape; `grow` tells which of them are used.
"""

from itertools import pairwise
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gan_zoo.layers import (
    EqualisedConv2d,
    EqualisedLinear,
    Maps,
    PixelNorm,
    binomial,
    blurred,
    channels_last,
    doubled,
    halved,
    minibatch_deviation,
)
from gan_zoo.layers.progressive import GAIN


def channels_at(resolution: int, width: int) -> int:
    """Return the number of channels at a resolution, of which the papers write 16384 / r, at most 512."""
    return max(1, min(32 * width // resolution, width))


class Growing(nn.Module):
    """A network with layers for 4, 8, ... pixels, of which those up to `resolution` are used.

    A state dict holds where the network stands, so a loaded network makes what the saved one made.

    Args:
        resolution: The last resolution, at which a new network stands.
    """

    side: Tensor
    blend: Tensor

    def __init__(self, resolution: int) -> None:
        super().__init__()
        self.last, self.resolution, self.fading = resolution, resolution, False
        self.register_buffer("side", torch.tensor(resolution))
        self.register_buffer("blend", torch.tensor(1.0))
        self.register_load_state_dict_post_hook(_take_up)

    @property
    def level(self) -> int:
        """How many times 4 pixels are doubled."""
        return self.resolution.bit_length() - 3

    def grow(self, resolution: int, alpha: float) -> None:
        """Use the layers up to `resolution`, of which the last have the share `alpha` of the result."""
        self.resolution, self.fading = resolution, alpha < 1
        self.side.fill_(resolution)
        self.blend.fill_(alpha)

    def mixed(self, old: Maps, new: Maps) -> Maps:
        """Return (1 - alpha) `old` + alpha `new`."""
        return torch.lerp(old, new, self.blend.to(new.dtype))


def _take_up(network: nn.Module, _: Any) -> None:
    assert isinstance(network, Growing)
    network.resolution, network.fading = int(network.side), bool(network.blend < 1)


class Activated(nn.Sequential):
    """Layers that a leaky rectifier of slope 0.2 follows, and pixel norm if `norm`."""

    def __init__(self, *layers: nn.Module, norm: bool = False) -> None:
        super().__init__(*layers, nn.LeakyReLU(0.2), *([PixelNorm()] if norm else []))


class Generator(Growing):
    """ProGAN's generator: latents to images of the resolution at which it stands (Karras 2018, Table 2).

    Its images are in [-1, 1] by training alone: no tanh bounds them.

    Args:
        image_shape: (channels, height, width) at the last resolution.
        latent_dim: Length of the latents.
        width: Channels at the first resolutions.
    """

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int, width: int) -> None:
        super().__init__(image_shape[1])
        widths = [channels_at(4 << level, width) for level in range(self.level + 1)]
        self.norm = PixelNorm()
        self.dense = EqualisedLinear(latent_dim, widths[0] * 16, gain=GAIN / 4, bias=None)
        self.bias = nn.Parameter(torch.zeros(widths[0], 1, 1))
        self.first = Activated(EqualisedConv2d(widths[0], widths[0], 3), norm=True)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                Activated(EqualisedConv2d(before, now, 3), norm=True),
                Activated(EqualisedConv2d(now, now, 3), norm=True),
            )
            for before, now in pairwise(widths)
        )
        self.to_image = nn.ModuleList(EqualisedConv2d(now, image_shape[0], 1, gain=1.0) for now in widths)

    def forward(self, latents: Float[Tensor, "n size"]) -> Maps:
        return self.synthesise(self.norm(latents))

    def synthesise(self, latents: Float[Tensor, "n size"]) -> Maps:
        """Make images from latents that are normalised already."""
        x = self.dense(latents).unflatten(1, (-1, 4, 4)) + self.bias
        x = self.norm(leaky_relu(x, 0.2)).contiguous(memory_format=torch.channels_last)
        x = before = self.first(x)
        for block in self.blocks[: self.level]:
            before, x = x, block(doubled(x))
        image = self.to_image[self.level](x)
        return self.mixed(doubled(self.to_image[self.level - 1](before)), image) if self.fading else image


class Discriminator(Growing):
    """The discriminator of ProGAN and, with `blur`, of StyleGAN: images of its resolution to scores (n,).

    Args:
        image_shape: (channels, height, width) at the last resolution.
        width: Channels at the last, smallest maps.
        group: Images over which the minibatch's deviation is taken.
        blur: Whether maps go through the filter [1, 2, 1] before they are halved, as in StyleGAN, which also rectifies
            them after that and not before.
    """

    kernel: Tensor

    def __init__(self, image_shape: tuple[int, int, int], width: int, group: int, blur: bool = False) -> None:
        super().__init__(image_shape[1])
        widths = [channels_at(4 << level, width) for level in range(self.level + 1)]
        self.group, self.blur = group, blur
        self.register_buffer("kernel", binomial(1, 2, 1), persistent=False)
        self.from_image = nn.ModuleList(Activated(EqualisedConv2d(image_shape[0], now, 1)) for now in widths)
        self.blocks = nn.ModuleList(
            nn.Sequential(Activated(EqualisedConv2d(now, now, 3)), EqualisedConv2d(now, after, 3))
            for after, now in pairwise(widths)
        )
        self.last = nn.Sequential(
            Activated(EqualisedConv2d(widths[0] + 1, widths[0], 3)),
            nn.Flatten(),
            Activated(EqualisedLinear(widths[0] * 16, widths[0])),
            EqualisedLinear(widths[0], 1, gain=1.0),
        )

    def forward(self, image: Maps) -> Float[Tensor, " n"]:
        x = self.from_image[self.level](image)
        for level in range(self.level, 0, -1):
            x = self.smaller(x, level)
            if self.fading and level == self.level:
                x = self.mixed(self.from_image[level - 1](halved(image)), x)
        return self.last(minibatch_deviation(x, self.group)).squeeze(1)

    def smaller(self, x: Maps, level: int) -> Float[Tensor, "n new_c h//2 w//2"]:
        """Return the maps of the next smaller resolution."""
        first, second = cast(nn.Sequential, self.blocks[level - 1])
        if self.blur:
            return leaky_relu(halved(second(blurred(first(x), self.kernel))), 0.2)
        return halved(leaky_relu(second(first(x)), 0.2))


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int) -> Generator:
    """Return ProGAN's generator in the memory layout that is fast for convolutions."""
    return channels_last(Generator(image_shape, latent_dim, width))


def discriminator(image_shape: tuple[int, int, int], width: int, group: int, blur: bool = False) -> Discriminator:
    """Return the discriminator in the memory layout that is fast for convolutions."""
    return channels_last(Discriminator(image_shape, width, group, blur))
