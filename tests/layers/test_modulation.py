"""StyleGAN2's layers: both forms of a modulated convolution, and points that go up and down through the filter."""

from collections.abc import Callable
from typing import Any

import pytest
import scipy.signal
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from gan_zoo import layers

DOUBLE: Any = {"dtype": torch.float64}
FILTER = layers.binomial(1, 3, 3, 1).double()
SQUARE = (FILTER[:, None] * FILTER).numpy()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("doubles", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_both_forms_are_one_function(
    dtype: torch.dtype, tolerance: float, n: int, doubles: bool, demodulate: bool, size: int
) -> None:
    """They and their gradients agree to 1e-5 in float32 and to 1e-12 in float64, relative to the largest number."""
    torch.manual_seed(0)
    x, style = torch.randn(n, 5, 6, 6, dtype=dtype), torch.randn(n, 5, dtype=dtype)
    weight = torch.randn(4, 5, size, size, dtype=dtype)
    inputs = tuple(part.requires_grad_() for part in (x, weight, style))
    kernel = FILTER.to(dtype) if doubles else None
    results = []
    for form in (layers.modulated, layers.modulated_grouped):
        y = form(x, weight, style, demodulate, kernel)
        assert y.shape == ((n, 4, 12, 12) if doubles else (n, 4, 6, 6))
        results.append([y.detach(), *torch.autograd.grad(y.sin().sum(), inputs)])
    for scaled, grouped in zip(*results, strict=True):
        assert_close(scaled, grouped, rtol=0, atol=tolerance * float(grouped.abs().max()))


def test_modulation_is_written_out_for_one_image() -> None:
    """Eq. 1 and 3: w'_ijk = s_i w_ijk, and w''_ijk = w'_ijk / sqrt(sum over i, k of w'^2 + 1e-8)."""
    torch.manual_seed(0)
    x, weight, style = torch.randn(1, 3, 4, 4, **DOUBLE), torch.randn(2, 3, 3, 3, **DOUBLE), torch.randn(1, 3, **DOUBLE)
    scaled = weight * style[0, None, :, None, None]
    normalised = scaled / ((scaled**2).sum((1, 2, 3), keepdim=True) + 1e-8) ** 0.5
    assert_close(layers.modulated(x, weight, style), torch.nn.functional.conv2d(x, normalised, padding=1))


def test_demodulation_keeps_the_variance_of_white_noise_whatever_the_style() -> None:
    torch.manual_seed(0)
    style = torch.tensor([[0.01], [3.0], [-50.0]]) * torch.rand(3, 64)
    y = layers.modulated(torch.randn(3, 64, 32, 32), torch.randn(64, 64, 3, 3), style)
    inside = y[:, :, 1:-1, 1:-1]  # the border sees padding
    # 57,600 values an image, of maps that are correlated over 3 x 3 pixels and 64 channels: the error is about 0.02
    assert_close(inside.std((1, 2, 3)), torch.ones(3), atol=0.05, rtol=0)


def test_doubling_lets_four_tenths_of_white_noise_pass() -> None:
    """The zeros leave a quarter of its variance; the filter, 4 of [1, 3, 3, 1] / 8 in two directions, has the energy
    16 (20 / 64)^2, so the product is 0.390625 for weights without correlation. Smooth maps pass as they are.
    """
    torch.manual_seed(0)
    y = layers.modulated(
        torch.randn(2, 64, 32, 32), torch.randn(64, 64, 3, 3), torch.ones(2, 64), kernel=FILTER.float()
    )
    assert_close(y[:, :, 4:-4, 4:-4].var(), torch.tensor(0.390625), atol=0.02, rtol=0)


@pytest.mark.parametrize("size", [1, 3])
def test_a_point_goes_up_as_the_filtered_weight_as_it_is(size: int) -> None:
    """Not flipped, and centred: the pixel (3, 2) becomes the pixels 6 and 7, 4 and 5 of the result."""
    torch.manual_seed(0)
    weight, x = torch.randn(1, 1, size, size, **DOUBLE), torch.zeros(1, 1, 7, 7, **DOUBLE)
    x[0, 0, 3, 2] = 1
    expected = torch.zeros(14, 14, **DOUBLE)
    spread = torch.from_numpy(scipy.signal.convolve2d(weight[0, 0].numpy(), 4 * SQUARE))
    top, left = (5, 3) if size == 1 else (4, 2)
    expected[top : top + len(spread), left : left + len(spread)] = spread
    assert_close(layers.convolved_up(x, weight, FILTER)[0, 0], expected)


@pytest.mark.parametrize("size", [1, 3])
def test_a_point_comes_down_through_the_filter_and_every_second_pixel_of_the_weight(size: int) -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(1, 1, size, size, **DOUBLE), torch.randn(1, **DOUBLE)
    for row in (0, 3, 4, 7):
        x = torch.zeros(1, 1, 8, 8, **DOUBLE)
        x[0, 0, row, 5] = 1
        whole = scipy.signal.convolve2d(x[0, 0].numpy(), SQUARE)  # 11 x 11: one more on the left, two on the right
        inner = whole[1:10, 1:10] if size == 3 else whole[2:9, 2:9]
        every = scipy.signal.correlate2d(inner, weight[0, 0].numpy(), mode="valid")
        expected = torch.from_numpy(every[::2, ::2].copy()) + bias
        assert_close(layers.convolved_down(x, weight, FILTER, bias)[0, 0], expected)


def test_even_brightness_stays_even_inside() -> None:
    x, weight = torch.ones(1, 1, 8, 8, **DOUBLE), torch.ones(1, 1, 1, 1, **DOUBLE)
    assert_close(layers.convolved_up(x, weight, FILTER)[..., 2:-2, 2:-2], torch.ones(1, 1, 12, 12, **DOUBLE))
    assert_close(layers.convolved_down(x, weight, FILTER)[..., 1:-1, 1:-1], torch.ones(1, 1, 2, 2, **DOUBLE))


def test_layers_scale_their_weights_and_start_with_styles_of_one() -> None:
    torch.manual_seed(0)
    layer = layers.ModulatedConv2d(8, 4, 3, style_dim=5, demodulate=False)
    assert_close(layer.affine(torch.zeros(2, 5)), torch.ones(2, 8))
    x = torch.randn(2, 8, 4, 4)
    expected = torch.nn.functional.conv2d(x, layer.convolution.weight / 72**0.5, padding=1)
    assert_close(layer(x, torch.zeros(2, 5)), expected)
    half = layers.HalvingConv2d(8, 4, 3)
    assert_close(half(x), layers.convolved_down(x, half.weight / 72**0.5, FILTER.float()))


def test_the_rectifier_keeps_the_mean_square() -> None:
    """(1 + 0.2^2) / 2 of the mean square of normal values passes a rectifier of slope 0.2; the gain doubles it."""
    x = torch.linspace(-8, 8, 100_001, **DOUBLE)
    density = torch.exp(-x.square() / 2) / (2 * torch.pi) ** 0.5
    square = torch.trapezoid(density * layers.rectified(x).square(), x)
    assert_close(square, torch.tensor(1.04, **DOUBLE), rtol=1e-6, atol=0)
    assert torch.equal(layers.Rectifier()(x), layers.rectified(x))


FORMS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "scaled": layers.modulated,
    "grouped": layers.modulated_grouped,
    "doubled": lambda x, weight, style: layers.modulated(x, weight, style, kernel=FILTER),
    "halved": lambda x, weight, style: layers.convolved_down(x * style[:, :, None, None], weight, FILTER),
}


@pytest.mark.parametrize("form", FORMS)
def test_they_can_be_differentiated_twice(form: str) -> None:
    """R1 and the path length regulariser do so."""
    torch.manual_seed(0)
    shapes = ((2, 2, 4, 4), (2, 2, 3, 3), (2, 2))
    inputs = tuple(torch.randn(shape, **DOUBLE, requires_grad=True) for shape in shapes)
    assert gradcheck(FORMS[form], inputs) and gradgradcheck(FORMS[form], inputs)
