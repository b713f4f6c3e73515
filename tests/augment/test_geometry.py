"""ADA's geometry: exact index arithmetic, sub-pixel moves of a smooth picture, first and second derivatives."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import pad
from torch.testing import assert_close

from gan_zoo.augment import ada, draws, geometry

SIDE = 8


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randn(3, 2, SIDE, SIDE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def number(value: float, n: int = 3) -> torch.Tensor:
    return torch.full((n,), value, dtype=torch.float64)


def test_probability_0_changes_no_bit(image: torch.Tensor):
    image = image.float()[:, :1].repeat(1, 3, 1, 1)
    alone: list[tuple[ada.Group, ...]] = [("blit", "geometric"), ("colour",), ("noise",), ("cutout",)]
    for groups in alone:
        assert torch.equal(ada.ada(image, 0.0, groups), image), groups
    assert_close(ada.ada(image, 0.0, ada.GROUPS), image)


@pytest.mark.parametrize("turns", range(4))
def test_quarter_turns_are_index_arithmetic(image: torch.Tensor, turns: int):
    inverse = geometry.quarter_turn(torch.full((3,), -turns), image)
    assert torch.equal(geometry.moved_exactly(image, inverse), torch.rot90(image, turns, (2, 3)))


def test_flips_are_index_arithmetic(image: torch.Tensor):
    assert torch.equal(geometry.moved_exactly(image, geometry.scaling(number(-1), number(1))), image.flip(3))


@pytest.mark.parametrize(("x", "y"), [(2, 0), (0, -3), (-1, 2)])
def test_whole_shifts_reflect_at_the_edges(image: torch.Tensor, x: int, y: int):
    wide = pad(image, (4, 4, 4, 4), mode="reflect")
    expected = wide[:, :, 4 - y : 4 - y + SIDE, 4 - x : 4 - x + SIDE]
    assert torch.equal(geometry.moved_exactly(image, geometry.shift(number(-x), number(-y))), expected)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (2, -3)])
def test_the_filtered_path_agrees_on_whole_shifts(image: torch.Tensor, x: int, y: int):
    inverse = geometry.shift(number(-x), number(-y))
    assert_close(geometry.warped(image, inverse), geometry.moved_exactly(image, inverse), rtol=0, atol=1e-9)


MIDDLE = sum(k * tap for k, tap in enumerate(geometry.SYM6)) / sum(geometry.SYM6)
"""Where the wavelet has its mean; its taps have theirs at 5.5. Going in and coming out undo each other's shift."""
OFF = (5.5 - MIDDLE) / 2


