"""StyleGAN's generator: a mapping network from latents to styles, and a synthesis network that styles steer.

A synthesis network of r x r pixels has 2 log2(r) - 2 layers, two for each resolution from 4 on. Each adds noise to its
maps and gives them the means and deviations of its style. The image starts from a learnt constant.
"""

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gan_zoo.errors import Mistake
from gan_zoo.layers import (
    EqualisedConv2d,
    EqualisedLinear,
    Maps,
    NoiseInjection,
    PixelNorm,
    StyleModulation,
    binomial,
    blurred,
    channels_last,
    doubled,
)
from gan_zoo.networks.progressive import Growing, channels_at

Styles = Float[Tensor, "n layers style"]
"""A style for each layer of each image."""
Noise = Callable[[Tensor, int], Tensor]
"""Function from a style (n, style) and a side to noise (n, 1, side, side)."""


class Styled(nn.Module):
    """What the generators of StyleGAN and StyleGAN2 share: a style for each layer, and the mean of all styles.

    A generator sets `last`, the side of its images, `mapping` and `blocks`, its convolutions. It writes `layers`,
    `noise_sides`, `style_weights` and `synthesise`.
    """

    last: int
    mapping: nn.Module
    blocks: nn.ModuleList
    mean_style: Tensor
    tracked: Tensor

    def keep_mean(self, style_dim: int) -> None:
        """Make the buffers of the mean style and of the number of minibatches that it was made from."""
        self.register_buffer("mean_style", torch.zeros(style_dim))
        self.register_buffer("tracked", torch.tensor(0))

    @property
    def layers(self) -> int:
        """Number of layers that take a style of their own."""
        raise NotImplementedError

    @property
    def noise_sides(self) -> list[int]:
        """Sides of the maps of noise, in the order in which they are asked for."""
        raise NotImplementedError

    def style_weights(self) -> list[Float[Tensor, "_ style"]]:
        """Return for each layer the weights, (outputs, style), of the affine function that meets its style."""
        raise NotImplementedError

    def synthesise(self, styles: Styles, noise: Noise) -> Maps:
        """Make images.

        Args:
            styles: One for each layer.
            noise: Function from a style (n, style) and a side to noise (n, 1, side, side), called layer by layer.
        """
        raise NotImplementedError

    def spread(self, style: Float[Tensor, "n style"]) -> Styles:
        """Return the same style for each layer."""
        return style[:, None].expand(-1, self.layers, -1)

    def sampled_styles(self, latents: Tensor, *label: Tensor, truncation: float, layers: int) -> Styles:
        """Return the styles of images to be sampled, moved in the first `layers` layers if `truncation` is not 1.

        Raises:
            Mistake: A truncation before the first step, when there is no mean of the styles.
        """
        styles = self.spread(self.mapping(latents, *label))
        if truncation == 1:
            return styles
        if not self.tracked:
            raise Mistake(
                f"truncation is {truncation}, and this generator has not been trained for a step, so there is no mean "
                "style to move towards: leave truncation at 1."
            )
        return self.truncated(styles, truncation, layers)

    def numbers_of_noise(self) -> int:
        """Return how many numbers of noise one image takes."""
        return sum(side**2 for side in self.noise_sides)

    def track(self, mean: Float[Tensor, " style"], weight: float = 0.995) -> None:
        """Move the mean of all styles by that of one minibatch; the old mean keeps `weight`."""
        self.mean_style.lerp_(mean.to(self.mean_style.dtype), 1 - weight)
        self.tracked += 1

    def truncated(self, styles: Styles, truncation: float, layers: int) -> Styles:
        """Move the styles of the first `layers` layers towards the mean: 0 is the mean, 1 leaves them (section B)."""
        moved = torch.lerp(self.mean_style.to(styles.dtype), styles[:, :layers], truncation)
        return torch.cat([moved, styles[:, layers:]], dim=1)


class StyledLayer(nn.Module):
    """Convolution, noise, bias, rectifier and style (Karras 2019, Figure 1b).

    Args:
        inputs: Number of maps of the input.
        outputs: Number of maps of the output.
        style_dim: Length of a style.
        convolves: False for the first layer, whose input is the constant.
        doubles: Whether the layer doubles the resolution, with a blur of [1, 2, 1] after the convolution.
    """

    kernel: Tensor

    def __init__(
        self, inputs: int, outputs: int, style_dim: int, convolves: bool = True, doubles: bool = False
    ) -> None:
        super().__init__()
        self.doubles = doubles
        self.convolution = EqualisedConv2d(inputs, outputs, 3, bias=None) if convolves else nn.Identity()
        self.register_buffer("kernel", binomial(1, 2, 1), persistent=False)
        self.noise = NoiseInjection(outputs)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.style = StyleModulation(outputs, style_dim)

    def forward(
        self, x: Maps, style: Float[Tensor, "n style"], noise: Float[Tensor, "n 1 new_h new_w"]
    ) -> Float[Tensor, "n new_c new_h new_w"]:
        x = blurred(self.convolution(doubled(x)), self.kernel) if self.doubles else self.convolution(x)
        return self.style(leaky_relu(self.noise(x, noise) + self.bias, 0.2), style)


