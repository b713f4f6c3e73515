"""ProGAN's and StyleGAN's networks: parameter counts, a plain rewriting of the forward pass, and how they grow."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, leaky_relu
from torch.testing import assert_close

from gan_zoo.networks import progressive, style

IMAGE, LATENT, WIDTH = (3, 32, 32), 6, 8
BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).double() / 16


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


PROGAN = {32: (20_719_628, 20_726_785), 64: (22_490_383, 22_498_049), 128: (22_933_394, 22_941_313)}
PROGAN |= {256: (23_044_309, 23_052_353), 1024: (23_079_115, 23_087_249)}
STYLEGAN = {64: 25_137_935, 128: 25_843_858, 256: 26_086_229, 1024: 26_219_627}


@pytest.mark.parametrize("side", PROGAN)
def test_parameters_are_those_of_the_papers(side: int) -> None:
    """Counted in genforce/sefa, with the layers to and from images of all resolutions."""
    shape = (3, side, side)
    with torch.device("meta"):
        pair = progressive.Generator(shape, 512, 512), progressive.Discriminator(shape, 512, 16)
        assert tuple(map(count, pair)) == PROGAN[side]
        if side in STYLEGAN:
            generator = style.Generator(shape, 512, 512, 8)
            assert (count(generator), count(generator.mapping)) == (STYLEGAN[side], 2_101_248)
            assert count(progressive.Discriminator(shape, 512, 4, blur=True)) == PROGAN[side][1]


def randomised(network: Any) -> Any:
    """The network in float64, with no bias or strength left at 0."""
    torch.manual_seed(1)
    for p in network.parameters():
        p.data = p.data + 0.3 * torch.randn(p.shape)
    return network.double()


def pixel_norm(x: Tensor) -> Tensor:
    return x / ((x**2).mean(1, keepdim=True) + 1e-8) ** 0.5


def conv(x: Tensor, layer: Any, gain: float = math.sqrt(2)) -> Tensor:
    scale = gain / math.sqrt(layer.weight[0].numel())
    return conv2d(x, layer.weight * scale, layer.bias, padding=layer.weight.shape[-1] // 2)


def dense(x: Tensor, layer: Any, gain: float = math.sqrt(2), m: float = 1.0) -> Tensor:
    y = x @ (layer.weight.T * gain * m / math.sqrt(x.shape[1]))
    return y if layer.bias is None else y + layer.bias * m


def twice(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def blur(x: Tensor) -> Tensor:
    return conv2d(x, BLUR.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


def plain_progan(g: Any, z: Tensor, level: int, alpha: float) -> Tensor:
    x = dense(pixel_norm(z), g.dense, math.sqrt(2) / 4).reshape(len(z), -1, 4, 4) + g.bias
    x = pixel_norm(leaky_relu(x, 0.2))
    x = pixel_norm(leaky_relu(conv(x, g.first[0]), 0.2))
    images = [conv(x, g.to_image[0], 1.0)]
    for number in range(level):
        x = twice(x)
        for layer in g.blocks[number]:
            x = pixel_norm(leaky_relu(conv(x, layer[0]), 0.2))
        images.append(conv(x, g.to_image[number + 1], 1.0))
    return images[-1] if alpha == 1 else alpha * images[-1] + (1 - alpha) * twice(images[-2])


def plain_discriminator(d: Any, image: Tensor, level: int, alpha: float, smooth: bool) -> Tensor:
    x = leaky_relu(conv(image, d.from_image[level][0]), 0.2)
    for number in range(level, 0, -1):
        x = leaky_relu(conv(x, d.blocks[number - 1][0][0]), 0.2)
        if smooth:
            x = leaky_relu(avg_pool2d(conv(blur(x), d.blocks[number - 1][1]), 2), 0.2)
        else:
            x = avg_pool2d(leaky_relu(conv(x, d.blocks[number - 1][1]), 0.2), 2)
        if number == level:
            old = leaky_relu(conv(avg_pool2d(image, 2), d.from_image[level - 1][0]), 0.2)
            x = alpha * x + (1 - alpha) * old
    deviation = (x.var(0, correction=0) + 1e-8).sqrt().mean()  # all images are one group
    x = torch.cat([x, deviation.expand(len(x), 1, 4, 4)], 1)
    x = leaky_relu(conv(x, d.last[0][0]), 0.2).flatten(1)
    return dense(leaky_relu(dense(x, d.last[2][0]), 0.2), d.last[3], 1.0)[:, 0]


def plain_stylegan(g: Any, z: Tensor, level: int, alpha: float, noise: list[Tensor]) -> Tensor:
    w = pixel_norm(z)
    for layer in g.mapping[1::2]:
        w = leaky_relu(dense(w, layer, m=0.01), 0.2)
    x, images = g.constant.expand(len(z), -1, -1, -1), []
    for number, block in enumerate(g.blocks[: 2 * level + 2]):
        if number and number % 2 == 0:
            x = blur(conv(twice(x), block.convolution))
        elif number:
            x = conv(x, block.convolution)
        x = x + block.noise.strength[:, None, None] * noise[number] + block.bias
        x = leaky_relu(x, 0.2)
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
        s, b = dense(w, block.style.affine, 1.0).reshape(len(z), 2, -1, 1, 1).unbind(1)
        x = (x - mean) / (variance + 1e-8) ** 0.5 * (s + 1) + b
        if number % 2:
            images.append(conv(x, g.to_image[number // 2], 1.0))
    return images[-1] if alpha == 1 else alpha * images[-1] + (1 - alpha) * twice(images[-2])


STAGES = [(4, 1.0), (8, 0.25), (8, 1.0), (16, 0.5), (32, 0.0), (32, 1.0)]


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("stage", STAGES)
def test_the_networks_compute_what_the_papers_write(stage: tuple[int, float], n: int) -> None:
    side, alpha = stage
    level = int(math.log2(side)) - 2
    generator = randomised(progressive.generator(IMAGE, LATENT, WIDTH))
    z = torch.randn(n, LATENT).double()
    generator.grow(side, alpha)
    image = generator(z)
    assert image.shape == (n, 3, side, side)
    assert_close(image, plain_progan(generator, z, level, alpha))
    for smooth in (False, True):
        discriminator = randomised(progressive.discriminator(IMAGE, WIDTH, n, blur=smooth))
        discriminator.grow(side, alpha)
        assert_close(discriminator(image), plain_discriminator(discriminator, image, level, alpha, smooth))
    stylish = randomised(style.generator(IMAGE, LATENT, WIDTH, 3))
    stylish.grow(side, alpha)
    values = torch.randn(n, stylish.numbers_of_noise()).double()
    sizes = [4 << number // 2 for number in range(stylish.layers)]
    noise = [part.reshape(n, 1, s, s) for part, s in zip(values.split([s * s for s in sizes], 1), sizes, strict=True)]
    image = stylish.synthesise(stylish.spread(stylish.mapping(z)), style.given_noise(values))
    assert_close(image, plain_stylegan(stylish, z, level, alpha, noise))


def generators() -> list[Any]:
    return [progressive.generator(IMAGE, LATENT, WIDTH), style.generator(IMAGE, LATENT, WIDTH, 2)]


def draw(generator: Any, z: Tensor) -> Tensor:
    if isinstance(generator, progressive.Generator):
        return generator(z)
    return generator.synthesise(generator.spread(generator.mapping(z)), style.no_noise)


@pytest.mark.parametrize("kind", [0, 1], ids=["ProGAN", "StyleGAN"])
def test_a_new_level_begins_as_the_old_one_and_comes_in_on_a_line(kind: int) -> None:
    generator, z = generators()[kind], torch.randn(2, LATENT)
    generator.grow(8, 1.0)
    old = twice(draw(generator, z))
    generator.grow(16, 0.0)
    assert torch.equal(draw(generator, z), old), "exactly"
    generator.grow(16, 1.0)
    new = draw(generator, z)
    for alpha in (1e-6, 0.3, 1 - 1e-6):
        generator.grow(16, alpha)
        assert_close(draw(generator, z), (1 - alpha) * old + alpha * new)


def test_a_discriminator_begins_a_level_with_the_old_ones_scores() -> None:
    discriminator, image = progressive.discriminator(IMAGE, WIDTH, 2), torch.randn(2, 3, 16, 16)
    discriminator.grow(8, 1.0)
    old = discriminator(avg_pool2d(image, 2))
    discriminator.grow(16, 0.0)
    assert torch.equal(discriminator(image), old)


@pytest.mark.parametrize("kind", [0, 1], ids=["ProGAN", "StyleGAN"])
def test_a_state_dict_holds_where_a_network_stands(kind: int) -> None:
    first, second, z = generators()[kind], generators()[kind], torch.randn(2, LATENT)
    first.grow(16, 0.25)
    second.load_state_dict(first.state_dict())
    assert (second.resolution, second.fading, float(second.blend)) == (16, True, 0.25)
    assert torch.equal(draw(second, z), draw(first, z))
    copied = copy.deepcopy(first)
    first.grow(32, 1.0)
    assert (copied.resolution, copied.fading) == (16, True), "a copy stands on its own"


def test_a_new_generator_makes_images_of_the_order_of_one() -> None:
    """Every layer keeps the variance: equalised weights, and pixel norm."""
    torch.manual_seed(0)
    made = progressive.generator((3, 32, 32), 64, 64)(torch.randn(64, 64))
    assert 0.3 < made.detach().std() < 3


def test_style_k_leaves_what_coarser_layers_made() -> None:
    """A change of the style of layer 4, the first of 16 pixels, is seen in no map of 8 pixels or fewer."""
    generator = style.generator(IMAGE, LATENT, WIDTH, 2)
    styles = generator.spread(torch.randn(2, LATENT)).clone()
    maps: dict[int, list[Tensor]] = {number: [] for number in range(8)}
    for number, block in enumerate(generator.blocks):
        keep: Any = lambda _, __, output, number=number: maps[number].append(output.detach())  # noqa: E731
        block.register_forward_hook(keep)
    generator.synthesise(styles, style.no_noise)
    styles[:, 4] += 1
    generator.synthesise(styles, style.no_noise)
    assert [torch.equal(*maps[number]) for number in range(8)] == [True] * 4 + [False] * 4


def test_mixed_styles_are_the_first_below_the_crossover() -> None:
    first, second = torch.zeros(2, 6, 3), torch.ones(2, 6, 3)
    assert style.mixed_styles(first, second, torch.tensor(2))[0, :, 0].tolist() == [0, 0, 1, 1, 1, 1]
    assert torch.equal(style.mixed_styles(first, second, 6), first)


def test_noise_changes_an_image_and_none_leaves_it_to_the_styles() -> None:
    generator: Any = style.generator(IMAGE, LATENT, WIDTH, 2)
    for block in generator.blocks:
        block.noise.strength.data.fill_(0.1)
    styles = generator.spread(torch.randn(2, LATENT))
    still = [generator.synthesise(styles, style.no_noise) for _ in range(2)]
    assert torch.equal(*still)
    assert not torch.equal(*(generator.synthesise(styles, style.random_noise) for _ in range(2)))


def test_the_mean_style_is_an_average_of_minibatches() -> None:
    """Constant input m from 0: m (1 - 0.995^k) after k of them (recipes: 0.995 a batch)."""
    generator = style.generator(IMAGE, LATENT, WIDTH, 2)
    for _ in range(10):
        generator.track(torch.full((LATENT,), 3.0))
    assert_close(generator.mean_style, torch.full((LATENT,), 3 * (1 - 0.995**10)))
    assert generator.tracked == 10


def test_truncation_of_nought_is_the_mean_and_of_one_nothing() -> None:
    generator = style.generator(IMAGE, LATENT, WIDTH, 2)
    generator.track(torch.randn(LATENT))
    styles = torch.randn(2, 8, LATENT)
    assert_close(generator.truncated(styles, 0.0, 8), generator.mean_style.expand(2, 8, LATENT))
    assert torch.equal(generator.truncated(styles, 1.0, 8), styles)
    half = generator.truncated(styles, 0.5, 3)
    assert torch.equal(half[:, 3:], styles[:, 3:]), "the layers from 3 on are left alone"
    assert_close(half[:, :3], (styles[:, :3] + generator.mean_style) / 2)
