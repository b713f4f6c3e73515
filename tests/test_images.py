"""The two forms of images, and their preparation on the device."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from datamodules.transform import Square
from gan_zoo import images
from gan_zoo.images import Preparation
from tests.drivers import image_files

LEVELS = torch.arange(256, dtype=torch.uint8)


def photographs(n, channels=3, height=8, width=8):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, height, width), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_every_grey_level_survives_the_way_to_floats_and_back(dtype):
    """bfloat16 has 8 bits of mantissa, which is just enough: truncation instead of rounding would lose levels."""
    assert torch.equal(images.to_uint8(images.to_float(LEVELS).to(dtype)), LEVELS)


def test_floats_are_spread_evenly_over_minus_one_to_one():
    assert_close(images.to_float(LEVELS), torch.linspace(-1, 1, 256))


@pytest.mark.parametrize(
    ("value", "level"),
    [(-1.5, 0), (-1.0, 0), (0.0, 128), (1.0, 255), (1.5, 255), (1e6, 255), (float("inf"), 255), (0.999, 255)],
)
def test_values_outside_are_clamped_and_others_rounded(value, level):
    assert images.to_uint8(torch.tensor([value])).item() == level


def test_to_uint8_does_not_change_its_argument():
    image = torch.tensor([0.25, 3.0])
    images.to_uint8(image)
    assert_close(image, torch.tensor([0.25, 3.0]))


def test_prepare_makes_floats_in_channels_last_and_leaves_the_rest_alone():
    batch = {"image": photographs(4), "label": torch.arange(4)}
    prepared = images.prepare(batch, Preparation())
    assert_close(prepared["image"], images.to_float(batch["image"]))
    assert prepared["image"].is_contiguous(memory_format=torch.channels_last)
    assert prepared["label"] is batch["label"]
    assert batch["image"].dtype == torch.uint8, "the batch that was passed is unchanged"


def test_flips_mirror_left_to_right_each_image_by_itself_with_probability_one_half():
    torch.manual_seed(0)
    image = photographs(4000, height=2, width=2)
    prepared = images.prepare({"image": image}, Preparation(flip=True))["image"]
    before, mirrored = images.to_float(image), images.to_float(image.flip(3))
    same, flipped = ((prepared == expected).flatten(1).all(1) for expected in (before, mirrored))
    assert (same | flipped).all()
    # 4,000 coin flips have a standard error of 0.008; four of them are allowed. (A 2 x 2 image equals its own mirror
    # image with a probability of 1 in 10^14.)
    assert_close(flipped.double().mean().item(), 0.5, atol=0.032, rtol=0)
    changes = (flipped[1:] != flipped[:-1]).double().mean().item()
    assert_close(changes, 0.5, atol=0.032, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(218, 178), (60, 97), (64, 64), (32, 32), (33, 32)])
def test_middle_at_equals_the_square_that_data_modules_decode(height, width):
    """Pillow's and torch's bicubic filters agree within two grey levels, and exactly if nothing is resized."""
    picture = np.asarray(image_files.picture(1, width, height))
    shown = torch.from_numpy(Square(32)(picture))[None]
    middle = images.middle_at(images.to_float(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None]), (32, 32))
    assert_close(middle, images.to_float(shown), rtol=0, atol=2 / 127.5 if min(height, width) > 32 else 0)


def test_the_middle_keeps_other_proportions():
    image = images.to_float(photographs(2, 3, 20, 50))
    assert torch.equal(images.middle_at(image, (20, 10)), image[:, :, :, 20:30])
    assert torch.equal(images.middle_at(image, (4, 50)), image[:, :, 8:12])


def test_crop_is_plain_slicing():
    image = photographs(6, height=9, width=11)
    corners = torch.tensor([[0, 0], [4, 6], [0, 6], [4, 0], [2, 3], [1, 5]])
    cut = images.crop(image, corners, 5)
    for i, (row, column) in enumerate(corners.tolist()):
        assert torch.equal(cut[i], image[i, :, row : row + 5, column : column + 5])


def test_a_crop_of_the_images_own_size_changes_nothing_and_a_larger_one_is_refused():
    image = photographs(2, height=6, width=5)
    assert torch.equal(images.crop(image[:, :, :5], torch.zeros(2, 2, dtype=torch.long), 5), image[:, :, :5])
    with pytest.raises(ValueError, match=r"6 pixels .* 6 x 5"):
        images.crop(image, torch.zeros(2, 2, dtype=torch.long), 6)


def test_crops_of_a_step_reach_every_place_of_the_image_equally():
    """A ramp shows where a crop was taken: 4 of 6 pixels have 3 x 3 possible corners."""
    torch.manual_seed(0)
    ramp = torch.arange(36, dtype=torch.uint8).view(1, 1, 6, 6).expand(9000, 1, 6, 6)
    prepared = images.prepare({"image": ramp}, Preparation(crop=4))["image"]
    assert prepared.shape == (9000, 1, 4, 4)
    corner = images.to_uint8(prepared)[:, 0, 0, 0]
    places, counts = corner.unique(return_counts=True)
    assert places.tolist() == [0, 1, 2, 6, 7, 8, 12, 13, 14]
    # Multinomial with 1,000 expected each: the standard deviation is 30; four of them are allowed.
    assert_close(counts.double(), torch.full((9,), 1000.0, dtype=torch.float64), atol=120, rtol=0)


@pytest.mark.parametrize("preparation", [Preparation(flip=True), Preparation(crop=3), Preparation(flip=True, crop=3)])
def test_a_pair_is_flipped_and_cropped_alike_and_unpaired_images_apart(preparation):
    """The same pictures are passed under all four names, and a pair stays a pair."""
    torch.manual_seed(0)
    image = photographs(64)
    prepared = images.prepare(dict.fromkeys(("source", "target", "a", "b"), image), preparation)
    assert torch.equal(prepared["source"], prepared["target"])
    assert not torch.equal(prepared["a"], prepared["b"])
    assert not torch.equal(prepared["a"], prepared["source"])


def test_floating_images_are_taken_as_they_are():
    points = torch.randn(5, 2, 1, 1)
    prepared = images.prepare({"image": points}, Preparation(flip=True, crop=1, dequantize=True))
    assert prepared["image"] is points


def test_dequantisation_fills_the_interval_of_each_grey_level():
    """SNGAN: level / 128 - 1 + U(0, 1/128)."""
    torch.manual_seed(0)
    prepared = images.prepare({"image": LEVELS.view(256, 1, 1, 1).expand(256, 1, 40, 40)}, Preparation(dequantize=True))
    share = (prepared["image"].double() + 1) * 128 - torch.arange(256).view(256, 1, 1, 1)
    # 128 x (x + 1) magnifies the rounding of float32 values near 1: half a unit in their last place becomes 128 x 6e-8.
    assert share.min() > -1e-5 and share.max() < 1 + 1e-5
    assert prepared["image"].min() >= -1 and prepared["image"].max() <= 1
    # 1,600 draws a level have a standard error of 0.0072; five of them are allowed, because there are 256 levels.
    assert_close(share.mean((1, 2, 3)), torch.full((256,), 0.5, dtype=torch.float64), atol=0.036, rtol=0)


@pytest.mark.parametrize(
    ("n", "columns", "size"),
    [(1, None, (4, 5)), (4, None, (10, 12)), (5, None, (10, 19)), (5, 2, (16, 12)), (3, 3, (4, 19))],
)
def test_grid_lays_images_row_by_row_with_two_white_pixels_between(n, columns, size):
    image = photographs(n, height=4, width=5) // 2  # no white within
    sheet = images.grid(image, columns)
    assert sheet.shape[1:] == size
    across = (size[1] + 2) // 7
    covered = torch.zeros(size, dtype=torch.bool)
    for i in range(n):
        top, left = i // across * 6, i % across * 7
        assert torch.equal(sheet[:, top : top + 4, left : left + 5], image[i])
        covered[top : top + 4, left : left + 5] = True
    assert (sheet[:, ~covered] == 255).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_png_reads_back_equal(channels):
    image = photographs(1, channels=channels, height=7, width=5)[0]
    array = np.array(Image.open(io.BytesIO(images.png(image))))
    assert torch.equal(torch.from_numpy(array).view(7, 5, channels).permute(2, 0, 1), image)
