"""CycleGAN's pool of generated images: which images it returns and keeps, and that it resumes exactly."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from gan_zoo.models.cyclegan import ImagePool


def numbered(*numbers: int) -> Tensor:
    """Return constant images, one for each number, so that they can be recognised."""
    return torch.tensor(numbers, dtype=torch.float32)[:, None, None, None].expand(-1, 3, 2, 2)


def numbers(image: Tensor) -> list[int]:
    """Return the numbers of images from `numbered`."""
    assert (image == image[:, :1, :1, :1]).all()
    return image[:, 0, 0, 0].int().tolist()


def test_the_first_fifty_are_returned_and_kept():
    pool = ImagePool(50)
    assert [numbers(pool(numbered(i)))[0] for i in range(50)] == list(range(50))
    assert numbers(torch.stack(pool.state())) == list(range(50))


def test_half_of_the_later_images_are_swapped_for_kept_ones():
    """Of 10,000 images, 5,000 with a standard deviation of 50 are swapped. 200 is four standard deviations."""
    torch.manual_seed(0)
    pool = ImagePool(50)
    first = [numbers(pool(numbered(i)))[0] for i in range(50)]
    later = [numbers(pool(numbered(i)))[0] for i in range(50, 10_050)]
    old = [number for i, number in enumerate(later, start=50) if number != i]
    assert abs(len(old) - 5_000) < 200
    unchanged = {number for i, number in enumerate(later, start=50) if number == i}
    assert first == list(range(50))
    assert len(set(old)) == len(old), "an image that the pool has returned leaves it"
    held = set(numbers(torch.stack(pool.state())))
    assert not held & set(old) and not held & unchanged, "an image that is returned unchanged later on is not kept"
    assert set(old) | held == set(range(10_050)) - unchanged


def test_every_place_of_the_pool_is_swapped():
    torch.manual_seed(0)
    pool = ImagePool(4)
    for i in range(100):
        pool(numbered(i))
    assert min(numbers(torch.stack(pool.state()))) >= 4


def test_a_batch_is_the_same_as_its_images_one_by_one():
    """The draws are the same, in the same order."""
    together, alone = ImagePool(3), ImagePool(3)
    torch.manual_seed(1)
    from_batch = numbers(together(numbered(*range(40))))
    torch.manual_seed(1)
    from_single = [numbers(alone(numbered(i)))[0] for i in range(40)]
    assert from_batch == from_single and from_batch != list(range(40))


def test_a_pool_of_size_0_returns_all_images():
    pool = ImagePool(0)
    assert numbers(pool(numbered(*range(20)))) == list(range(20))
    assert pool.state() == []


def test_new_and_old_images_are_detached():
    torch.manual_seed(0)
    pool = ImagePool(2)
    for _ in range(6):
        image = torch.randn(2, 3, 4, 4, requires_grad=True)
        assert not pool(image * 2).requires_grad
    assert not any(image.requires_grad for image in pool.state())


def test_the_pool_keeps_copies():
    pool, image = ImagePool(2), torch.zeros(1, 3, 2, 2)
    result = pool(image)
    image += 1
    result += 2
    assert numbers(torch.stack(pool.state())) == [0]


@pytest.mark.parametrize("before", [1, 3, 10])
def test_a_restored_pool_continues_exactly(before: int):
    """It holds for a half full, a full and a later pool, bit for bit, in the type of the images."""
    torch.manual_seed(0)
    pool = ImagePool(3)
    images = torch.randn(30, 2, 3, 4, 4, dtype=torch.bfloat16)
    for image in images[:before]:
        pool(image)
    resumed = ImagePool(3)
    resumed.load(pool.state())
    for image in images[before:]:
        torch.manual_seed(7)
        expected = pool(image)
        torch.manual_seed(7)
        assert_close(resumed(image), expected, rtol=0, atol=0)
