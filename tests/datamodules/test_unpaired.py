"""Two real sets without pairs."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from datamodules.errors import DataError
from datamodules.order import Request
from datamodules.unpaired import Unpaired
from gan_zoo.module import Feed
from tests.drivers.image_files import picture, write


@pytest.fixture(scope="module")
def animals(shared) -> Unpaired:
    root = f"{shared}/data/horse2zebra"
    data = Unpaired(f"{root}/{{split}}A", f"{root}/{{split}}B", split="test", resolution=36, crop=32, batch_size=4)
    data.setup("fit")
    return data


def test_both_sets_are_complete_and_in_three_channels(animals):
    assert [len(part) for part in animals.parts.values()] == [120, 140]
    assert animals.image_shape == (3, 32, 32) and animals.crop == 32
    modes = {animals.files["b"].read(index).shape[2] for index in range(140)}
    batch = animals.images[Request(np.arange(260), None)]
    assert {key: value.shape for key, value in batch.items()} == {"a": (120, 3, 36, 36), "b": (140, 3, 36, 36)}
    assert modes <= {1, 3}


def test_grey_images_have_three_equal_channels(tmp_path):
    for number in range(2):
        write(tmp_path / "A" / f"{number}.png", picture(number, mode="L"))
        write(tmp_path / "B" / f"{number}.png", picture(number))
    data = Unpaired(str(tmp_path / "A"), str(tmp_path / "B"), resolution=8, crop=0)
    data.setup("fit")
    batch = data.images[Request(np.arange(4), None)]
    assert torch.equal(batch["a"], batch["a"][:, :1].expand(-1, 3, -1, -1))
    assert not torch.equal(batch["b"], batch["b"][:, :1].expand(-1, 3, -1, -1))


def test_each_step_shows_equally_many_of_both_and_b_does_not_follow_a(animals, monkeypatch):
    """Over 30 passes of b, an image a is shown beside many different images b."""
    trainer = SimpleNamespace(
        lightning_module=SimpleNamespace(feed=lambda step: Feed(minibatches=2), seed=0),
        global_rank=0,
        world_size=1,
        global_step=0,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )
    monkeypatch.setattr(animals, "trainer", trainer)
    loader = animals.train_dataloader()
    order = iter(loader.sampler)
    pairs: dict[int, set[int]] = {}
    for _, request in zip(range(600), order, strict=False):
        assert len(request.indices) == 16  # pyright: ignore[reportAttributeAccessIssue]
        a, b = np.split(request.indices, 2)  # pyright: ignore[reportAttributeAccessIssue]
        assert a.max() < 120 <= b.min()
        for index_a, index_b in zip(a, b, strict=True):
            pairs.setdefault(int(index_a), set()).add(int(index_b))
    assert min(map(len, pairs.values())) > 25, "an image a is shown 40 times, beside 140 possible images b"
    batch = next(iter(loader))
    assert batch["a"].shape == batch["b"].shape == (8, 3, 36, 36)


@pytest.mark.slow
def test_scores_compare_with_whole_images_b(animals):
    assert animals.reference().name == "horse2zebra_b_test_32px_140"
    assert animals.reference("train").name == "horse2zebra_b_train_32px_300"


def test_a_missing_set_is_named(shared):
    with pytest.raises(DataError, match="trainC"):
        Unpaired(f"{shared}/data/horse2zebra/trainA", f"{shared}/data/horse2zebra/trainC")


@pytest.mark.parametrize("option", ["a", "b"])
def test_a_path_without_splits_is_refused_by_the_name_of_its_option(shared, option):
    paths = {key: f"{shared}/data/horse2zebra/{{split}}{key.upper()}" for key in "ab"}
    paths[option] = paths[option].replace("{split}", "train")
    with pytest.raises(DataError, match=rf"^data\.{option} .* has no split test"):
        Unpaired(paths["a"], paths["b"], split="test")
