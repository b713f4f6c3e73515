"""CycleGAN's generator, from Johnson 2016: two halvings, residual blocks, two doublings (Zhu 2017, appendix 7.2).

Layers have the names of the authors' program. A state dict of that program loads once `model.` is removed from its keys
and the running statistics of its norms (`running_mean`, `running_var`, `num_batches_tracked`), if it has any, are left
out: no norm here keeps them.
Instance norm after the first convolution removes an image's mean colour and its contrast. A translator therefore makes
the same image from x and from 0.5 x + 0.2, and has to guess the exposure from the image's content. Layer norm keeps
both.
"""

from torch import nn

from gan_zoo.errors import Mistake
from gan_zoo.networks.pieces import PRESENT_NORMS, Maps, PresentNorm, gaussian

STRIDE, LEAST_SIDE = 4, 8


def translator(
    channels_in: int, channels_out: int, width: int = 64, blocks: int = 9, norm: PresentNorm = "instance"
) -> nn.Sequential:
    """Return a network from images (n, channels_in, h, w) to images (n, channels_out, h, w) in [-1, 1].

    `check_size` refuses other sizes.

    Args:
        channels_in: Number of channels of the input images.
        channels_out: Number of channels of the output images.
        width: Number of channels next to the images; the residual blocks have four times as many.
        blocks: Number of residual blocks: 9 for images of 256 pixels and more, 6 for 128.
        norm: Norm after every convolution but the last.
    """
    bias = norm != "batch"
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(channels_in, width, kernel_size=7, bias=bias)]
    layers += [PRESENT_NORMS[norm](width), nn.ReLU(inplace=True)]
    for into in (width, 2 * width):
        halving = nn.Conv2d(into, 2 * into, kernel_size=3, stride=2, padding=1, bias=bias)
        layers += [halving, PRESENT_NORMS[norm](2 * into), nn.ReLU(inplace=True)]
    layers += [Residual(4 * width, norm) for _ in range(blocks)]
    for out in (2 * width, width):
        doubling = nn.ConvTranspose2d(2 * out, out, kernel_size=3, stride=2, padding=1, output_padding=1, bias=bias)
        layers += [doubling, PRESENT_NORMS[norm](out), nn.ReLU(inplace=True)]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels_out, kernel_size=7), nn.Tanh()]
    return gaussian(nn.Sequential(*layers))


class Residual(nn.Module):
    """Two 3 x 3 convolutions on reflected borders, whose output is added to their input."""

    def __init__(self, channels: int, norm: PresentNorm) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, kernel_size=3, bias=norm != "batch") for _ in range(2))
        norms = [PRESENT_NORMS[norm](channels) for _ in range(2)]
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), first, norms[0], nn.ReLU(inplace=True), nn.ReflectionPad2d(1), second, norms[1]
        )

    def forward(self, x: Maps) -> Maps:
        return x + self.conv_block(x)


def check_size(height: int, width: int) -> None:
    """Raise `Mistake` for a size that a translator would change, or that is too small for reflected borders.

    Raises:
        Mistake: A side is not a multiple of 4, or is less than 8.
    """
    if height % STRIDE or width % STRIDE or min(height, width) < LEAST_SIDE:
        raise Mistake(
            f"Images of {width} x {height} pixels: CycleGAN's generator takes sides that are multiples of {STRIDE}, "
            f"{LEAST_SIDE} or more; resize them or cut them."
        )
