"""Networks from the appendices of papers on translation: pix2pix's generator, and both of CycleGAN's and StarGAN's.

Instance norm is PyTorch's, whose gradient is right in contiguous memory (channels-last, on a CPU, at batch 1, it is
wrong in 2.14.1). The layers of CycleGAN and StarGAN have the places of those in the authors' programs, so that our
weights load by name.
"""

import torch
from torch import Tensor, nn


class Sum(nn.Module):
    """A residual block: the sum of its input and a branch, which has the given name."""

    def __init__(self, name: str, *layers: nn.Module) -> None:
        super().__init__()
        self.add_module(name, nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        (branch,) = self.children()
        return x + branch(x)


class UNet(nn.Module):
    """Isola 2017, appendix 6.1.1, with our names: 4 x 4 convolutions of stride 2, dropout at levels of 512 channels.

    Args:
        width: Channels of the first level; the paper has 64.
        halvings: Number of levels; the paper has 8.
    """

    def __init__(self, width: int, halvings: int) -> None:
        super().__init__()
        below: nn.Module | None = None
        for place in range(halvings - 1, 0, -1):
            outside, inside = (width * min(2**depth, 8) for depth in (place - 1, place))
            below = UNetLevel(outside, inside, below, drops=below is not None and outside == 8 * width)
        assert below
        self.first, self.below = nn.Conv2d(3, width, 4, 2, 1, bias=False), below
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.below(self.first(x)))


class UNetLevel(nn.Module):
    """A halving, the levels below it, and a doubling. The output is the input and the result, concatenated."""

    def __init__(self, outside: int, inside: int, below: nn.Module | None, drops: bool) -> None:
        super().__init__()
        down = [nn.LeakyReLU(0.2), nn.Conv2d(outside, inside, 4, 2, 1, bias=False)]
        down += [nn.BatchNorm2d(inside, track_running_stats=False)] if below else []
        doubling = nn.ConvTranspose2d(2 * inside if below else inside, outside, 4, 2, 1, bias=False)
        self.down, self.below, self.drops = nn.Sequential(*down), below or nn.Identity(), drops
        self.up = nn.Sequential(nn.ReLU(), doubling, nn.BatchNorm2d(outside, track_running_stats=False))

    def forward(self, x: Tensor) -> Tensor:
        result = self.up(self.below(self.down(x)))
        if self.drops:
            result = torch.where(torch.rand(result.shape) < 0.5, result / 0.5, 0.0)
        return torch.cat([x, result], 1)


def cycle_generator(width: int, blocks: int) -> nn.Sequential:
    """Return c7s1-64, d128, d256, R256 times `blocks`, u128, u64, c7s1-3 with reflection (Zhu 2017, appendix 7.2)."""

    def normed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
        return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.ReLU()]

    k = width
    layers = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(3, k, 7))]
    layers += normed(nn.Conv2d(k, 2 * k, 3, 2, 1)) + normed(nn.Conv2d(2 * k, 4 * k, 3, 2, 1))
    for _ in range(blocks):
        first, second = (normed(nn.Conv2d(4 * k, 4 * k, 3)) for _ in range(2))
        layers += [Sum("conv_block", nn.ReflectionPad2d(1), *first, nn.ReflectionPad2d(1), *second[:2])]
    layers += normed(nn.ConvTranspose2d(4 * k, 2 * k, 3, 2, 1, 1)) + normed(nn.ConvTranspose2d(2 * k, k, 3, 2, 1, 1))
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(k, 3, 7), nn.Tanh())


def cycle_discriminator(width: int, halvings: int) -> nn.Sequential:
    """Return C64-C128-C256-C512 and a score; C64 has no norm (Zhu 2017, appendix 7.2). This has three halvings."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for place in range(1, halvings + 1):
        into, out, stride = width * 2 ** (place - 1), width * 2**place, 2 if place < halvings else 1
        layers += [nn.Conv2d(into, out, 4, stride, 1), nn.InstanceNorm2d(out), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width * 2**halvings, 1, 4, 1, 1))


class StarGenerator(nn.Module):
    """Choi 2018, Table 4. The label is concatenated to the image as constant maps; borders are padded with zeros."""

    def __init__(self, labels: int, width: int, blocks: int) -> None:
        super().__init__()

        def normed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
            return [convolution, nn.InstanceNorm2d(convolution.out_channels, affine=True), nn.ReLU()]

        k = width
        layers = normed(nn.Conv2d(3 + labels, k, 7, 1, 3, bias=False))
        layers += normed(nn.Conv2d(k, 2 * k, 4, 2, 1, bias=False)) + normed(
            nn.Conv2d(2 * k, 4 * k, 4, 2, 1, bias=False)
        )
        for _ in range(blocks):
            first, second = (normed(nn.Conv2d(4 * k, 4 * k, 3, 1, 1, bias=False)) for _ in range(2))
            layers += [Sum("main", *first, *second[:2])]
        layers += normed(nn.ConvTranspose2d(4 * k, 2 * k, 4, 2, 1, bias=False))
        layers += normed(nn.ConvTranspose2d(2 * k, k, 4, 2, 1, bias=False))
        self.main = nn.Sequential(*layers, nn.Conv2d(k, 3, 7, 1, 3, bias=False), nn.Tanh())

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        maps = label[:, :, None, None].repeat(1, 1, *x.shape[2:])
        return self.main(torch.cat([x, maps], 1))


class StarDiscriminator(nn.Module):
    """Choi 2018, Table 5. It returns scores of patches and logits for the labels of the whole image."""

    def __init__(self, size: int, labels: int, width: int, halvings: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.01)]
        for place in range(1, halvings):
            layers += [nn.Conv2d(width * 2 ** (place - 1), width * 2**place, 4, 2, 1), nn.LeakyReLU(0.01)]
        deepest = width * 2 ** (halvings - 1)
        self.main = nn.Sequential(*layers)
        self.conv1 = nn.Conv2d(deepest, 1, 3, 1, 1, bias=False)
        self.conv2 = nn.Conv2d(deepest, labels, size // 2**halvings, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.main(x)
        return self.conv1(features), self.conv2(features)[:, :, 0, 0]
