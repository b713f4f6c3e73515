"""CycleGAN's pool of generated images: what passes, what is swapped, and that it goes on as it was."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from gan_zoo.models.cyclegan import ImagePool


def numbered(*numbers: int) -> Tensor:
    """Images that are all of one number, so that each is known again."""
    return torch.tensor(numbers, dtype=torch.float32)[:, None, None, None].expand(-1, 3, 2, 2)


def numbers(image: Tensor) -> list[int]:
    assert (image == image[:, :1, :1, :1]).all()
    return image[:, 0, 0, 0].int().tolist()


def test_the_first_fifty_pass():
    pool = ImagePool(50)
    assert [numbers(pool(numbered(i)))[0] for i in range(50)] == list(range(50))
    assert numbers(torch.stack(pool.state())) == list(range(50))


def test_then_half_are_swapped_for_one_that_was_kept():
    """Of 10,000, 5,000 with a deviation of 50: four of them. Each comes out once at most."""
    torch.manual_seed(0)
    pool = ImagePool(50)
    shown = [numbers(pool(numbered(i)))[0] for i in range(50)]
    later = [numbers(pool(numbered(i)))[0] for i in range(50, 10_050)]
    old = [number for i, number in enumerate(later, start=50) if number != i]
    assert abs(len(old) - 5_000) < 200
    passed = set(shown) | {number for i, number in enumerate(later, start=50) if number == i}
    assert len(set(old)) == len(old), "what was given out is kept no longer"
    held = set(numbers(torch.stack(pool.state())))
    assert not held & set(old) and not held & (passed - set(shown)), "what passes later is not kept"
    assert set(old) | held == set(range(10_050)) - (passed - set(shown))


def test_any_place_is_swapped():
    torch.manual_seed(0)
    pool = ImagePool(4)
    for i in range(100):
        pool(numbered(i))
    assert min(numbers(torch.stack(pool.state()))) >= 4


def test_images_of_a_batch_go_through_one_by_one():
    """The same draws in the same order, whether they come together or alone."""
    together, alone = ImagePool(3), ImagePool(3)
    torch.manual_seed(1)
    one = numbers(together(numbered(*range(40))))
    torch.manual_seed(1)
    other = [numbers(alone(numbered(i)))[0] for i in range(40)]
    assert one == other and one != list(range(40))


def test_no_size_lets_all_pass():
    pool = ImagePool(0)
    assert numbers(pool(numbered(*range(20)))) == list(range(20))
    assert pool.state() == []


def test_no_gradient_reaches_what_made_an_image():
    """Neither of a new one nor of an old one."""
    torch.manual_seed(0)
    pool = ImagePool(2)
    for _ in range(6):
        image = torch.randn(2, 3, 4, 4, requires_grad=True)
        assert not pool(image * 2).requires_grad
    assert not any(one.requires_grad for one in pool.state())


def test_what_is_kept_does_not_change_with_the_image():
    pool, image = ImagePool(2), torch.zeros(1, 3, 2, 2)
    given = pool(image)
    image += 1
    given += 2
    assert numbers(torch.stack(pool.state())) == [0]


@pytest.mark.parametrize("before", [1, 3, 10])
def test_goes_on_exactly_from_its_state(before: int):
    """Half filled, just filled, and later on; bit for bit, in the images' own type."""
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
