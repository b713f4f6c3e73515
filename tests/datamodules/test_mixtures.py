"""Several sets as one: which images of which set each step shows."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules.errors import DataError
from datamodules.images import InMemory
from datamodules.mixtures import Apart, Together, Turns
from datamodules.order import Order, Passes, Request
from gan_zoo.module import Feed

SIZES = (23, 10, 17)


def numbered(name: str, size: int, first: int = 0) -> InMemory:
    """Return images of 4 x 4 pixels whose pixels and label are all their number."""
    number = torch.arange(first, first + size)
    return InMemory(name, image=number.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 4, 4), label=number)


def varied(step: int) -> Feed:
    return Feed(minibatches=5 if step % 3 else 4, batch_size=None if step % 2 else 3)


def order(start: int = 0, rank: int = 0, world: int = 1, turns: bool = True, feed: Any = varied) -> Any:
    return iter(Order(SIZES, feed, batch_size=4, seed=1, rank=rank, world=world, start=start, turns=turns))


def set_numbers(indices: np.ndarray) -> np.ndarray:
    """Return the number of the set that each index belongs to."""
    return np.searchsorted(np.cumsum(SIZES), indices, side="right")


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("start", [0, 1, 5, 12])
def test_a_restart_at_any_step_continues_as_if_it_had_not_stopped(start, world, turns):
    for rank in range(world):
        whole = [request.indices.tolist() for request in islice(order(0, rank, world, turns), 15)]
        rest = [request.indices.tolist() for request in islice(order(start, rank, world, turns), 15 - start)]
        assert rest == whole[start:]


@pytest.mark.parametrize("turns", [False, True])
def test_two_ranks_together_show_what_a_single_process_shows(turns):
    def doubled(step: int) -> Feed:
        return Feed(varied(step).minibatches, (varied(step).batch_size or 4) * 2)

    single = order(turns=turns, feed=doubled)
    ranks = [order(rank=rank, world=2, turns=turns) for rank in range(2)]
    for step in range(12):
        rows = varied(step).minibatches * (1 if turns else len(SIZES))
        parts = [next(rank).indices.reshape(rows, -1) for rank in ranks]
        assert np.concatenate(parts, axis=1).ravel().tolist() == next(single).indices.tolist()


def test_minibatch_i_of_step_s_shows_only_set_s_plus_i_mod_k():
    for step, request in enumerate(islice(order(), 20)):
        minibatches = set_numbers(request.indices).reshape(varied(step).minibatches, -1)
        assert [set(row) for row in minibatches.tolist()] == [{(step + i) % 3} for i in range(len(minibatches))]


@pytest.mark.parametrize("minibatches", [1, 2, 3, 5, 6])
def test_the_last_minibatch_of_a_step_is_of_each_set_in_turn(minibatches):
    """The generator is updated on the last mini-batch."""
    requests = islice(order(feed=lambda step: Feed(minibatches)), 9)
    last = [int(set_numbers(request.indices)[-1]) for request in requests]
    assert last == [(minibatches - 1 + step) % 3 for step in range(9)]


@pytest.mark.parametrize("turns", [False, True])
def test_each_set_has_passes_of_its_own_in_an_order_of_its_own(turns):
    shown: list[list[int]] = [[], [], []]
    for request in islice(order(turns=turns), 60):
        for number, first in enumerate((0, 23, 33)):
            shown[number] += (request.indices[set_numbers(request.indices) == number] - first).tolist()
    for number, size in enumerate(SIZES):
        passes = [tuple(shown[number][i * size : (i + 1) * size]) for i in range(4)]
        assert len(set(passes)) == 4 and all(sorted(indices) == list(range(size)) for indices in passes)
        assert list(passes[0]) == Passes(size, seed=1, stream=number).at(np.arange(size)).tolist()


def test_sets_of_one_size_are_shuffled_apart():
    first, second = (Passes(30, seed=0, stream=stream).at(np.arange(30)).tolist() for stream in range(2))
    assert first != second


@pytest.mark.parametrize(("batch_size", "fits"), [(10, True), (11, False)])
def test_no_batch_is_larger_than_the_smallest_set(batch_size, fits):
    requests = order(feed=lambda step: Feed(3, batch_size))
    if fits:
        next(requests)
    else:
        with pytest.raises(DataError, match=r"larger than the data \(10 images\)"):
            next(requests)


def test_turns_deliver_images_labels_and_the_set_they_are_from():
    parts = [numbered(name, size, first) for name, size, first in zip("xyz", SIZES, (0, 100, 200), strict=True)]
    images = Turns(**dict(zip("xyz", parts, strict=True)))
    assert len(images) == 50 and images.sizes == SIZES and images.instant
    request = next(order())
    batch = images[request]
    assert batch["domain"].tolist() == set_numbers(request.indices).tolist()
    expected = (
        request.indices - np.array([0, 23, 33])[set_numbers(request.indices)] + 100 * set_numbers(request.indices)
    )
    assert batch["label"].tolist() == expected.tolist()
    assert (batch["image"] == batch["label"].view(-1, 1, 1, 1)).all() and batch["image"].dtype == torch.uint8
    assert {key: value[request.indices].tolist() for key, value in images.labels.items()} == {
        key: batch[key].tolist() for key in ("label", "domain")
    }


def test_sets_apart_are_shown_side_by_side_by_their_names():
    images = Apart(a=numbered("a", 23), b=numbered("b", 10, first=100))
    request = next(iter(Order(images.sizes, varied, batch_size=4, seed=1)))
    batch = images[request]
    assert batch.keys() == {"a", "b"} and len(batch["a"]) == len(batch["b"]) == 12
    assert batch["a"][:, 0, 0, 0].tolist() == request.indices[:12].tolist()
    assert batch["b"][:, 0, 0, 0].tolist() == (request.indices[12:] - 23 + 100).tolist()


@pytest.mark.parametrize("resolution", [None, 2])
def test_sets_shown_together_share_an_index_and_have_the_first_sets_labels(resolution):
    images = Together(source=numbered("s", 9), target=numbered("t", 9, first=50))
    assert images.sizes == (9,) and len(images) == 9
    batch = images[Request(np.array([7, 0, 7]), resolution)]
    assert batch.keys() == {"source", "target", "label"} and batch["label"].tolist() == [7, 0, 7]
    assert batch["source"].shape == batch["target"].shape == (3, 3, resolution or 4, resolution or 4)
    assert_close(batch["target"], batch["source"] + 50, rtol=0, atol=0)


def test_sets_shown_together_must_have_equally_many_images():
    with pytest.raises(DataError, match=r"9 in source \(s\), 8 in target \(t\)"):
        Together(source=numbered("s", 9), target=numbered("t", 8))


def test_fingerprint_tells_sets_and_their_parts_apart():
    x, y = numbered("x", 5), numbered("y", 5, first=9)
    mixtures = [Together(source=x, target=y), Together(source=y, target=x), Together(target=x, source=y)]
    assert len({mixture.fingerprint() for mixture in mixtures}) == 3
    assert Together(source=x, target=y).fingerprint() == Together(source=numbered("z", 5), target=y).fingerprint()