def wave(inverse: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A wave of 16 pixels' length, and the same after a map whose inverse is given, by its formula."""
    at = torch.arange(32, dtype=torch.float64) - 15.5
    y, x = torch.meshgrid(at, at, indexing="ij")
    columns, rows = (
        inverse[0, i, 0] * (x - OFF) + inverse[0, i, 1] * (y - OFF) + inverse[0, i, 2] + OFF for i in (0, 1)
    )

    def value(column: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
        return torch.cos(2 * math.pi * (column + 0.5 * row) / 16)[None, None]

    return value(x, y), value(columns, rows)


@pytest.mark.parametrize(
    "inverse",
    [
        geometry.shift(number(0.3, 1), number(-0.7, 1)),
        geometry.rotation(number(0.4, 1)),
        geometry.scaling(number(0.9, 1), number(1.2, 1)),
        geometry.rotation(number(-0.6, 1)) @ geometry.shift(number(1.5, 1), number(0.2, 1)),
    ],
    ids=["shift", "rotation", "scale", "both"],
)
def test_a_smooth_picture_moves_as_its_formula(inverse: torch.Tensor):
    before, after = wave(inverse)
    # Bilinear lookups of a doubled wave of length 16 err by up to (2 pi / 32)^2 / 8 = 0.005 along x and
    # a quarter of it along y; the edges reflect, and are left out.
    middle = slice(11, 21)
    assert_close(geometry.warped(before, inverse)[..., middle, middle], after[..., middle, middle], rtol=0, atol=0.007)


def test_matrices_are_the_inverse_of_what_is_drawn():
    """A rotation, shift or scale of the picture itself, not of the places that are looked up."""
    point = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    assert_close(geometry.rotation(number(math.pi / 2, 1))[0] @ point, point.new_tensor([0.0, 1.0, 1.0]))
    turned = geometry.quarter_turn(torch.tensor([1]), point)[0] @ point
    assert_close(turned, point.new_tensor([0.0, -1.0, 1.0]))


def test_a_batch_moves_each_image_as_it_would_alone(image: torch.Tensor):
    inverse = geometry.rotation(torch.tensor([0.1, 1.0, 2.0]).double()) @ geometry.shift(number(0.3), number(4.2))
    alone = torch.cat([geometry.warped(image[i : i + 1], inverse[i : i + 1]) for i in range(3)])
    assert_close(geometry.warped(image, inverse), alone)


def test_only_images_that_take_a_transform_are_warped(image: torch.Tensor):
    image = image.repeat(6, 1, 1, 1)
    torch.manual_seed(2)
    whole = geometry.draw_blit(image, 0.2)
    inverse, between = geometry.draw_geometric(image, 0.2)
    expected = [
        geometry.warped(one[None], (matrix @ fine)[None]) if takes else geometry.moved_exactly(one[None], matrix[None])
        for one, matrix, fine, takes in zip(image, whole, inverse, between, strict=True)
    ]
    assert 0 < between.sum() < len(image)
    torch.manual_seed(2)
    assert_close(ada.moved(image, 0.2, ada.GROUPS), torch.cat(expected))


def test_places_far_outside_are_zero(image: torch.Tensor):
    for x, y in ((100, 0), (0, 100), (-100, -100)):
        assert not geometry.warped(image, geometry.shift(number(x), number(y))).any()


def test_both_derivatives_of_a_lookup(image: torch.Tensor):
    inverse = geometry.rotation(number(0.4, 1)) @ geometry.shift(number(0.3, 1), number(-1.2, 1))
    small = image[:1, :1, :4, :4].requires_grad_()
    for move in (geometry.warped, geometry.moved_exactly):
        # gradgradcheck needs a first derivative that depends on the input, and a lookup is linear: cube it.
        gradcheck(lambda x, move=move: move(x, inverse) ** 3, (small,))
        gradgradcheck(lambda x, move=move: move(x, inverse) ** 3, (small,))


def test_channels_last_gives_the_same_gradients(image: torch.Tensor):
    inverse = geometry.rotation(number(0.4)) @ geometry.shift(number(0.3), number(-1.2))
    slopes = []
    for copy in (image.float().contiguous(memory_format=torch.channels_last), image.clone()):
        x = copy.requires_grad_()
        (first,) = torch.autograd.grad(geometry.warped(x, inverse.to(x)).pow(3).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.square().sum(), x)
        slopes.append(second.double())
    assert_close(*slopes, rtol=1e-4, atol=1e-4 * float(slopes[1].abs().max()))  # float32 against float64


def test_each_transform_has_one_gate_and_turns_come_from_all_four():
    torch.manual_seed(0)
    image = torch.zeros(40_000, 1, SIDE, SIDE)
    p = 0.6
    matrix = geometry.draw_blit(image, p)
    turns = torch.stack([(matrix[:, :2, :2].abs() @ torch.tensor([1.0, 0.0]))[:, 0], matrix[:, 0, 0]], dim=1)
    sideways = (turns[:, 0] == 0).float().mean()
    assert_close(sideways.item(), p / 2, rtol=0, atol=0.01)  # i = 1 and 3 of 0..3; four deviations
    determinant = torch.linalg.det(matrix[:, :2, :2])
    assert_close((determinant < 0).float().mean().item(), p / 2, rtol=0, atol=0.01)
    # A half turn without a flip: i = 2 alone, and no flip.
    half = ((matrix[:, 0, 0] == -1) & (matrix[:, 1, 1] == -1)).float().mean()
    assert_close(half.item(), p / 4 * (1 - p / 2), rtol=0, atol=0.01)
    # Both axes of a shift by one gate: a shift of U(-1, 1) pixels rounds to 0 for half of those that take it.
    still = (matrix[:, :2, 2] == 0).all(1).float().mean()
    assert_close(still.item(), 1 - p + p / 4, rtol=0, atol=0.01)


def test_either_rotation_comes_with_probability_p():
    torch.manual_seed(0)
    image = torch.zeros(40_000, 1, SIDE, SIDE, dtype=torch.float64)
    matrix, moved = geometry.draw_geometric(image, 0.6)
    linear = matrix[:, :2, :2]
    unrotated = ((linear[:, 0, 1].abs() < 1e-12) & (linear[:, 1, 0].abs() < 1e-12)).double().mean()
    assert_close(unrotated.item(), 0.4, rtol=0, atol=0.01)
    assert_close(moved.double().mean().item(), 1 - 0.4**4, rtol=0, atol=0.01)
    assert torch.equal(moved, (matrix != torch.eye(3).double()).any(2).any(1))
    # The volume changes by the isotropic scale alone, whose logarithm has the deviation 0.2 ln 2 where it is taken.
    logarithm = torch.linalg.det(linear).log() / 2
    assert_close(logarithm[logarithm.abs() > 1e-9].std().item(), 0.2 * math.log(2), rtol=0.03, atol=0)
    assert_close((logarithm.abs() > 1e-9).double().mean().item(), 0.6, rtol=0, atol=0.01)


def test_indices_reflect_without_repeating_the_edge():
    assert draws.reflected(torch.arange(-4, 8), 3).tolist() == [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]
