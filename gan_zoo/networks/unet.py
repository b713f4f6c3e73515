"""The U-Net that translates images (Isola 2017, section 3.2.1): every map of the way down is seen on the way up.

Convolutions of 4 x 4 and stride 2 all through: 8 halvings for images of 256 pixels (or a multiple), 7 for 128, 6 for
64. Layers have the order of the authors' program (junyanz/pytorch-CycleGAN-and-pix2pix), so that its weights can be
mapped one to one, but for batch norm's running statistics, which have no place here.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.layers import Maps
from gan_zoo.networks.pieces import PRESENT_NORMS, PresentNorm, gaussian, normed

WIDEST = 8
"""Times `width`, the most channels that a level has."""
DROPPING = 4
"""The first level that drops half of what it makes on the way up; all further ones do but the innermost."""


class UNet(nn.Module):
    """An image to an image of its size, with tanh at the end. Dropout is the only noise, so it is never turned off.

    Args:
        channels_in: of the images that come.
        channels_out: of those that go.
        width: channels next to the image; they double at each halving, up to 8 times as many.
        halvings: of the image's sides, which are multiples of 2 to this power; 2 or more.
        norm: of all levels but the first on the way down, and the innermost.
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
        """The image translated.

        Args:
            image: (n, channels_in, h, w) in [-1, 1].
            draws: what dropout draws from; None: the device's own random state.
        """
        return self.last(self.below(self.first(image), draws))


class Level(nn.Module):
    """Half the size, what is below, and back: what comes in, and beside it as many maps that were made of it.

    Args:
        channels: that come in.
        inside: at half the size.
        below: the next level; None: this is the innermost.
        norm: after both convolutions; the innermost, of one pixel for the smallest images, has none on the way down.
        drops: whether half of what is made is dropped.
    """

    def __init__(self, channels: int, inside: int, below: "Level | None", norm: PresentNorm, drops: bool) -> None:
        super().__init__()
        convolution = {"kernel_size": 4, "stride": 2, "padding": 1, "bias": norm != "batch"}
        made = PRESENT_NORMS[norm]
        halved = nn.Conv2d(channels, inside, **convolution)
        self.down = nn.Sequential(nn.LeakyReLU(0.2), halved, *normed(inside, made if below else None))
        self.below = below
        doubled = nn.ConvTranspose2d(2 * inside if below else inside, channels, **convolution)
        self.up = nn.Sequential(nn.ReLU(), doubled, made(channels))
        self.drops = drops

    def forward(self, x: Maps, draws: torch.Generator | None) -> Float[Tensor, "n 2*c h w"]:
        inner = self.down(x)
        made = self.up(self.below(inner, draws) if self.below else inner)
        return torch.cat([x, dropout(made, draws) if self.drops else made], dim=1)


def dropout(x: Maps, draws: torch.Generator | None = None) -> Maps:
    """Half of the numbers, drawn one by one, are 0, and the others doubled: whatever the mode, for it is the noise.

    Args:
        x: (n, c, h, w).
        draws: what is drawn from, on whichever device it is; None: the random state of x's.
    """
    kept = torch.rand(x.shape, device=draws.device if draws else x.device, generator=draws) < 0.5
    return x * kept.to(x.device) * 2
