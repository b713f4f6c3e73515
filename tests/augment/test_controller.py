"""ADA's probability: it moves at its speed to where the signs of the real scores have their target, and is kept."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.augment import Augmentation
from gan_zoo.augment.controller import Controller
from gan_zoo.errors import Mistake


def test_the_probability_follows_the_signs_to_their_target():
    """The sign of a made-up discriminator falls as the augmentation rises: 1 - p, which is 0.6 at p = 0.4."""
    controller, seen = Controller(), []
    for _ in range(600):
        controller.note(1 - controller.probability, images=1000)
        seen.append(float(controller.probability))
    assert seen[:4] == [0.0, 0.0, 0.0, pytest.approx(0.008)]  # four minibatches of 1,000 of the 500,000 images
    assert seen[4 * 50 - 1] == pytest.approx(0.4)
    assert all(abs(p - 0.4) < 0.0081 for p in seen[4 * 50 :])


def test_the_probability_stays_between_0_and_1():
    for sign, end in ((-1.0, 0.0), (1.0, 1.0)):
        controller = Controller()
        for _ in range(8):
            controller.note(torch.tensor(sign), images=200_000)
        assert float(controller.probability) == end


def test_the_mean_is_over_all_images_of_four_minibatches():
    controller = Controller()
    for sign, images in ((1.0, 100), (1.0, 100), (0.0, 300), (0.0, 300)):
        controller.note(torch.tensor(sign), images)
    assert float(controller.probability) == 0.0, "a quarter of the images, though half of the minibatches"
    for sign, images in ((1.0, 300), (1.0, 300), (0.0, 100), (0.0, 100)):
        controller.note(torch.tensor(sign), images)
    assert_close(float(controller.probability), 800 / 500_000)


def test_a_controller_goes_on_from_its_state():
    signs = torch.rand(40, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.4
    whole, first, second = Controller(), Controller(), Controller()
    for sign in signs:
        whole.note(sign, 100)
    for sign in signs[:18]:  # in the middle of a window
        first.note(sign, 100)
    second.load(first.state())
    for sign in signs[18:]:
        second.note(sign, 100)
    assert second.state() == whole.state()
    assert whole.state()["probability"] > 0


def test_the_cosine_is_a_function_of_the_images_shown():
    augmentation = Augmentation("ada", "cosine")
    assert augmentation.now(0) == 0
    assert augmentation.now(10_000_000) == pytest.approx(0.15)
    assert augmentation.now(30_000_000) == 0.3


@pytest.mark.parametrize("name", ["diffaugment", "ada", "ada_bgcfnc"])
def test_images_are_augmented_in_float32(name: str):
    augmentation = Augmentation(name, "adaptive" if name == "diffaugment" else 0.5)  # type: ignore[arg-type]
    with torch.autocast("cpu", torch.bfloat16):
        assert augmentation(torch.rand(2, 3, 8, 8, dtype=torch.bfloat16), 0).dtype == torch.float32


@pytest.mark.parametrize("name", ["diffaugment", "ada"])
def test_each_call_has_its_own_draws(name: str):
    augmentation, image = Augmentation(name, "adaptive" if name == "diffaugment" else 1.0), torch.rand(4, 3, 8, 8)  # type: ignore[arg-type]
    assert not torch.equal(augmentation(image, 0), augmentation(image, 0))
    seen = augmentation(image[:1].expand(4, -1, -1, -1), 0)
    assert not any(torch.equal(seen[0], other) for other in seen[1:]), "each image has its own draws too"


@pytest.mark.parametrize(
    ("name", "probability", "message"),
    [
        ("ada", 1.5, "model.augment_probability is 1.5: it must be adaptive, cosine or a number from 0 to 1."),
        ("ada", -0.1, "model.augment_probability is -0.1: it must be"),
        ("ada", float("nan"), "model.augment_probability is nan: it must be"),
        ("diffaugment", 0.5, "model.augment is diffaugment, which has no probability"),
        ("none", "cosine", "model.augment is none, which has no probability"),
    ],
)
def test_what_no_augmentation_can_be(name: str, probability: float | str, message: str):
    with pytest.raises(Mistake, match=message.replace(".", r"\.")):
        Augmentation(name, probability)  # type: ignore[arg-type]


@pytest.mark.parametrize(("attribute", "word"), [("probability", "often"), ("name", "adda")])
def test_words_that_no_argument_takes(attribute: str, word: str):
    """Types refuse them on the command line, and under these tests in the constructor."""
    augmentation = Augmentation("ada")
    setattr(augmentation, attribute, word)
    with pytest.raises(Mistake, match=f" is {word}: it must be "):
        augmentation.refuse_unusable()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 8, 8), "whose luma flip, hue and saturation need red, green and blue, and image_shape is (1, 8, 8)"),
        ((3, 8, 6), "turns images by right angles, and these are 8 x 6 pixels"),
    ],
)
def test_images_that_the_transforms_cannot_take(shape: tuple[int, int, int], message: str):
    with pytest.raises(Mistake) as raised:
        Augmentation("ada").refuse_unfit(shape)
    assert message in str(raised.value)
    Augmentation("diffaugment").refuse_unfit(shape)
