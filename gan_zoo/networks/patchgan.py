"""PatchGAN: a discriminator that scores patches, each by itself (Isola 2017, section 3.2.2; also in CycleGAN).

It treats an image as a field of patches that are independent beyond a patch's width; the loss is the mean over patches.
`layers` convolutions of stride 2 make patches of 16 (1), 34 (2), 70 (3), 142 (4) or 286 pixels (5). With 0 layers it is
the PixelGAN, which scores the colour of each pixel. Layers have the order of the authors' programs, so that their
weights can be mapped one to one, except batch norm's running statistics, which have no place here.
"""

from functools import partial
from itertools import pairwise

from torch import nn

from gan_zoo.errors import Mistake
from gan_zoo.networks.pieces import PRESENT_NORMS, PresentNorm, gaussian, normed


def patchgan(channels: int, width: int = 64, layers: int = 3, norm: PresentNorm = "batch") -> nn.Sequential:
    """Return a network from images (n, channels, h, w) to scores (n, 1, h', w'), one per patch.

    Args:
        channels: Number of channels of the images, or of both together if it scores pairs.
        width: Number of channels after the first convolution; each further one doubles it, up to 8 times as many.
        layers: Number of convolutions of stride 2; 0: all convolutions are 1 x 1.
        norm: Norm after all convolutions but the first and the last.
    """
    widths = [width * min(2**place, 8) for place in range(max(layers, 1) + 1)]
    strides = [*[2] * layers, 1, 1]
    convolution = partial(nn.Conv2d, kernel_size=4, padding=1) if layers else partial(nn.Conv2d, kernel_size=1)
    bias = norm != "batch"
    parts: list[nn.Module] = []
    for place, (into, out) in enumerate(pairwise([channels, *widths])):
        parts += [convolution(into, out, stride=strides[place], bias=bias or not place)]
        parts += [*normed(out, PRESENT_NORMS[norm] if place else None), nn.LeakyReLU(0.2)]
    return gaussian(nn.Sequential(*parts, convolution(widths[-1], 1, bias=bias or layers > 0)))


def least_side(layers: int) -> int:
    """Return the height and width, in pixels, of the smallest image that has a patch."""
    return 3 * 2**layers if layers else 1


def refuse_small(height: int, width: int, layers: int) -> None:
    """Raise `Mistake` for images that are too small to have a patch.

    Raises:
        Mistake: An image is too small. The message gives the size needed.
    """
    if min(height, width) < least_side(layers):
        raise Mistake(
            f"Images of {width} x {height} pixels are too small for model.discriminator_layers {layers}, which needs "
            f"{least_side(layers)}: choose fewer."
        )
