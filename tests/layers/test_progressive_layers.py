"""ProGAN's and StyleGAN's layers, each against values worked out by hand or an independent program."""

import math
from typing import Any

import pytest
import scipy.signal
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import conv2d, interpolate
from torch.testing import assert_close

from gan_zoo import layers

DOUBLE: Any = {"dtype": torch.float64}


def test_an_equalised_weight_is_drawn_from_n_0_1_and_scaled_where_it_is_used() -> None:
    """8 inputs and a 3 x 3 kernel make a fan-in of 72; the bias is added as it is."""
    torch.manual_seed(0)
    layer = layers.EqualisedConv2d(8, 500, 3)
    weight = layer.weight.detach()
    assert_close(weight.std(), torch.tensor(1.0), atol=0.02, rtol=0)  # 36,000 draws: standard error 0.004
    assert layer.bias is not None
    layer.bias.data.normal_()
    x = torch.randn(2, 8, 5, 6)
    expected = conv2d(x, weight * math.sqrt(2 / 72), layer.bias, padding=1)
    assert_close(layer(x), expected)


def test_a_rate_multiplier_leaves_the_function_and_shortens_the_steps_of_the_function() -> None:
    """With m = 0.01 the weights are stored 100 times larger, so a step of Adam moves what is used 0.01 times as far."""
    moved = []
    for m in (1.0, 0.01):
        torch.manual_seed(0)
        layer = layers.EqualisedLinear(20, 300, rate_multiplier=m)
        weight, _ = layer.scaled()
        assert_close(weight.std(), torch.tensor(math.sqrt(2 / 20)), atol=0.01, rtol=0)
        before = [part.detach().clone() for part in layer.scaled() if part is not None]
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
        layer(torch.ones(1, 20)).sum().backward()
        optimizer.step()
        moved.append([(a - b).abs().mean() for a, b in zip(layer.scaled(), before, strict=True) if a is not None])
    for ordinary, slow in zip(*moved, strict=True):
        assert_close(slow / ordinary, torch.tensor(0.01), rtol=1e-3, atol=0)


def test_an_equalised_network_keeps_the_variance_of_its_input() -> None:
    """He's gain: a rectifier halves the second moment, and the gain of sqrt(2) doubles it."""
    torch.manual_seed(0)
    x = torch.randn(64, 1024)
    for _ in range(3):
        x = layers.EqualisedLinear(1024, 1024)(x).relu()
    # The 1,024 squares of a layer have a standard deviation of about 2: three layers wander by 2 sqrt(3 / 1024) = 0.11.
    assert_close(x.square().mean(), torch.tensor(1.0), atol=0.25, rtol=0)


def test_pixel_norm_gives_each_pixel_a_mean_square_of_one() -> None:
    x = torch.randn(2, 7, 3, 4, **DOUBLE)
    y = layers.PixelNorm()(x)
    assert_close(y.square().mean(1), torch.ones(2, 3, 4, **DOUBLE), atol=1e-6, rtol=0)  # 1e-8 is added to the square
    assert_close(y, x / (x.square().sum(1, keepdim=True) / 7 + 1e-8).sqrt())
    assert layers.PixelNorm()(torch.zeros(1, 4)).eq(0).all()
    assert layers.PixelNorm()(torch.randn(2, 8).bfloat16()).dtype == torch.bfloat16


def test_the_deviation_of_a_group_is_one_number_on_a_map_of_its_own() -> None:
    x = torch.randn(6, 3, 2, 2, **DOUBLE)
    y = layers.minibatch_deviation(x, group=3)
    assert_close(y[:, :3], x, rtol=0, atol=0)
    for first in range(2):  # images 0, 2, 4 and 1, 3, 5 are groups
        group = x[first::2]
        variance = ((group - group.mean(0)) ** 2).sum(0) / 3
        assert_close(y[first::2, 3], (variance + 1e-8).sqrt().mean().expand(3, 2, 2))


@pytest.mark.parametrize(("n", "group", "size"), [(14, 4, 2), (6, 16, 6), (5, 4, 1), (8, 4, 4)])
def test_a_group_is_the_largest_divisor_that_fits(n: int, group: int, size: int) -> None:
    x = torch.zeros(n, 1, 1, 1)
    x[0] = 1.0  # only the group of the first image differs
    differs = layers.minibatch_deviation(x, group)[:, 1, 0, 0] > 1e-3
    assert differs.sum() == (size if size > 1 else 0)


