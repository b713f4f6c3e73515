"""StyleGAN2's generator, which adds up images of all resolutions.

At resolution r a network has min(wide_until width / r, width) channels. The papers' width is 512; `wide_until` is 64 in
configuration F and 32 in configuration E. A generator of r x r pixels has 2 log2(r) - 2 styles: the image of each
resolution shares its style with the next resolution's first convolution.
"""

from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_zoo.errors import Mistake
from gan_zoo.layers import (
    EqualisedLinear,
    Maps,
    ModulatedConv2d,
    PixelNorm,
    Rectifier,
    at_least_float32,
    binomial,
    channels_last,
    filtered,
    rectified,
)
from gan_zoo.networks.style import Noise, Styled, Styles, random_noise

Label = Int64[Tensor, " n"]
Shape = tuple[int, int, int]


def channels(image_shape: Shape, width: int, wide_until: int) -> list[int]:
    """Return the number of channels at each resolution, from 4 x 4 to that of the images.

    Raises:
        Mistake: The images are not squares of 8, 16, 32 ... pixels a side.
    """
    _, height, side = image_shape
    if height != side or side < 8 or side & (side - 1):
        raise Mistake(
            f"image_shape has {height} x {side} pixels, and StyleGAN2 doubles its images from 4 x 4 on: give it "
            "squares of a power of two from 8 on, such as data.resolution 128."
        )
    return [max(1, min(wide_until * width // (4 << level), width)) for level in range(side.bit_length() - 2)]


class ClassVector(nn.Module):
    """A vector for each class, with a mean square of 1 (Karras 2020, ADA, appendix).

    Args:
        num_classes: Number of classes.
        length: Length of the vector.
    """

    def __init__(self, num_classes: int, length: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.dense, self.norm = EqualisedLinear(num_classes, length, gain=1.0), PixelNorm()

    def forward(self, label: Label) -> Float[Tensor, "n length"]:
        return self.norm(self.dense(one_hot(label, self.num_classes).to(self.dense.weight.dtype)))


def mapping_layers(inputs: int, width: int, count: int) -> list[nn.Module]:
    """Return `count` fully connected layers, whose learning rate is a hundredth of the others'."""
    sizes = [inputs, *[width] * count]
    dense = [EqualisedLinear(*pair, gain=1.0, rate_multiplier=0.01) for pair in pairwise(sizes)]
    return [part for layer in dense for part in (layer, Rectifier())]


class Mapping(nn.Module):
    """The mapping network: latents, and classes if there are any, to styles.

    Args:
        latent_dim: Length of the latents and of the styles.
        count: Number of fully connected layers.
        num_classes: Number of classes; 0: none.
    """

    def __init__(self, latent_dim: int, count: int, num_classes: int) -> None:
        super().__init__()
        self.norm = PixelNorm()
        self.classes = ClassVector(num_classes, latent_dim) if num_classes else None
        inputs = 2 * latent_dim if num_classes else latent_dim
        self.layers = nn.Sequential(*mapping_layers(inputs, latent_dim, count))

    def forward(self, latents: Float[Tensor, "n size"], label: Label | None = None) -> Float[Tensor, "n size"]:
        x = self.norm(latents)
        return self.layers(x if self.classes is None else torch.cat([x, self.classes(label)], dim=1))


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias and rectifier (Karras 2020, Figure 2c).

    Args:
        inputs: Number of maps of the input.
        outputs: Number of maps of the output.
        style_dim: Length of a style.
        doubles: Whether the layer doubles the resolution.
    """

    def __init__(self, inputs: int, outputs: int, style_dim: int, doubles: bool) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(inputs, outputs, 3, style_dim, doubles=doubles)
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(
        self, x: Maps, style: Float[Tensor, "n style"], noise: Float[Tensor, "n 1 new_h new_w"]
    ) -> Float[Tensor, "n new_c new_h new_w"]:
        x = self.convolution(x, style)
        return rectified(x + self.strength * noise.to(x.dtype) + self.bias.to(x.dtype))


class ToImage(nn.Module):
    """Maps to an image, by a modulated convolution of 1 x 1 pixels without demodulation.

    Args:
        inputs: Number of maps.
        outputs: Channels of the image.
        style_dim: Length of a style.
    """

    def __init__(self, inputs: int, outputs: int, style_dim: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(inputs, outputs, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Maps, style: Float[Tensor, "n style"]) -> Float[Tensor, "n image h w"]:
        return self.convolution(x, style) + self.bias


class Generator(Styled):
    """StyleGAN2's generator. It is called with latents (and classes), or its parts are: `mapping` and `synthesise`.

    Args:
        image_shape: (channels, height, width) of the images.
        latent_dim: Length of the latents and of the styles.
        width: Channels at the smallest resolutions.
        wide_until: The last resolution with `width` channels, in pixels; each further doubling halves them.
        mapping_layers: Fully connected layers from a latent to a style.
        num_classes: Number of classes; 0: none.
    """

    kernel: Tensor

    def __init__(
        self, image_shape: Shape, latent_dim: int, width: int, wide_until: int, mapping_layers: int, num_classes: int
    ) -> None:
        super().__init__()
        widths = channels(image_shape, width, wide_until)
        self.last = image_shape[1]
        self.mapping = Mapping(latent_dim, mapping_layers, num_classes)
        self.constant = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.blocks = nn.ModuleList([StyledConv(widths[0], widths[0], latent_dim, doubles=False)])
        for before, now in pairwise(widths):
            self.blocks.append(StyledConv(before, now, latent_dim, doubles=True))
            self.blocks.append(StyledConv(now, now, latent_dim, doubles=False))
        self.to_image = nn.ModuleList(ToImage(now, image_shape[0], latent_dim) for now in widths)
        self.register_buffer("kernel", binomial(1, 3, 3, 1), persistent=False)
        self.keep_mean(latent_dim)

    @property
    def layers(self) -> int:
        return len(self.blocks) + 1

    @property
    def noise_sides(self) -> list[int]:
        return [4 << (number + 1) // 2 for number in range(len(self.blocks))]

    def style_weights(self) -> list[Float[Tensor, "_ style"]]:
        """Return the affine weights of all convolutions, and of the last image, whose style no convolution has."""
        parts = [*self.blocks, self.to_image[-1]]
        return [cast(StyledConv | ToImage, part).convolution.affine.weight for part in parts]

    def forward(self, latents: Float[Tensor, "n size"], label: Label | None = None) -> Float[Tensor, "n c h w"]:
        """Make images with fresh noise from the random state of the device."""
        return self.synthesise(self.spread(self.mapping(latents, label)), random_noise)

    def synthesise(self, styles: Styles, noise: Noise) -> Maps:
        start = self.constant.expand(len(styles), *self.constant.shape)
        x, image = start.contiguous(memory_format=torch.channels_last), None
        for number, (block, side) in enumerate(zip(self.blocks, self.noise_sides, strict=True)):
            style = styles[:, number]
            x = block(x, style, noise(style, side))
            if number % 2 == 0:
                added = at_least_float32(self.to_image[number // 2](x, styles[:, number + 1]))
                image = added if image is None else self.enlarged(image) + added
        return cast(Tensor, image)

    def enlarged(self, image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 2*h 2*w"]:
        """Double an image through the filter [1, 3, 3, 1], in its own precision under any autocast."""
        with torch.autocast(image.device.type, enabled=False):
            return filtered(image, self.kernel, up=2, before=2, after=1, gain=4.0)


def generator(
    image_shape: Shape, latent_dim: int, width: int, wide_until: int, mapping_layers: int, num_classes: int = 0
) -> Generator:
    """Return the generator in the memory layout that is fast for convolutions."""
    return channels_last(Generator(image_shape, latent_dim, width, wide_until, mapping_layers, num_classes))
