"""Scores: the same whatever the batches and devices, and lower for images that are nearer to real."""

import copy
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from datamodules.mnist import MNIST
from datamodules.stream import InMemory
from gan_zoo.errors import Mistake
from gan_zoo.metrics import evaluator, extractors
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.protocol import Protocol, count_name
from gan_zoo.models.gan import GAN

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def mnist() -> MNIST:
    data = MNIST()
    data.setup("fit")
    return data


def first_digits(n: int) -> MNIST:
    """A data module of the first `n` bundled digits."""
    data = MNIST()
    data.setup("fit")
    kept: Any = data.images
    data.images = InMemory(f"mnist_{n}", **{key: value[:n] for key, value in kept.tensors.items()})
    return data


class Corners(extractors.Extractor):
    """Features that are exact whatever the batch: nine grey levels in the middle."""

    name, features = "corners", 9

    def forward(self, image):
        return image[:, 0, 12:18:2, 12:18:2].flatten(1).float()


CORNERS = f"{__name__}:Corners"


def model(**more: Any) -> GAN:
    torch.manual_seed(0)
    return GAN(image_shape=(1, 28, 28), width=(16,), latent_dim=8, **more).eval()


def score_in_shares(data: Any, world: int, samples: int) -> float:
    """What `world` processes come to, each with its share of both sides, added up as torchmetrics does."""
    made = []
    for rank in range(world):
        one = Evaluator(data, CORNERS, ("fd",), CPU, rank=rank, world=world)
        metrics = copy.deepcopy(one.metrics)
        for first, count in one._shares(samples):
            fake = model().sample(count, seed=3, first=first)
            one._feed(evaluator.images.to_uint8(fake), metrics, real=False)
        made.append(metrics["fd"])
    for other in made[1:]:
        made[0].merge_state(other)
    return made[0].compute().item()


@pytest.mark.parametrize(("world", "chunk"), [(1, 500), (1, 7), (2, 500), (3, 500), (3, 64), (3, 1)])
def test_score_does_not_depend_on_batches_or_number_of_devices(world, chunk, monkeypatch):
    monkeypatch.setattr(evaluator, "CHUNK", chunk)
    data = first_digits(301)
    whole, _ = Evaluator(data, CORNERS, ("fd",), CPU).score(model(), samples=200, seed=3, averaged=True)
    assert_close(score_in_shares(data, world, 200), whole["fd_corners_200"], atol=1e-9, rtol=0)  # metrics.md 6


@pytest.mark.parametrize("total", [0, 1, 2, 3, 499, 500, 501, 1501, 10_000])
@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_shares_of_all_processes_are_every_image_once(total, world):
    seen = []
    sizes = []
    data = first_digits(2)
    for rank in range(world):
        shares = Evaluator(data, CORNERS, (), CPU, rank=rank, world=world)._shares(total)
        seen += [i for first, count in shares for i in range(first, first + count)]
        sizes.append(sum(count for _, count in shares))
        assert all(0 < count <= evaluator.CHUNK for _, count in shares)
    assert seen == list(range(total))
    assert max(sizes) - min(sizes) <= 1


def test_scoring_twice_is_equal_to_the_last_bit(mnist):
    judge = Evaluator(mnist, "lenet", ("fd",), CPU)
    first, _ = judge.score(model(), samples=100, seed=0, averaged=True)
    torch.randn(3)
    second, _ = judge.score(model(), samples=100, seed=0, averaged=True)
    other, _ = judge.score(model(), samples=100, seed=1, averaged=True)
    assert first == second != other


def test_score_leaves_training_as_it_was(mnist):
    """Mode, weights, running statistics and the random state: evaluating never changes a run."""
    judge, scored = Evaluator(mnist, "lenet", ("fd",), CPU), model().train()
    before = copy.deepcopy(scored.state_dict())
    torch.manual_seed(1)
    state = torch.get_rng_state()
    judge.score(scored, samples=50, seed=0, averaged=True)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in scored.modules())
    assert_close(scored.state_dict(), before, rtol=0, atol=0)


