"""Two sets with their own data modules get the same size and channels, and keep their own orders and labels."""

import numpy as np
import pytest
import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import InMemory
from datamodules.mnist import MNIST
from datamodules.multi_domain import MultiDomain
from datamodules.order import Request
from datamodules.stream import StreamedData
from datamodules.unpaired import Unpaired
from datamodules.unpaired_sets import Framed, UnpairedSets
from tests.drivers.image_files import picture, write


class Colours(StreamedData):
    """Colour noise of 32 x 32 pixels, with classes; every split has other images."""

    image_shape = (3, 32, 32)
    num_classes = 10

    def __init__(self, split: str = "train") -> None:
        super().__init__(batch_size=1)
        self.split = split

    def setup(self, stage: str) -> None:
        draw = torch.Generator().manual_seed(len(self.split))
        image = torch.randint(0, 256, (7, *self.image_shape), dtype=torch.uint8, generator=draw)
        self.images = InMemory(f"colours_{self.split}_7", image=image, label=torch.arange(7))

    def _other(self, split: str) -> "Colours":
        other = Colours(split)
        other.setup("test")
        return other


@pytest.fixture(scope="module")
def data() -> UnpairedSets:
    sets = UnpairedSets(Colours(), MNIST(), batch_size=2, workers=0)
    sets.prepare_data()
    sets.setup("fit")
    return sets


def read(images, *indices: int) -> dict[str, Tensor]:
    return images[Request(np.array(indices), None)]


def test_both_get_the_larger_size_and_channels(data: UnpairedSets) -> None:
    assert data.image_shape == (3, 32, 32)
    assert {key: tuple(value.shape) for key, value in data.examples(2).items()} == {
        "a": (2, 3, 32, 32),
        "b": (2, 3, 32, 32),
    }


def test_a_smaller_image_lies_in_a_black_frame(data: UnpairedSets) -> None:
    """It keeps all its pixels, in three equal channels; the larger set is unchanged."""
    digits = MNIST()
    digits.setup("fit")
    (framed,), (digit,) = read(data.sides["b"], 5)["image"], read(digits.images, 5)["image"]
    assert torch.equal(framed[:, 2:-2, 2:-2], digit.expand(3, -1, -1))
    assert int(framed.sum()) == 3 * int(digit.sum())
    assert data.sides["a"] is data.sets["a"].images


def test_an_odd_frame_has_its_larger_half_below(data: UnpairedSets) -> None:
    framed = read(Framed(data.sets["b"].images, (1, 31, 28)), 0)["image"]
    assert not framed[:, :, 0].any() and not framed[:, :, 29:].any()
    assert torch.equal(framed[:, :, 1:29], read(data.sets["b"].images, 0)["image"])


def test_each_set_has_its_own_order(data: UnpairedSets) -> None:
    """A step requests images of both sets, whose indices follow one another."""
    batch = data.images[Request(np.array([3, 7 + 9, 0, 7 + 2]), None)]
    assert torch.equal(batch["a"], read(data.sides["a"], 3, 0)["image"])
    assert torch.equal(batch["b"], read(data.sides["b"], 9, 2)["image"])
    assert batch.keys() == {"a", "b"} and data.images.sizes == (7, 10_000)  # pyright: ignore[reportAttributeAccessIssue]


def test_scores_get_the_labels_of_both(data: UnpairedSets) -> None:
    assert data.sides["a"].labels["label"].tolist() == list(range(7))
    assert read(data.sides["b"], 4)["label"] == data.sides["b"].labels["label"][4]
    assert data.real is not None and len(data.real) == 10_000


def test_framed_images_are_another_set(data: UnpairedSets) -> None:
    framed, plain = data.sides["b"], data.sets["b"].images
    assert framed.fingerprint() != plain.fingerprint()
    assert (framed.name, plain.name) == ("mnist_train_10k_on_3x32x32", "mnist_train_10k")
    assert Framed(plain, (3, 32, 32)).fingerprint() == framed.fingerprint() != Framed(plain, (3, 36, 36)).fingerprint()


def test_another_split_applies_to_both(data: UnpairedSets) -> None:
    other = data.at_split("test")
    assert isinstance(other, UnpairedSets) and other.image_shape == data.image_shape
    assert other.sides["a"].name == "colours_test_7" and other.batch_size == 2
    with pytest.raises(DataError, match="MNIST has no split val"):
        data.at_split("val")


def test_smaller_images_are_shrunk_with_their_frame(data: UnpairedSets) -> None:
    small = data.sides["b"][Request(np.array([5]), 16)]["image"]
    whole = read(data.sides["b"], 5)["image"].float()
    assert torch.equal(small, torch.nn.functional.avg_pool2d(whole, 2).round().byte())


def test_unfit_sets_are_refused(tmp_path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", picture(number))
    cut = Unpaired(str(tmp_path), str(tmp_path), resolution=40, crop=32)
    with pytest.raises(DataError, match=r"data\.b has crop 32: UnpairedSets cuts nothing at random\."):
        UnpairedSets(Colours(), cut)
    several = MultiDomain([Colours(), Colours()])
    with pytest.raises(DataError, match=r"data\.a is MultiDomain, which is several sets: name a"):
        UnpairedSets(several, Colours()).setup("fit")
