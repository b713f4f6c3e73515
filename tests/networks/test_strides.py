"""Strided layers: response to a delta image, TensorFlow's padding by definition, doubling as halving's transpose."""

from math import ceil

import pytest
import torch
from torch import nn
from torch.nn.functional import pad
from torch.testing import assert_close

from gan_zoo.networks.conv5 import symmetric_doubled, symmetric_halved
from gan_zoo.networks.pieces import doubled, glorot, halved, uniform


def joined(layers, weight):
    """Return the layers as one module in float64, with this kernel."""
    network = nn.Sequential(*layers).double()
    with torch.no_grad():
        network[-1 if isinstance(network[-1], nn.Conv2d) else 0].weight.copy_(weight)  # pyright: ignore
    return network


def kernel(size):
    return torch.arange(1.0, size * size + 1, dtype=torch.float64).view(1, 1, size, size)


# SAME pads one pixel less before an even image than after it: 1 of 3 for a kernel of 5, 0 of 1 for a kernel of 3.
@pytest.mark.parametrize(
    ("strided", "kernel_size", "before"), [(doubled, 5, 1), (doubled, 3, 0), (symmetric_doubled, 5, 2)]
)
@pytest.mark.parametrize("size", [8, 7])
def test_a_transposed_convolution_lays_its_kernel_around_a_delta(strided, kernel_size, before, size):
    layer = joined(strided(1, 1, kernel_size=kernel_size, size=size, bias=False), kernel(kernel_size))
    delta = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    delta[0, 0, 1, 2] = 1
    expected = torch.zeros(1, 1, size, size, dtype=torch.float64)
    for i in range(kernel_size):
        for j in range(kernel_size):
            row, column = 2 * 1 - before + i, 2 * 2 - before + j
            if 0 <= row < size and 0 <= column < size:
                expected[0, 0, row, column] = i * kernel_size + j + 1
    assert_close(layer(delta), expected)


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("size", [7, 8, 13, 28])
def test_halving_pads_as_tensorflow_does(kernel_size, size):
    """TensorFlow's documentation: out = ceil(n / s), padding max((out - 1) s + k - n, 0), the odd pixel at the end."""
    torch.manual_seed(0)
    image, weight = torch.randn(2, 1, size, size).double(), kernel(kernel_size)
    out = ceil(size / 2)
    both = max((out - 1) * 2 + kernel_size - size, 0)
    padded = pad(image, (both // 2, both - both // 2) * 2)
    expected = torch.stack(
        [
            (padded[..., 2 * i : 2 * i + kernel_size, 2 * j : 2 * j + kernel_size] * weight).sum((1, 2, 3))
            for i in range(out)
            for j in range(out)
        ],
        dim=1,
    ).view(2, 1, out, out)
    assert_close(joined(halved(1, 1, kernel_size=kernel_size, size=size, bias=False), weight)(image), expected)


@pytest.mark.parametrize(
    ("half", "double", "kernel_size", "size"),
    [(halved, doubled, 5, 8), (halved, doubled, 3, 8), (symmetric_halved, symmetric_doubled, 5, 8),
     (symmetric_halved, symmetric_doubled, 5, 7)],
)  # fmt: skip
def test_doubling_is_the_transpose_of_halving(half, double, kernel_size, size):
    """<A x, y> = <x, A' y>."""
    torch.manual_seed(0)
    x, y = torch.randn(1, 1, size, size).double(), torch.randn(1, 1, 4, 4).double()
    down = joined(half(1, 1, kernel_size=kernel_size, size=size, bias=False), kernel(kernel_size))
    up = joined(double(1, 1, kernel_size=kernel_size, size=size, bias=False), kernel(kernel_size))
    assert_close((down(x) * y).sum(), (x * up(y)).sum())


def test_an_odd_size_is_the_even_one_without_its_last_row_and_column():
    """WGAN-GP's program for digits cuts 8 x 8 maps to 7 x 7 in this way."""
    x = torch.randn(2, 1, 4, 4).double()
    eight, seven = (joined(doubled(1, 1, kernel_size=5, size=size, bias=False), kernel(5)) for size in (8, 7))
    assert_close(seven(x), eight(x)[..., :7, :7])


@pytest.mark.parametrize(
    ("layer", "variance"),
    [
        (nn.Linear(128, 4096), 2 / (128 + 4096)),
        (nn.Conv2d(64, 128, kernel_size=5, stride=2), 2 / (64 * 25 + 128 * 25 / 4)),
        (nn.Conv2d(64, 128, kernel_size=3), 2 / (64 * 9 + 128 * 9)),
        (nn.ConvTranspose2d(256, 128, kernel_size=5, stride=2), 2 / (256 * 25 / 4 + 128 * 25)),
    ],
)
@pytest.mark.parametrize("gain", [1.0, 2**0.5])
def test_glorot_counts_the_inputs_of_an_output_and_the_outputs_of_an_input(layer, variance, gain):
    torch.manual_seed(0)
    glorot(layer, gain=gain)
    deviation = gain * variance**0.5
    # The deviation of at least 73,728 uniform weights has a standard error of 0.17 %; six of them are allowed.
    assert_close(layer.weight.std().item(), deviation, rtol=0.01, atol=0)
    assert layer.weight.abs().max() <= deviation * 3**0.5
    assert not layer.bias.any()


def test_uniform_weights_have_the_given_deviation():
    torch.manual_seed(0)
    layer = nn.Linear(300, 300)
    uniform(layer, deviation=0.02)
    assert_close(layer.weight.std().item(), 0.02, rtol=0.01, atol=0)
    assert 0.0346 < layer.weight.abs().max() <= 0.02 * 3**0.5
    assert not layer.bias.any()