def test_noise_on_the_real_digits_raises_the_distance_with_its_strength(mnist):
    """0 without noise, then rising: what a score is for."""
    judge = Evaluator(mnist, "lenet", ("fd",), CPU)
    image = evaluator.images.to_float(mnist.images.tensors["image"])  # pyright: ignore[reportAttributeAccessIssue]
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    values = []
    for strength in (0.0, 0.05, 0.1, 0.3):
        metrics = copy.deepcopy(judge.metrics)
        for one in evaluator.images.to_uint8(image + strength * noise).split(500):
            judge._feed(one, metrics, real=False)
        values.append(metrics["fd"].compute().item())
    # Ten of LeNet's features or so are never active: the singular case, whose rounding is a root's.
    assert_close(values[0], 0.0, atol=1e-6, rtol=0)
    assert values == sorted(values)
    assert values[1] > 1e-3 and values[3] > 2 * values[2] > 4 * values[1]


@pytest.mark.parametrize(
    ("samples", "name"), [(2500, "fd_lenet_2500"), (10_000, "fd_lenet_10k"), (1000, "fd_lenet_1k"), (64, "fd_lenet_64")]
)
def test_name_of_a_score_carries_extractor_and_count(samples, name, mnist):
    values, protocol = Evaluator(first_digits(64), "lenet", ("fd",), CPU).score(model(), samples, 0, averaged=True)
    assert list(values) == [name]
    assert protocol.generated == samples


@pytest.mark.parametrize(("count", "name"), [(0, "0"), (999, "999"), (1000, "1k"), (1500, "1500"), (50_000, "50k")])
def test_thousands_are_written_with_a_k(count, name):
    assert count_name(count) == name


@pytest.mark.parametrize(
    ("half_life", "averaged", "weights"),
    [(0, True, "last"), (0, False, "last"), (1000, True, "averaged"), (1000, False, "last")],
)
def test_protocol_says_under_which_conditions(half_life, averaged, weights, mnist):
    judge = Evaluator(mnist, "lenet", ("fd",), CPU)
    _, protocol = judge.score(model(average_half_life=half_life), samples=10, seed=5, averaged=averaged)
    assert protocol == Protocol(
        extractor="lenet",
        extractor_weights=extractors.make("lenet").fingerprint(),
        resize="none",
        data="mnist_test_10k",
        data_fingerprint=mnist.images.fingerprint(),
        real=10_000,
        generated=10,
        weights=weights,
        batch_norm="eval",
        truncation=1.0,
        latent_seed=5,
        dtype="float32",
    )
    assert list(protocol.as_dict()) == [one.name for one in fields(Protocol)]


@pytest.mark.parametrize(
    ("extractor", "metrics", "says"),
    [("lennet", ("fd",), "did you mean lenet"), ("lenet", ("fdd",), "did you mean fd"), ("a.b:c", ("fd",), "a.b:c")],
)
def test_unknown_names_are_one_line(extractor, metrics, says):
    with pytest.raises(Mistake, match=says):
        Evaluator(first_digits(2), extractor, metrics, CPU)


def test_data_without_images_is_refused():
    with pytest.raises(Mistake, match="no `images`"):
        Evaluator(object(), "lenet", ("fd",), CPU)


def test_images_that_the_extractor_is_not_for_are_refused_before_any_is_read():
    data = first_digits(2)
    data.image_shape = (3, 32, 32)
    with pytest.raises(Mistake, match="28 x 28"):
        Evaluator(data, "lenet", ("fd",), CPU)


def test_a_users_metric_is_named_after_its_class():
    values, _ = Evaluator(first_digits(20), CORNERS, ("gan_zoo.metrics.frechet:FrechetDistance", "fd"), CPU).score(
        model(), samples=20, seed=0, averaged=True
    )
    assert values["frechetdistance_corners_20"] == values["fd_corners_20"]
