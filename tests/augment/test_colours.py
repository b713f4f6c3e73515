"""ADA's colours and corruptions, and DiffAugment, each against its closed form; derivatives; draws."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from gan_zoo.augment import ada, colour, corruptions, diffaugment

RED, GREY = torch.tensor([1.0, 0, 0]).double(), torch.tensor([0.4, 0.4, 0.4]).double()


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


def after(matrix: torch.Tensor, pixel: torch.Tensor) -> torch.Tensor:
    return colour.recoloured(pixel.view(1, 3, 1, 1), matrix).flatten()


def test_colours_as_their_formulas():
    assert_close(after(colour.brightness(one(0.3)), RED), RED + 0.3)
    assert_close(after(colour.contrast(one(1.7)), RED), 1.7 * RED)
    assert_close(after(colour.luma_flip(one(1)), GREY), -GREY)
    assert_close(after(colour.luma_flip(one(1)), RED), RED - 2 / 3)
    assert_close(after(colour.luma_flip(one(0)), RED), RED)
    assert_close(after(colour.hue(one(2 * math.pi / 3)), RED), RED.roll(1))  # red becomes green
    assert_close(after(colour.hue(one(1.1)), GREY), GREY)
    assert_close(after(colour.saturation(one(0)), RED), torch.full((3,), 1 / 3).double())
    assert_close(after(colour.saturation(one(2)), RED), 2 * RED - 1 / 3)


def test_draws_of_colour_have_one_gate_each():
    torch.manual_seed(0)
    matrix = colour.draw_colour(torch.zeros(40_000, 3, 1, 1, dtype=torch.float64), 0.5)
    grey = torch.ones(3, dtype=torch.float64) / 3**0.5
    along = (matrix[:, :3, :3] @ grey) @ grey  # contrast, with the sign of the luma flip
    assert_close((along < 0).double().mean().item(), 0.25, rtol=0, atol=0.01)
    taken = (along.abs().log().abs() > 1e-9).double()
    assert_close(taken.mean().item(), 0.5, rtol=0, atol=0.01)
    assert_close(along.abs().log()[taken > 0].std().item(), 0.5 * math.log(2), rtol=0.03, atol=0)
    assert_close((matrix[:, 0, 3] != 0).double().mean().item(), 0.5, rtol=0, atol=0.01)
    chroma = torch.linalg.det(matrix[:, :3, :3]) / along  # the square of contrast times saturation
    saturation = chroma.log() / 2 - along.abs().log()
    kept = saturation.abs() > 1e-9
    assert_close(saturation[kept].std().item(), math.log(2), rtol=0.03, atol=0)


def test_bands_sum_to_a_delta_and_pass_their_octave():
    bands = corruptions.bands()
    delta = torch.zeros(43, dtype=torch.float64)
    delta[21] = 1
    assert_close(bands.sum(0), delta, rtol=0, atol=1e-12)
    assert [int((band.abs() > 0).nonzero().max() - (band.abs() > 0).nonzero().min()) + 1 for band in bands] == [
        *(43, 43, 19, 7)
    ]
    frequencies = torch.tensor([1 / 16, 3 / 16, 3 / 8, 3 / 4], dtype=torch.float64) * math.pi  # the middles
    taps = torch.arange(43) - 21
    response = bands @ torch.cos(frequencies * taps[:, None])
    assert torch.equal(response.argmax(0), torch.arange(4))
    assert_close(response[0] + response[1] + response[2] + response[3], torch.ones(4).double())


def test_a_gain_is_the_convolution_of_its_band(image: torch.Tensor):
    gains = torch.tensor([[1.0, 2.0, 0.5, 3.0], [1, 1, 1, 1]]).double()
    filtered = corruptions.filtered(image, gains)
    assert_close(filtered[1], image[1])
    kernel = (gains[0][:, None] * corruptions.bands()).sum(0)
    index = [abs((i - 21) % 10 - 5) for i in range(6 + 42)]
    index = [5 - i for i in index]
    wide = image[0][:, index][:, :, index]
    expected = torch.stack(
        [
            torch.stack([(wide[:, y : y + 43, x : x + 43] * kernel[:, None] * kernel).sum((1, 2)) for x in range(6)], 1)
            for y in range(6)
        ],
        1,
    )
    assert_close(filtered[0], expected)


def test_gains_keep_the_expected_power():
    torch.manual_seed(0)
    gains = corruptions.draw_gains(torch.zeros(40_000, 3, 1, 1, dtype=torch.float64), 0.5)
    assert_close((gains == 1).all(1).double().mean().item(), 0.5**4, rtol=0, atol=0.01)
    one_band = torch.tensor([10.0, 1, 1, 1]).double() / 13
    single = (gains[:, 1] == gains[:, 2]) & (gains[:, 2] == gains[:, 3])
    power = (one_band * gains[single].square()).sum(1)
    assert_close(power, torch.ones_like(power))


def test_noise_has_its_deviation():
    torch.manual_seed(0)
    image = torch.zeros(2000, 3, 8, 8, dtype=torch.float64)
    deviation = corruptions.noised(image, 0.5).std((1, 2, 3))
    assert_close((deviation > 0).double().mean().item(), 0.5, rtol=0, atol=0.05)
    # E|N(0, s^2)| = s sqrt(2 / pi)
    assert_close(deviation[deviation > 0].mean().item(), 0.1 * (2 / math.pi) ** 0.5, rtol=0.1, atol=0)


def test_cutouts_hide_their_rectangle(image: torch.Tensor):
    cut = corruptions.cutout(image, torch.tensor([0.5, 0.0]).double(), torch.tensor([0.5, 1.0]).double())
    expected = image.clone()
    expected[0, :, 2:4, 2:4] = 0  # round half to even: 1.5 to 2 and 4.5 to 4
    expected[1, :, :2, 4:] = 0
    assert torch.equal(cut, expected)


def test_diffaugment_as_its_formulas(image: torch.Tensor):
    two = torch.tensor([0.5, 2.0]).double()
    assert_close(diffaugment.brightness(image, two)[1], image[1] + 2)
    assert_close(diffaugment.saturation(image, two)[0], (image[0] + image[0].mean(0)) / 2)
    assert_close(diffaugment.contrast(image, two)[1], 2 * image[1] - image[1].mean())
    moved = diffaugment.translation(image, torch.tensor([1, 0]), torch.tensor([-2, 0]))
    assert torch.equal(moved[1], image[1])
    assert torch.equal(moved[0, :, 1:, :4], image[0, :, :5, 2:])
    assert not moved[0, :, 0].any() and not moved[0, :, :, 4:].any()
    cut = diffaugment.cutout(image, torch.tensor([0, 3]), torch.tensor([5, 3]))
    expected = image.clone()
    expected[0, :, :2, 4:] = 0  # three pixels around the corner (0, 5)
    expected[1, :, 2:5, 2:5] = 0
    assert torch.equal(cut, expected)


def test_diffaugment_shifts_by_up_to_an_eighth_and_hides_a_quarter():
    torch.manual_seed(0)
    seen = diffaugment.diffaugment(torch.ones(4000, 1, 16, 16))
    empty = (seen == 0)[:, 0]
    rows = torch.stack([empty[:, i].all(1) for i in range(16)], 1)
    assert {int(one) for one in rows[:, :8].sum(1).unique()} == {0, 1, 2}
    assert rows[:, 2:14].sum() == 0
    assert 64 <= int(empty.flatten(1).sum(1).max()) <= 64 + 60


def test_both_derivatives_of_everything(image: torch.Tensor):
    small = image[:, :, :4, :4].requires_grad_()

    def seeded(augmented: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
        def fixed(x: torch.Tensor) -> torch.Tensor:
            torch.manual_seed(3)
            return augmented(x) ** 3

        return fixed

    for augmented in (diffaugment.diffaugment, lambda x: ada.ada(x, 0.9, ada.GROUPS)):
        assert gradcheck(seeded(augmented), (small,), fast_mode=True)
        assert gradgradcheck(seeded(augmented), (small,), fast_mode=True)


def test_the_groups_are_prefixes_in_the_papers_order():
    torch.manual_seed(1)
    image = torch.rand(4, 3, 8, 8) * 2 - 1
    results = []
    for count in range(1, 7):
        torch.manual_seed(5)
        results.append(ada.ada(image, 1.0, ada.GROUPS[:count]))
    assert all((one - other).abs().max() > 1e-3 for one, other in pairwise(results))