class Generator(Growing, Styled):
    """StyleGAN's generator. It is called with latents, or its two parts are: `mapping` and `synthesise`.

    Args:
        image_shape: (channels, height, width) at the last resolution.
        latent_dim: Length of the latents and of the styles.
        width: Channels up to 32 pixels; each further doubling halves them.
        mapping_layers: Fully connected layers from a latent to a style.
    """

    mapping: nn.Sequential

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int, width: int, mapping_layers: int) -> None:
        super().__init__(image_shape[1])
        widths = [channels_at(4 << level, width) for level in range(self.level + 1)]
        self.mapping = nn.Sequential(PixelNorm())
        for _ in range(mapping_layers):
            self.mapping.extend([EqualisedLinear(latent_dim, latent_dim, rate_multiplier=0.01), nn.LeakyReLU(0.2)])
        self.constant = nn.Parameter(torch.ones(widths[0], 4, 4))
        self.blocks = nn.ModuleList()
        for level, now in enumerate(widths):
            before = widths[max(level - 1, 0)]
            self.blocks.append(StyledLayer(before, now, latent_dim, convolves=level > 0, doubles=level > 0))
            self.blocks.append(StyledLayer(now, now, latent_dim))
        self.to_image = nn.ModuleList(EqualisedConv2d(now, image_shape[0], 1, gain=1.0) for now in widths)
        self.keep_mean(latent_dim)

    @property
    def layers(self) -> int:
        """Number of layers that are used at the resolution at which the network stands."""
        return 2 * (self.level + 1)

    @property
    def noise_sides(self) -> list[int]:
        return [4 << number // 2 for number in range(self.layers)]

    def style_weights(self) -> list[Float[Tensor, "_ style"]]:
        return [cast(StyledLayer, block).style.affine.weight for block in self.blocks[: self.layers]]

    def forward(self, latents: Float[Tensor, "n size"]) -> Float[Tensor, "n c side side"]:
        """Make images with fresh noise from the random state of the device."""
        return self.synthesise(self.spread(self.mapping(latents)), random_noise)

    def synthesise(self, styles: Styles, noise: Noise) -> Maps:
        """Make images of the resolution at which the network stands; see `Styled`."""
        start = self.constant.expand(len(styles), *self.constant.shape)
        x = before = start.contiguous(memory_format=torch.channels_last)
        for number, (block, side) in enumerate(zip(self.blocks, self.noise_sides, strict=False)):
            before = x if number % 2 == 0 else before
            style = styles[:, number]
            x = block(x, style, noise(style, side))
        image = self.to_image[self.level](x)
        return self.mixed(doubled(self.to_image[self.level - 1](before)), image) if self.fading else image


def mixed_styles(first: Styles, second: Styles, crossover: Tensor | int) -> Styles:
    """Return the styles `first` for the layers below `crossover`, and `second` from there on (section 3.1)."""
    below = torch.arange(first.shape[1], device=first.device) < crossover
    return torch.where(below[:, None], first, second)


def random_noise(style: Tensor, side: int) -> Tensor:
    """Draw fresh noise from the random state of the device."""
    return torch.randn(len(style), 1, side, side, device=style.device)


def no_noise(style: Tensor, side: int) -> Tensor:
    """Return zeros: the image is then a function of its styles alone."""
    return style.new_zeros(len(style), 1, side, side)


def given_noise(values: Float[Tensor, "n numbers"]) -> Noise:
    """Return a source of noise that deals out `values`, of which `numbers_of_noise` are needed, layer by layer."""
    position = 0

    def deal(style: Tensor, side: int) -> Tensor:
        nonlocal position
        part = values[:, position : position + side * side]
        position += side * side
        return part.reshape(len(style), 1, side, side)

    return deal


def generator(image_shape: tuple[int, int, int], latent_dim: int, width: int, mapping_layers: int) -> Generator:
    """Return StyleGAN's generator in the memory layout that is fast for convolutions."""
    return channels_last(Generator(image_shape, latent_dim, width, mapping_layers))
