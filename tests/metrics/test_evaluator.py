"""The evaluator: scores do not depend on batches, rise with noise, and come with their protocol."""

import copy
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from datamodules.mnist import MNIST
from datamodules.stream import DataError, InMemory
from gan_zoo import __version__, images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import evaluator, extractors, fakes, names
from gan_zoo.metrics.evaluator import against, lines, shares
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.protocol import OPTIONAL, Conditions, Protocol, comparable
from tests.metrics.scored import ALL, CORNERS, CPU, Corners, Counting, Still, make_evaluator, model, sampled


@pytest.mark.parametrize("chunk", [1, 7, 64, 500])
def test_score_does_not_depend_on_batches(
    chunk: int, few: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = ("fd", "kid", "prdc")
    whole, _ = make_evaluator(few, CORNERS, metrics).score(sampled(seed=3), 200)
    monkeypatch.setattr(evaluator, "CHUNK", chunk)
    monkeypatch.setattr(fakes, "CHUNK", chunk)
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path))
    values, _ = make_evaluator(few, CORNERS, metrics).score(sampled(seed=3), 200)
    for name, score in whole.items():
        assert_close(values[name].value, score.value, atol=1e-9, rtol=1e-9)  # metrics.md 6: on fixed features


@pytest.mark.parametrize("unit", [1, 250])
@pytest.mark.parametrize("total", [0, 1, 2, 3, 249, 250, 251, 501, 10_000])
@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_the_shares_of_all_processes_hold_every_image_once(
    total: int, world: int, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    indices, sizes = [], []
    monkeypatch.setattr(evaluator, "world_size", lambda: world)
    for rank in range(world):
        monkeypatch.setattr(evaluator, "rank", lambda: rank)  # noqa: B023 (called within this iteration)
        chunks = shares(total, unit)
        indices += [i for first, count in chunks for i in range(first, first + count)]
        sizes.append(sum(count for _, count in chunks))
        assert all(0 < count <= evaluator.CHUNK for _, count in chunks)
        assert all(first % unit == 0 for first, _ in chunks)
    assert indices == list(range(total))
    assert max(sizes) - min(sizes) < 2 * unit and sizes[0] == max(sizes)


def test_scoring_twice_gives_equal_bits(few: Counting) -> None:
    ours = make_evaluator(few, metrics=("fd", "kid"))
    first, _ = ours.score(sampled(), 100)
    torch.randn(3)
    second, _ = ours.score(sampled(), 100)
    other, _ = ours.score(sampled(seed=1), 100)
    assert first == second != other


def test_score_leaves_training_as_it_was(few: Counting) -> None:
    """Evaluation leaves the mode, the weights, the running statistics and the random state unchanged."""
    ours, scored = make_evaluator(few, metrics=ALL), model().train()
    before = copy.deepcopy(scored.state_dict())
    torch.manual_seed(1)
    state = torch.get_rng_state()
    ours.score(Sampled(scored, Sampling(batch_norm="train")), 50)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in scored.modules())
    assert_close(scored.state_dict(), before, rtol=0, atol=0)


def test_noise_on_the_real_digits_raises_the_distance_with_its_strength(mnist: MNIST, digits: Tensor) -> None:
    """The distance is 0 without noise and rises with its strength."""
    ours = make_evaluator(mnist.images)
    noise = torch.randn(digits.shape, generator=torch.Generator().manual_seed(0))
    values = []
    for strength in (0.0, 0.05, 0.1, 0.3):
        noisy = images.to_uint8(images.to_float(digits) + strength * noise)
        values.append(ours.score(Still(noisy), len(noisy))[0]["fd_lenet_10k"].value)
    # About ten of LeNet's features are never active, so the covariance is singular, which rounds less exactly.
    assert_close(values[0], 0.0, atol=1e-6, rtol=0)
    assert values == sorted(values)
    assert values[1] > 1e-3 and values[3] > 2 * values[2] > 4 * values[1]


def test_all_metrics_of_one_pass(few: Counting) -> None:
    """One pass gives every metric by its name, and values lie within their intervals."""
    ours = make_evaluator(few, metrics=ALL)
    count = 20 * ours.extractor.features
    scores, _ = ours.score(sampled(), count)
    assert {name.removesuffix(f"_lenet_{count}") for name in scores} == {
        *("fd", "kid", "precision", "recall", "density", "coverage", "is", "fd_infinity"),
    }
    for measure in ("kid", "is", "fd_infinity"):
        value, interval = scores[f"{measure}_lenet_{count}"]
        assert interval is not None and interval[0] <= value <= interval[1]
    assert scores[f"fd_lenet_{count}"].interval is None


