"""The U-Net that translates images (Isola 2017, section 3.2.1): each map of the way down also enters the way up.

All convolutions are 4 x 4 with stride 2: 8 halvings for images of 256 pixels (or a multiple), 7 for 128, 6 for 64.
Layers have the order of the authors' program (junyanz/pytorch-CycleGAN-and-pix2pix), so that its weights can be mapped
one to one, except batch norm's running statistics, which have no place here.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.layers import Maps
from gan_zoo.networks.pieces import PRESENT_NORMS, PresentNorm, gaussian, normed

WIDEST = 8
"""Largest number of channels of a level, in units of `width`."""
DROPPING = 4
"""The first level with dropout on the way up. All levels below it have dropout too, except the innermost."""


class UNet(nn.Module):
    """A network from an image to an image of the same size, with tanh at the end.

    Dropout is its only noise, so it is never turned off.

    Args:
        channels_in: Number of channels of the input images.
        channels_out: Number of channels of the output images.
        width: Number of channels next to the image; each halving doubles it, up to 8 times as many.
        halvings: Number of halvings, 2 or more. The image's sides must be multiples of 2 to this power.
        norm: Norm of all levels but the first and the innermost on the way down.
    """

    def __init__(
        self, channels_in: int, channels_out: int, width: int = 64, halvings: int = 8, norm: PresentNorm = "batch"
    ) -> None:
        super().__init__()
        self.stride = 2**halvings
        widths = [width * min(2**place, WIDEST) for place in range(halvings)]
        below = None
        for place in reversed(range(1, halvings)):
            below = Level(widths[place - 1], widths[place], below, norm, drops=DROPPING <= place < halvings - 1)
        assert below
        self.first = nn.Conv2d(channels_in, width, kernel_size=4, stride=2, padding=1, bias=norm != "batch")
        self.below = below
        last = nn.ConvTranspose2d(2 * width, channels_out, kernel_size=4, stride=2, padding=1)
        self.last = nn.Sequential(nn.ReLU(), last, nn.Tanh())
        gaussian(self)

    def forward(self, image: Maps, draws: torch.Generator | None = None) -> Float[Tensor, "n _ h w"]:
        """Translate the image.

        Args:
            image: (n, channels_in, h, w) in [-1, 1].
            draws: Random state from which dropout draws; None: the device's own.
        """
        return self.last(self.below(self.first(image), draws))


class Level(nn.Module):
    """One level: halve the size, apply the level below, double the size.

    The output is the input and as many new maps beside it.

    Args:
        channels: Number of input channels.
        inside: Number of channels at half the size.
        below: The next level; None: this level is the innermost.
        norm: Norm after both convolutions. The innermost level has none on the way down, because the smallest images
            have one pixel there.
        drops: Whether dropout sets half of the new maps' numbers to 0.
    """

    def __init__(self, channels: int, inside: int, below: "Level | None", norm: PresentNorm, drops: bool) -> None:
        super().__init__()
        convolution = {"kernel_size": 4, "stride": 2, "padding": 1, "bias": norm != "batch"}
        make_norm = PRESENT_NORMS[norm]
        halved = nn.Conv2d(channels, inside, **convolution)
        self.down = nn.Sequential(nn.LeakyReLU(0.2), halved, *normed(inside, make_norm if below else None))
        self.below = below
        doubled = nn.ConvTranspose2d(2 * inside if below else inside, channels, **convolution)
        self.up = nn.Sequential(nn.ReLU(), doubled, make_norm(channels))
        self.drops = drops

    def forward(self, x: Maps, draws: torch.Generator | None) -> Float[Tensor, "n 2*c h w"]:
        inner = self.down(x)
        maps = self.up(self.below(inner, draws) if self.below else inner)
        return torch.cat([x, dropout(maps, draws) if self.drops else maps], dim=1)


def dropout(x: Maps, draws: torch.Generator | None = None) -> Maps:
    """Set half of the numbers, drawn one by one, to 0, and double the others, in training and evaluation alike.

    Args:
        x: Maps, (n, c, h, w).
        draws: Random state to draw from, on any device; None: that of the device of `x`.
    """
    kept = torch.rand(x.shape, device=draws.device if draws else x.device, generator=draws) < 0.5
    return x * kept.to(x.device) * 2
