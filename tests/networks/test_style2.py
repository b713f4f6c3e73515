"""StyleGAN2's networks: parameter counts, a plain rewriting of the forward pass, and the variance at the start."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.networks import style, style2, style2_discriminator

IMAGE, LATENT, WIDTH = (3, 16, 16), 6, 8
FILTER = torch.tensor([1.0, 3, 3, 1]).double() / 8
COUNTS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, int]]] = {
    "F 1024": ({"side": 1024, "until": 64}, {}, (30_370_060, 29_012_513)),
    "E 1024": ({"side": 1024, "until": 32}, {}, (24_900_764, 24_038_161)),
    "full 256": ({"side": 256, "until": 64}, {}, (30_034_338, 28_864_129)),
    "paper256": ({"side": 256, "until": 32}, {}, (24_767_458, 24_001_089)),
    "auto 32": ({"side": 32, "until": 32, "mapping": 2}, {}, (19_947_539, 21_507_073)),
    "auto 64": ({"side": 64, "until": 32, "mapping": 2}, {}, (22_243_608, 23_407_361)),
    "auto 128": ({"side": 128, "until": 32, "mapping": 2}, {}, (22_949_277, 23_882_369)),
    "auto 256": ({"side": 256, "until": 32, "mapping": 2}, {}, (23_191_522, 24_001_089)),
    "cifar": ({"side": 32, "until": 64, "mapping": 2}, {"residual": False}, (19_947_539, 20_720_641)),
    "cifar, 10 classes": (
        {"side": 32, "until": 64, "mapping": 2, "classes": 10}, {"residual": False}, (20_215_315, 23_089_664)
    ),
}  # fmt: skip
"""Sizes, options of the discriminator, and the counts of both networks in public programs."""


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_those_of_the_papers(name: str) -> None:
    sizes, options, counts = COUNTS[name]
    shape, classes = (3, sizes["side"], sizes["side"]), sizes.get("classes", 0)
    with torch.device("meta"):
        generator = style2.Generator(shape, 512, 512, sizes["until"], sizes.get("mapping", 8), classes)
        options = {"residual": True} | options
        discriminator = style2_discriminator.Discriminator(
            shape, 512, sizes["until"], 4, num_classes=classes, **options
        )
    assert tuple(sum(p.numel() for p in net.parameters()) for net in (generator, discriminator)) == counts


def randomised(network: Any) -> Any:
    """The network in float64, with no bias or strength left at 0."""
    torch.manual_seed(1)
    for p in network.parameters():
        p.data = p.data + 0.3 * torch.randn(p.shape)
    return network.double()


def pixel_norm(x: Tensor) -> Tensor:
    return x / ((x**2).mean(1, keepdim=True) + 1e-8) ** 0.5


def active(x: Tensor) -> Tensor:
    return 2**0.5 * leaky_relu(x, 0.2)


def dense(x: Tensor, layer: Any, m: float = 1.0) -> Tensor:
    return x @ (layer.weight.T * m / math.sqrt(x.shape[1])) + layer.bias * m


def mapped(x: Tensor, layers: Any) -> Tensor:
    for layer in list(layers):
        if hasattr(layer, "weight"):
            x = active(dense(x, layer, 0.01))
    return x


def class_vector(label: Tensor, part: Any) -> Tensor:
    return pixel_norm(dense(torch.eye(3).double()[label], part.dense))


def smoothed(x: Tensor, up: int, before: int, after: int) -> Tensor:
    """Zeros after each pixel if up is 2, zeros around, and the filter along both axes."""
    if up == 2:
        spread = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]).double()
        spread[:, :, ::2, ::2] = x
        x = 4 * spread
    x = torch.nn.functional.pad(x, (before, after, before, after))
    kernel = (FILTER[:, None] * FILTER).expand(x.shape[1], 1, 4, 4)
    return conv2d(x, kernel, groups=x.shape[1])


def modulated(x: Tensor, w: Tensor, layer: Any, demodulate: bool, doubles: bool = False) -> Tensor:
    """One image at a time, with a weight of its own; doubling by zeros and the weight turned by 180 degrees."""
    weight = layer.convolution.weight / math.sqrt(layer.convolution.weight[0].numel())
    made = []
    for image, s in zip(x, dense(w, layer.affine), strict=True):
        own = weight * s[:, None, None]
        if demodulate:
            own = own / ((own**2).sum((1, 2, 3), keepdim=True) + 1e-8) ** 0.5
        image = image[None]
        if doubles:
            spread = torch.zeros(1, len(image[0]), 2 * image.shape[2] + 3, 2 * image.shape[3] + 3).double()
            spread[:, :, 2:-2:2, 2:-2:2] = image  # full convolution of 2 h - 1 rows with 3: 2 h + 1
            made.append(smoothed(4 * conv2d(spread, own.flip(2, 3)), 1, 1, 1))
        else:
            made.append(conv2d(image, own, padding=own.shape[-1] // 2))
    return torch.cat(made)


def plain_generator(g: Any, z: Tensor, label: Tensor | None, noise: list[Tensor], shifts: Tensor) -> Tensor:
    """The styles are moved by `shifts`, so that each layer has its own."""
    x = pixel_norm(z)
    if label is not None:
        x = torch.cat([x, class_vector(label, g.mapping.classes)], 1)
    w = mapped(x, g.mapping.layers) + shifts[:, None]
    x, image = g.constant.expand(len(z), -1, -1, -1), torch.zeros(())
    for number, block in enumerate(g.blocks):
        x = modulated(x, w[number], block.convolution, demodulate=True, doubles=number % 2 == 1)
        x = active(x + block.strength * noise[number] + block.bias)
        if number % 2 == 0:
            last = g.to_image[number // 2]
            image = smoothed(image, 2, 2, 1) if number else image
            image = image + modulated(x, w[number + 1], last.convolution, demodulate=False) + last.bias
    return image


def conv(x: Tensor, layer: Any, padding: int) -> Tensor:
    return conv2d(x, layer.weight / math.sqrt(layer.weight[0].numel()), layer.bias, padding=padding)


def plain_discriminator(d: Any, image: Tensor, label: Tensor | None) -> Tensor:
    x = active(conv(image, d.from_image, 0))
    for block in d.blocks:
        y = active(conv(x, block.first, 1))
        y = active(conv(smoothed(y, 1, 2, 2), block.second, 0)[:, :, ::2, ::2])
        if block.shortcut is not None:
            y = (y + conv(smoothed(x, 1, 1, 1), block.shortcut, 0)[:, :, ::2, ::2]) / 2**0.5
        x = y
    deviation = (x.var(0, correction=0) + 1e-8).sqrt().mean()  # all images are one group
    x = torch.cat([x, deviation.expand(len(x), 1, 4, 4)], 1)
    x = active(dense(active(conv(x, d.end[0], 1)).flatten(1), d.end[3]))
    x = dense(x, d.end[5])
    if label is None:
        return x[:, 0]
    return (x * mapped(class_vector(label, d.classes[0]), d.classes[1:])).sum(1) / x.shape[1] ** 0.5


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("residual", [True, False])
def test_the_networks_compute_what_the_paper_writes(n: int, classes: int, residual: bool) -> None:
    """`wide_until` 4 gives 8, 4 and 2 channels."""
    generator = randomised(style2.generator(IMAGE, LATENT, WIDTH, 4, 3, classes))
    discriminator = randomised(style2_discriminator.discriminator(IMAGE, WIDTH, 4, n, residual, classes))
    z, label = torch.randn(n, LATENT).double(), torch.arange(n) % 3 if classes else None
    assert (generator.layers, generator.noise_sides) == (6, [4, 8, 8, 16, 16])
    values = torch.randn(n, generator.numbers_of_noise()).double()
    parts = values.split([side**2 for side in generator.noise_sides], 1)
    noise = [part.reshape(n, 1, side, side) for part, side in zip(parts, generator.noise_sides, strict=True)]
    given = () if label is None else (label,)
    shifts = torch.randn(6, LATENT).double()
    image = generator.synthesise(generator.spread(generator.mapping(z, *given)) + shifts, style.given_noise(values))
    assert image.shape == (n, *IMAGE)
    assert_close(image, plain_generator(generator, z, label, noise, shifts))
    assert_close(discriminator(image, *given), plain_discriminator(discriminator, image, label))


@pytest.mark.parametrize("until", [16, 64])
def test_layers_keep_the_variance_at_the_start(until: int) -> None:
    """About 1 from layer to layer, however the width changes.

    Where a layer doubles the maps, 0.39 of white noise pass the filter (see the test of layers), and all of what is
    smooth. So the squares fall at first in the generator, and its images, which are sums, have a deviation of order 1.
    """
    torch.manual_seed(0)
    shape = (3, 64, 64)
    generator = style2.generator(shape, 64, 64, until, 8)
    discriminator = style2_discriminator.discriminator(shape, 64, until, 4)
    squares: list[float] = []

    def note(_: Any, __: Any, output: Tensor) -> None:
        squares.append(float(output.detach().square().mean()))

    for layer in (*generator.blocks, *discriminator.blocks):
        layer.register_forward_hook(note)
    with torch.no_grad():
        image = generator(torch.randn(8, 64))
        discriminator(torch.randn(8, *shape))
    made, judged = squares[:9], [1.0, *squares[9:]]
    assert len(squares) == 9 + 4 and 0.5 < made[0] < 2
    for number, (before, after) in enumerate(pairwise(made)):
        assert (0.25 if number % 2 == 0 else 0.5) < after / before < 1.5, number
    for before, after in pairwise(judged):
        assert 0.15 < after / before < 1.5
    assert 0.3 < image.std() < 3


def test_the_style_of_a_layer_changes_no_coarser_maps() -> None:
    """Style 3 is that of the image of 8 pixels and of the first convolution of 16."""
    torch.manual_seed(0)
    generator = style2.generator(IMAGE, LATENT, WIDTH, 32, 2)
    styles = generator.spread(torch.randn(1, LATENT)).clone()
    maps: list[list[Tensor]] = [[] for _ in generator.blocks]
    for kept, block in zip(maps, generator.blocks, strict=True):
        keep: Any = lambda _, __, output, kept=kept: kept.append(output.detach())  # noqa: E731
        block.register_forward_hook(keep)
    generator.synthesise(styles, style.no_noise)
    styles[:, 3] += 1
    generator.synthesise(styles, style.no_noise)
    assert [torch.equal(*pair) for pair in maps] == [True, True, True, False, False]


def test_the_image_is_added_up_in_float32_under_autocast() -> None:
    torch.manual_seed(0)
    generator = style2.generator(IMAGE, LATENT, WIDTH, 32, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert generator(torch.randn(2, LATENT)).dtype == torch.float32
        image = torch.randn(2, 3, 8, 8)
        enlarged = generator.enlarged(image)
    assert_close(enlarged.double(), smoothed(image.double(), 2, 2, 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 384, 512), (3, 48, 48), (3, 4, 4)])
def test_other_sizes_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(Mistake, match="doubles its images from 4 x 4 on"):
        style2.generator(shape, 4, 4, 32, 2)
    with pytest.raises(Mistake, match="doubles its images from 4 x 4 on"):
        style2_discriminator.discriminator(shape, 4, 32, 2)