def test_too_few_images_for_fd_infinity_leave_it_out_and_say_why(few: Counting) -> None:
    """A metric of its own is refused; beside others it is left out, and a note says why."""
    reason = "19 images are 2.1 for each of 9 features, and its interval is reliable from 20 on: use 180 images or more"
    ours = make_evaluator(few, CORNERS, ("fd", "fd_infinity"))
    assert set(ours.score(sampled(), 19)[0]) == {"fd_corners_19"}
    assert f"Note: fd_infinity is left out: {reason}" in ours.few(19)
    assert ours.few(180) == "" and "fd_infinity_corners_180" in ours.score(sampled(), 180)[0]
    with pytest.raises(Mistake, match=reason):
        make_evaluator(few, CORNERS, ("fd_infinity",)).score(sampled(), 19)


@pytest.mark.parametrize(("first", "higher"), [("fd", False), ("is", True), ("prdc", True), ("kid", False)])
def test_the_direction_is_that_of_the_first_metric(first: str, higher: bool, few: Counting) -> None:
    assert make_evaluator(few, metrics=(first, "fd")).higher_is_better is higher


@pytest.mark.parametrize(
    ("half_life", "averaged", "weights"),
    [(0, True, "last"), (0, False, "last"), (1000, True, "averaged"), (1000, False, "last")],
)
def test_the_protocol_holds_all_conditions(half_life: int, averaged: bool, weights: str, mnist: MNIST) -> None:
    fakes = Sampled(model(average_half_life=half_life), Sampling(seed=5, averaged=averaged, batch_norm="train"))
    _, protocol = against(mnist, None, extractors.make("lenet"), ("fd",), CPU).score(fakes, 10)
    assert protocol == Protocol(
        extractor="lenet",
        extractor_weights=extractors.make("lenet").fingerprint(),
        extractor_version=1,
        resize="none",
        data=mnist.images.name,
        data_fingerprint=mnist.images.fingerprint(),
        split="test",
        real=10_000,
        generated=10,
        conditions=Conditions(weights, "batches of 250", 1.0, "none", 5),
        dtype="float32",
    )
    flat = protocol.as_dict()
    names = {field.name for kind in (Protocol, Conditions) for field in fields(kind)} - {"conditions"}
    assert set(flat) == names - {*OPTIONAL}, "nothing was translated, and the images are ours"
    assert flat["latent_seed"] == 5


def test_a_line_holds_everything_that_a_report_reads(few: Counting) -> None:
    scores, protocol = make_evaluator(few, metrics=("kid", "fd")).score(sampled(), 20)
    first, second = lines(scores, protocol, step=7, images=70)
    assert list(first) == ["step", "images", "metric", "value", "interval", "protocol", "gan_zoo"]
    assert first["gan_zoo"] == __version__
    assert (first["step"], first["images"], first["metric"]) == (7, 70, "kid_lenet_20")
    assert len(first["interval"]) == 2 and second["interval"] is None
    assert first["protocol"] == second["protocol"] == protocol.as_dict()