def test_equal_images_have_a_deviation_of_zero_but_for_epsilon() -> None:
    x = torch.randn(1, 3, 4, 4).expand(8, 3, 4, 4)
    assert_close(layers.minibatch_deviation(x, 4)[:, 3], torch.full((8, 4, 4), 1e-4), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("up", "down", "before", "after"), [(1, 1, 1, 1), (2, 1, 2, 1), (1, 2, 1, 1), (2, 1, 3, 3), (3, 2, 0, 4)]
)
def test_filtering_is_that_of_scipy(up: int, down: int, before: int, after: int) -> None:
    """scipy.signal.upfirdn convolves whole, with len(kernel) - 1 zeros on each side; ours are chosen."""
    kernel = torch.tensor([1.0, 3.0, 3.5, 1.0], **DOUBLE)
    x = torch.randn(1, 1, 7, 5, **DOUBLE)
    ours = layers.filtered(x, kernel, up=up, down=down, before=before, after=after, gain=4.0)

    def along(values: Tensor, axis: int) -> Tensor:
        spread = torch.zeros(*(s * up if i == axis else s for i, s in enumerate(values.shape)), **DOUBLE)
        spread.movedim(axis, 0)[::up] = values.movedim(axis, 0)
        whole = torch.from_numpy(scipy.signal.upfirdn(kernel.numpy(), spread.numpy(), axis=axis))
        offset = len(kernel) - 1 - before
        length = spread.shape[axis] + before + after - len(kernel) + 1
        padded = torch.cat([whole, torch.zeros_like(whole)], axis).movedim(axis, 0)
        picked = padded[[i + offset for i in range(length)]] if offset >= 0 else padded[:length]
        return picked[::down].movedim(0, axis)

    assert_close(ours[0, 0], 4 * along(along(x[0, 0], 0), 1))


def test_a_blur_spreads_a_point_by_its_kernel_and_keeps_the_brightness() -> None:
    x = torch.zeros(1, 2, 5, 5)
    x[0, 1, 2, 2] = 16.0
    y = layers.blurred(x, layers.binomial(1, 2, 1))
    assert_close(y[0, 1, 1:4, 1:4], torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]))
    assert y[0, 0].eq(0).all() and y.sum() == 16
    assert torch.equal(layers.filtered(x, torch.ones(1)), x), "a kernel of one tap"


def test_doubled_and_halved_are_each_others_way_back() -> None:
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(layers.doubled(x), x.repeat_interleave(2, 2).repeat_interleave(2, 3))
    assert_close(layers.halved(layers.doubled(x)), x)
    assert_close(layers.halved(x), interpolate(x, scale_factor=0.5, mode="area"))


def test_noise_is_added_with_one_strength_for_each_channel() -> None:
    layer = layers.NoiseInjection(3)
    x, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 1, 4, 4)
    assert torch.equal(layer(x, noise), x), "it starts without"
    layer.strength.data = torch.tensor([0.0, 1.0, -2.0])
    assert_close(layer(x, noise) - x, torch.cat([0 * noise, noise, -2 * noise], 1))


def test_a_style_sets_mean_and_deviation_of_each_map() -> None:
    """(s, b) is an affine function of the style; a map has deviation |s + 1| and mean b then."""
    torch.manual_seed(0)
    layer = layers.StyleModulation(3, 5).double()
    assert layer.affine.bias is not None
    layer.affine.bias.data = torch.randn(6, **DOUBLE)
    x, style = torch.randn(2, 3, 6, 6, **DOUBLE), torch.randn(2, 5, **DOUBLE)
    made = style @ layer.affine.weight.T / math.sqrt(5) + layer.affine.bias
    y = layer(x, style)
    assert_close(y.mean((2, 3)), made[:, 3:])
    assert_close(y.std((2, 3), correction=0), (made[:, :3] + 1).abs(), rtol=1e-6, atol=0)  # 1e-8 beside the variance


@pytest.mark.parametrize(
    "layer",
    [
        layers.EqualisedConv2d(2, 3, 3),
        layers.PixelNorm(),
        layers.StyleModulation(2, 2),
        lambda x: layers.minibatch_deviation(x, 2),
        lambda x: layers.filtered(x, layers.binomial(1, 3, 3, 1).double(), up=2, before=2, after=1),
        lambda x: layers.filtered(x, layers.binomial(1, 3, 3, 1).double(), down=2, before=1, after=1),
        lambda x: layers.halved(layers.doubled(x)),
    ],
    ids=["convolution", "pixel norm", "style", "deviation", "up", "down", "halved"],
)
@pytest.mark.parametrize("n", [1, 2])
def test_layers_can_be_differentiated_twice(layer: nn.Module, n: int) -> None:
    """R1 and WGAN-GP's penalty differentiate through all of them."""
    torch.manual_seed(0)
    if isinstance(layer, nn.Module):
        layer.double()
    style = (torch.randn(n, 2, **DOUBLE, requires_grad=True),) if isinstance(layer, layers.StyleModulation) else ()
    x = torch.randn(n, 2, 4, 4, **DOUBLE, requires_grad=True)
    assert gradcheck(layer, (x, *style)) and gradgradcheck(layer, (x, *style))
