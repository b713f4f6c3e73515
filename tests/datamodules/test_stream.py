"""The stream of batches is a pure function of seed and position, whichever process reads it."""

from collections.abc import Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules.decoding import shrink
from datamodules.errors import DataError
from datamodules.images import InMemory
from datamodules.order import Order, Request
from datamodules.stream import StreamedData
from gan_zoo.module import Feed


def constant(step: int) -> Feed:
    return Feed(minibatches=3)


def warm_up(step: int) -> Feed:
    """As in WGAN: more discriminator updates at first, and again at every seventh step."""
    return Feed(minibatches=5 if step < 2 or step % 7 == 0 else 1)


def growing(step: int) -> Feed:
    """As in ProGAN: smaller batches of larger images over time."""
    return [Feed(2, 8, 4), Feed(2, 4, 8), Feed(3, None, None)][min(step // 3, 2)]


FEEDS = [constant, warm_up, growing]


def order(size=37, feed: Any = constant, batch_size=4, seed=0, rank=0, world=1, start=0) -> Iterator[Request]:
    return iter(Order((size,), feed, batch_size, seed, rank, world, start))


def indices(requests: Iterator[Request], steps: int) -> list[list[int]]:
    return [request.indices.tolist() for request in islice(requests, steps)]


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("start", [0, 1, 2, 3, 7, 8, 19])
def test_a_restart_at_any_step_continues_as_if_it_had_not_stopped(feed, world, start):
    for rank in range(world):
        whole = indices(order(feed=feed, rank=rank, world=world), 30)
        assert indices(order(feed=feed, rank=rank, world=world, start=start), 30 - start) == whole[start:]


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("world", [2, 3])
def test_the_shares_of_all_ranks_are_the_minibatches_of_a_single_process(feed, world):
    """They agree mini-batch by mini-batch, not only in total, so each update of a step sees the same images."""

    def whole(step: int) -> Feed:
        part = feed(step)
        return Feed(part.minibatches, (part.batch_size or 4) * world, part.resolution)

    single = order(feed=whole)
    shares = [order(feed=feed, rank=rank, world=world) for rank in range(world)]
    for step in range(25):
        expected, parts = next(single), [next(share) for share in shares]
        split = [part.indices.reshape(feed(step).minibatches, -1) for part in parts]
        assert np.concatenate(split, axis=1).ravel().tolist() == expected.indices.tolist()
        assert {part.resolution for part in parts} == {expected.resolution}


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("size", [24, 37, 100])
def test_each_pass_shows_each_image_once(size, world, feed):
    """This holds if a step straddles two passes, is longer than a pass, or differs from the step before."""
    readers = [order(size=size, feed=feed, rank=rank, world=world) for rank in range(world)]
    shown: list[int] = []
    for step in range(size):
        parts = [next(reader).indices.reshape(feed(step).minibatches, -1) for reader in readers]
        shown += np.concatenate(parts, axis=1).ravel().tolist()
    passes = [shown[i * size : (i + 1) * size] for i in range(4)]
    for indices_ in passes:
        assert sorted(indices_) == list(range(size))
    assert len({tuple(indices_) for indices_ in passes}) == 4, "each pass has a new order"


def test_another_seed_is_another_order():
    assert indices(order(seed=0), 3) != indices(order(seed=1), 3)


def test_the_order_never_changes():
    """A changed order would change every run and break every resumed run."""
    assert indices(order(size=10, batch_size=2), 2) == [[4, 6, 2, 7, 3, 5], [9, 0, 8, 1, 9, 1]]


def test_a_feed_that_changes_changes_the_requests_at_that_step():
    requests = list(islice(order(feed=growing), 8))
    assert [len(request.indices) for request in requests] == [16, 16, 16, 8, 8, 8, 12, 12]
    assert [request.resolution for request in requests] == [4, 4, 4, 8, 8, 8, None, None]


@pytest.mark.parametrize(("size", "world"), [(8, 2), (4, 1), (12, 3)])
def test_a_batch_as_large_as_the_data_is_accepted(size, world):
    for rank in range(world):
        assert len(next(order(size=size, world=world, rank=rank)).indices) == 12


@pytest.mark.parametrize(("size", "world"), [(7, 2), (3, 1), (11, 3)])
def test_a_batch_larger_than_the_data_is_refused(size, world):
    with pytest.raises(DataError, match=rf"4 on each of {world} .* \({size} images\)"):
        next(order(size=size, world=world))


def test_a_batch_that_grows_past_the_data_is_refused_at_that_step():
    requests = order(size=8, feed=lambda step: Feed(1, 8 if step < 2 else 9))
    assert [len(next(requests).indices) for _ in range(2)] == [8, 8]
    with pytest.raises(DataError, match="A batch of 9"):
        next(requests)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_below_one_is_refused(batch_size):
    with pytest.raises(DataError, match="at least 1"):
        Ramps(batch_size)


def test_a_number_of_workers_below_zero_is_refused():
    with pytest.raises(DataError, match="at least 0"):
        Ramps(4, workers=-1)


class Ramps(StreamedData):
    """23 images of 8 x 8 pixels whose pixels are all their number."""

    image_shape = (1, 8, 8)

    def setup(self, stage: str) -> None:
        numbers = torch.arange(23, dtype=torch.uint8)
        self.images = InMemory("ramps", image=numbers.view(23, 1, 1, 1).expand(23, 1, 8, 8), label=numbers.long())


def batches(workers: int, feed: Any, steps: int, start: int = 0) -> list[dict[str, torch.Tensor]]:
    """Return the batches that a trainer at step `start` reads from the data module."""
    data = Ramps(batch_size=4, workers=workers)
    data.setup("fit")
    data.trainer = SimpleNamespace(  # pyright: ignore[reportAttributeAccessIssue]
        lightning_module=SimpleNamespace(feed=feed, seed=3),
        global_rank=0,
        world_size=1,
        global_step=start,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )
    return list(islice(data.train_dataloader(), steps))


# Python 3.12 warns when a process with threads forks, as DataLoader does for its workers; this is harmless here.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("start", [0, 3])
def test_workers_change_nothing(start):
    alone, read_ahead = batches(0, growing, 8, start), batches(2, growing, 8, start)
    assert [batch.keys() for batch in alone] == [batch.keys() for batch in read_ahead]
    for batch, batch_ahead in zip(alone, read_ahead, strict=True):
        assert_close(batch, batch_ahead, rtol=0, atol=0)


@pytest.mark.parametrize("start", [0, 5])
def test_loader_delivers_the_orders_images_with_their_labels_at_the_size_asked_for(start):
    """From the trainer's step on, with the model's feed and seed."""
    for batch, request in zip(batches(0, growing, 8, start), order(23, growing, seed=3, start=start), strict=False):
        assert batch["label"].tolist() == request.indices.tolist()
        size = request.resolution or 8
        assert batch["image"].shape == (len(request.indices), 1, size, size)
        assert batch["image"].dtype == torch.uint8
        assert (batch["image"] == batch["label"].view(-1, 1, 1, 1)).all()


def test_shrinking_is_the_rounded_mean_of_the_covered_pixels():
    image = torch.randint(0, 256, (3, 2, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    small = shrink(image, 4)
    for row in range(4):
        for column in range(4):
            block = image[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].double()
            assert torch.equal(small[:, :, row, column], block.mean((2, 3)).round().to(torch.uint8))


def test_shrinking_to_the_same_size_returns_the_image():
    image = torch.randint(0, 256, (3, 1, 6, 6), dtype=torch.uint8)
    assert shrink(image, 6) is image


@pytest.mark.parametrize(("height", "width", "resolution"), [(8, 8, 3), (8, 8, 16), (8, 6, 2)])
def test_sizes_that_do_not_divide_are_refused(height, width, resolution):
    with pytest.raises(DataError, match=f"{height} x {width}.*{resolution} x {resolution}"):
        shrink(torch.zeros(1, 1, height, width, dtype=torch.uint8), resolution)


def test_fingerprint_depends_on_the_images_only():
    """Models with different labels must have comparable scores."""
    image, label = torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.arange(4)
    first = InMemory("a", image=image, label=label).fingerprint()
    for same in (InMemory("b", label=label.flip(0), image=image.clone()), InMemory("a", image=image)):
        assert same.fingerprint() == first
    changed = image.clone()
    changed[3, 0, 1, 1] = 1
    others = [InMemory("a", image=other) for other in (changed, image.view(4, 1, 1, 4), image.float(), image[:3])]
    assert len({first, *(other.fingerprint() for other in others)}) == 5


class Halves(StreamedData):
    """Five images per split, whose pixels are all the number of the split."""

    image_shape = (1, 2, 2)

    def __init__(self, first: int, split: Literal["train", "test"] = "train") -> None:
        super().__init__(2)
        self.save_hyperparameters()
        self.first, self.split = first, split

    def setup(self, stage: str) -> None:
        value = self.first + (self.split == "test")
        self.images = InMemory(self.split, image=torch.full((5, 1, 2, 2), value, dtype=torch.uint8))


@pytest.mark.parametrize(("split", "value"), [(None, 7), ("train", 7), ("test", 8)])
def test_reference_is_the_same_data_of_the_requested_split(split, value):
    data = Halves(first=7)
    data.setup("fit")
    real = data.reference(split)
    assert real[Request(np.arange(5), None)]["image"].unique().tolist() == [value]
    assert (real is data.images) is (split is None)


def test_reference_of_an_unknown_split_names_the_existing_splits():
    with pytest.raises(DataError, match="Halves has no split valid: its splits are train, test"):
        Halves(first=7).reference("valid")
    with pytest.raises(DataError, match="Ramps has no split test: it has no splits"):
        Ramps(batch_size=4).reference("test")