def test_an_extractor_whose_owner_raised_its_version_is_another(few: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corners has no weights, so that nothing but its version tells two of its codes apart."""
    before, old = make_evaluator(few, CORNERS).score(sampled(), 20)
    monkeypatch.setattr(Corners, "version", 2)
    monkeypatch.setattr(Corners, "forward", lambda _, image: image[:, 0, 10:16:2, 10:16:2].flatten(1).float())
    after, new = make_evaluator(few, CORNERS).score(sampled(), 20)
    assert before != after, "the cached statistics of the real images are not used again"
    assert comparable(old.as_dict()) != comparable(new.as_dict())


def test_a_line_of_an_older_version_is_comparable_with_a_new_one(few: Counting) -> None:
    _, protocol = make_evaluator(few).score(sampled(), 20)
    new = protocol.as_dict()
    old = {name: value for name, value in new.items() if name != "extractor_version"}
    assert comparable(old) == comparable(new)
    assert comparable({}) == {}, "a line without protocol stays one"


@pytest.mark.parametrize(
    ("extractor", "metrics", "message"),
    [
        ("lenet", ("fdd",), "did you mean fd"),
        (CORNERS, ("is",), "corners has none"),
    ],
)
def test_unknown_names_are_one_line(extractor: str, metrics: tuple[str, ...], message: str, few: Counting) -> None:
    with pytest.raises(Mistake, match=message):
        make_evaluator(few, extractor, metrics)


def test_data_without_images_is_refused() -> None:
    with pytest.raises(Mistake, match="no `reference`"):
        against(object(), None, extractors.make("lenet"), ("fd",), CPU)


def test_a_split_that_is_not_there_is_refused(mnist: MNIST) -> None:
    with pytest.raises(DataError, match="no split valid"):
        against(mnist, "valid", extractors.make("lenet"), ("fd",), CPU)


@pytest.mark.parametrize(
    ("image", "message"),
    [(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), "28 x 28"), (torch.zeros(4, 1, 28, 28), "float32")],
)
def test_images_that_the_extractor_does_not_take_are_refused(image: Tensor, message: str) -> None:
    with pytest.raises(Mistake, match=message):
        make_evaluator(InMemory("other", image=image))


@pytest.mark.parametrize(("real", "fake"), [(1, 5), (5, 1)])
def test_one_image_is_too_few(real: int, fake: int, digits: Tensor) -> None:
    with pytest.raises(Mistake, match="at least 2"):
        make_evaluator(InMemory("one", image=digits[:real])).score(sampled(), fake)


def test_few_images_give_a_note() -> None:
    data = InMemory("many", image=torch.zeros(600, 1, 28, 28, dtype=torch.uint8))
    ours = make_evaluator(data, CORNERS)
    assert ours.few(36) == "" and ours.few(600) == ""
    assert "35 images are few for 9 features" in ours.few(35)
    assert "20 images are few" in make_evaluator(data, CORNERS, count=20).few(600)


def test_a_users_metric_is_named_as_it_was_typed_and_sees_the_real_images(few: Counting) -> None:
    metrics = ("gan_zoo.metrics.frechet:FrechetDistance", "tests.metrics.test_evaluator:Gap")
    scores, _ = make_evaluator(few, CORNERS, metrics).score(sampled(), 20)
    same, _ = make_evaluator(few, CORNERS).score(sampled(), 20)
    assert scores["gan_zoo.metrics.frechet:FrechetDistance_corners_20"] == same["fd_corners_20"]
    assert scores["tests.metrics.test_evaluator:Gap_corners_20"].value > 0


class Gap(evaluator.Metric):
    """A user's own metric: the largest difference between mean features."""

    def __init__(self, features: int) -> None:
        super().__init__()
        for side in ("real", "fake"):
            self.add_state(side, torch.zeros(features), dist_reduce_fx="sum")

    def update(self, features: Tensor, real: bool) -> None:
        side = "real" if real else "fake"
        setattr(self, side, getattr(self, side) + features.mean(0))

    def compute(self) -> Tensor:
        return (self.real - self.fake).abs().max()  # pyright: ignore


OTHER_SCORES = """
import torch
from gan_zoo.metrics.frechet import FrechetDistance
from tests.metrics import test_evaluator


class Gap(test_evaluator.Gap):
    def compute(self):
        return super().compute() * 2


class Measures(test_evaluator.Gap):
    def compute(self):
        return {"fd": torch.tensor(1.0), "fd_low": torch.tensor(0.5), "fd_high": torch.tensor(2.0)}


class fd(FrechetDistance):
    def _real_side(self):
        return {"mean": torch.zeros(9).double(), "covariance": torch.eye(9).double()}
"""


@pytest.fixture
def other_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of a user whose classes have names that others have too."""
    (tmp_path / "other_scores.py").write_text(OTHER_SCORES)
    monkeypatch.syspath_prepend(tmp_path)


def test_two_metrics_of_one_class_name_do_not_collide(few: Counting, other_scores: None) -> None:
    metrics = ("tests.metrics.test_evaluator:Gap", "other_scores:Gap", "fd", "other_scores:fd")
    scores, _ = make_evaluator(few, CORNERS, metrics).score(sampled(), 20)
    assert len(scores) == 4
    gap, other_gap, distance, other_distance = (score.value for score in scores.values())
    assert other_gap == 2 * gap and other_distance != distance
    assert make_evaluator(few, CORNERS).score(sampled(), 20)[0]["fd_corners_20"].value == distance, "from the cache"


def test_the_measures_of_a_users_metric_are_not_taken_for_ours(few: Counting, other_scores: None) -> None:
    scores, _ = make_evaluator(few, CORNERS, ("fd", "other_scores:Measures")).score(sampled(), 20)
    assert scores.keys() == {"fd_corners_20", "other_scores:Measures.fd_corners_20"}
    assert scores["other_scores:Measures.fd_corners_20"] == (1.0, (0.5, 2.0))
    assert names.measure("other_scores:Measures.fd_corners_20") is None
