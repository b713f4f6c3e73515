"""The points have the known means and standard deviations."""

import math

import pytest
import torch
from torch.testing import assert_close

from datamodules.errors import DataError
from datamodules.gaussians import Gaussians


def points(**arguments) -> tuple[Gaussians, torch.Tensor, torch.Tensor]:
    data = Gaussians(**arguments)
    data.setup("fit")
    image, label = (data.images.tensors[key] for key in ("image", "label"))  # pyright: ignore[reportAttributeAccessIssue]
    assert image.shape == (len(label), *data.image_shape) and image.dtype == torch.float32
    return data, image[:, :, 0, 0], label


@pytest.mark.parametrize(("layout", "modes"), [("ring", 8), ("ring", 1), ("grid", 4), ("grid", 25)])
def test_each_mode_has_its_share_around_its_centre(layout, modes):
    data, point, label = points(layout=layout, modes=modes, std=0.02, count=20_000)
    assert label.bincount().tolist() == [20_000 // modes] * modes and data.num_classes == modes
    assert_close(data.centres.norm(dim=1).max().item() if layout == "ring" else data.centres.max().item(), 0.8)
    for mode in range(modes):
        own = point[label == mode]
        # tolerances: five standard errors of a mean and of a standard deviation
        assert_close(own.mean(0), data.centres[mode], rtol=0, atol=5 * 0.02 / math.sqrt(len(own)))
        assert_close(own.std(0), torch.full((2,), 0.02), rtol=0, atol=5 * 0.02 / math.sqrt(2 * len(own)))
    assert point.abs().max() < 1


def test_the_ring_begins_at_three_o_clock_and_turns_counterclockwise():
    eighth = math.sqrt(0.32)
    expected = torch.tensor([[0.8, 0], [eighth, eighth], [0, 0.8], [-eighth, eighth], [-0.8, 0]])
    assert_close(Gaussians().centres[:5], expected)


def test_the_grid_is_a_square_lattice():
    centres = Gaussians(layout="grid", modes=9, radius=0.5).centres
    assert centres.tolist() == [[x, y] for x in (-0.5, 0, 0.5) for y in (-0.5, 0, 0.5)]


def test_the_splits_differ_and_each_is_the_same_every_time():
    train, again, test = (points(split=split)[1] for split in ("train", "train", "test"))
    assert torch.equal(train, again)
    assert not (train == test).all(dim=1).any()


@pytest.mark.parametrize("arguments", [{"radius": 0.9, "std": 0.019}, {"std": 0.0}, {"modes": 1, "count": 1}])
def test_points_stay_within_the_bounds(arguments):
    assert points(**arguments)[1].abs().max() < 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"radius": 0.9, "std": 0.02}, "out of"),
        ({"radius": 0.0}, "out of"),
        ({"radius": -0.5}, "out of"),
        ({"std": -0.01}, "out of"),
        ({"radius": math.nan}, "out of"),
        ({"modes": 0}, "modes"),
        ({"modes": 9, "count": 8}, "modes"),
        ({"layout": "grid", "modes": 8}, "square"),
        ({"layout": "grid", "modes": 1}, "square"),
    ],
)
def test_impossible_arguments_are_refused_in_one_line(arguments, says):
    with pytest.raises(DataError, match=says) as caught:
        Gaussians(**arguments)
    assert "\n" not in str(caught.value)
