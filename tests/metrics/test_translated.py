"""Scores of translated images: on routes whose values are known, on subsets by label, and beside what no model made."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules.images import InMemory
from datamodules.mixtures import Turns
from datamodules.mnist import MNIST
from datamodules.order import Request
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics import translated
from gan_zoo.metrics.baselines import Untranslated, baselines
from gan_zoo.metrics.classifiers import classifier
from gan_zoo.metrics.faithful import of_all
from gan_zoo.metrics.translated import Result, Translations
from gan_zoo.translation.routes import Route, Translating
from tests.drivers.scripted import Colours, Pixels

CPU = torch.device("cpu")
A2B = Route("a2b", "a", "b", paired=True, back="b2a")
B2A = Route("b2a", "b", "a", back="a2b")


class Darker:
    """a2b takes 20 grey levels away; b2a gives 30, so that there and back adds 10."""

    routes, stride = (A2B, B2A), 1

    def follow(self, route: Route, batch: dict[str, Any], seed: int = 0, first: int = 0) -> torch.Tensor:
        return batch[route.source] + (-20 if route.name == "a2b" else 30) / 127.5


def data(**sides: Any) -> Any:
    """What scores read of a data module."""
    one = SimpleNamespace(sides=sides, split="train", workers=0)
    one.at_split = lambda split: one
    return one


def noise(seed: int, count: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(60, 200, (count, 1, 8, 8), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def pairs() -> Any:
    """b is a, 20 levels darker in the first half of the images and 26 in the others."""
    a = noise(0)
    less = torch.tensor([20, 26], dtype=torch.uint8).repeat_interleave(20).view(-1, 1, 1, 1)
    return data(a=InMemory("a", image=a), b=InMemory("b", image=a - less))


def judge(routes: tuple[Route, ...], data: Any, **more: Any) -> Translations:
    return Translations(routes, data, None, Pixels(), ("fd", "kid"), CPU, **more)


def numbers(results: list[Result]) -> dict[str, float]:
    return {name: one.value for scores, _ in results for name, one in scores.items()}


def test_values_of_a_model_that_is_known(pairs):
    """A grey level is 1 / 127.5; means are exact but for float32's rounding of 40 x 64 numbers."""
    found = numbers(judge(Darker.routes, pairs).results(Darker(), 40))
    assert list(found)[:2] == ["a2b/fd_pixels_40", "a2b/kid_pixels_40"], "the first decides which step is best"
    assert_close(found["a2b/l1_40"], 3 / 127.5, rtol=1e-5, atol=0)
    assert_close(found["a2b/cycle_l1_40"], 10 / 127.5, rtol=1e-5, atol=0)
    assert_close(found["b2a/cycle_l1_40"], 10 / 127.5, rtol=1e-5, atol=0)
    exact, off = 10 * np.log10(510**2), 10 * np.log10(4 * 127.5**2 / 36)  # of half a level, and of six levels
    assert_close(found["a2b/psnr_40"], (exact + off) / 2, rtol=1e-5, atol=0)
    assert not {name for name in found if "ssim" in name or "accuracy" in name or name.startswith("b2a/l1")}


def test_images_that_are_their_targets_have_no_distance_but_those_that_are_not(pairs):
    """Of 64 features whose variance is some 1600 squared levels each; the means are 23 levels apart."""
    apart, same = (numbers(judge((Route("a2b", "a", side),), pairs).results(Untranslated(()), 40)) for side in "ba")
    assert abs(same["a2b/fd_pixels_40"]) < 1e-2
    assert apart["a2b/fd_pixels_40"] > 64 * 23**2


def test_the_protocol_says_what_was_translated_and_what_it_was_compared_with(pairs):
    by_name = {name: protocol.as_dict() for scores, protocol in judge(Darker.routes, pairs).results(Darker(), 30)
               for name in scores}  # fmt: skip
    there, back = by_name["a2b/fd_pixels_30"], by_name["b2a/fd_pixels_30"]
    assert (there["source"], there["data"], back["source"], back["data"]) == ("a", "b", "b", "a")
    assert there["source_fingerprint"] == back["data_fingerprint"] != back["source_fingerprint"]
    assert (there["generated"], there["real"], there["batch_norm"]) == (30, 40, "each image's own")
    assert by_name["a2b/l1_30"]["extractor"] == "" and there["extractor"] == "pixels"


def test_scores_do_not_depend_on_how_many_images_go_through_together(pairs, monkeypatch):
    whole = numbers(judge(Darker.routes, pairs).results(Darker(), 40))
    monkeypatch.setattr(translated, "AT_ONCE", 7 * 64)
    assert_close(numbers(judge(Darker.routes, pairs).results(Darker(), 40)), whole, rtol=1e-6, atol=1e-9)


def test_the_seed_and_the_number_of_an_image_reach_the_model(pairs, monkeypatch):
    monkeypatch.setattr(translated, "AT_ONCE", 7 * 64)
    asked = []

    class Listening(Darker):
        routes = (A2B,)

        def follow(self, route, batch, seed=0, first=0):
            asked.append((seed, first, len(batch["a"])))
            return batch["a"]

    judge((Route("a2b", "a", "b"),), pairs).results(Listening(), 20, seed=5)
    assert asked == [(5, 0, 7), (5, 7, 7), (5, 14, 6)]


def labelled(count: int = 40) -> InMemory:
    """Every third image has the first label, and the first half the second."""
    number = torch.arange(count)
    return InMemory("faces", image=noise(1, count), label=torch.stack([number % 3 == 0, number < 20], 1).float())


class Naming:
    """Takes an image as it is, and remembers the labels of those that it was given."""

    def __init__(self, *routes: Route) -> None:
        self.routes, self.stride, self.labels = routes, 1, {route.name: [] for route in routes}

    def follow(self, route: Route, batch: dict[str, Any], seed: int = 0, first: int = 0) -> torch.Tensor:
        self.labels[route.name] += batch["label"].tolist()
        return batch["image"]


def test_what_has_a_label_is_compared_with_what_was_given_it():
    faces = labelled()
    given = Route("Male", label=0, label_name="Male")
    taken = Route("not_Male", label=0, label_name="Male", value=False)
    model = Naming(given, taken)
    scores = judge(model.routes, data(image=faces))
    assert [len(way.sources) for way in scores.ways] == [26, 14] and [len(way.targets) for way in scores.ways] == [
        14,
        26,
    ]
    found = scores.results(model, 20)
    assert {label[0] for label in model.labels["Male"]} == {0} and {label[0] for label in model.labels["not_Male"]} == {
        1
    }
    assert (len(model.labels["Male"]), len(model.labels["not_Male"])) == (20, 14), "20 at most, 14 if there are no more"
    assert numbers(found)["Male/source_l1_20"] == 0
    there, back = (found[at][1].as_dict() for at in (0, 2))
    assert (there["data"], there["source"]) == ("faces_Male", "faces_but_Male")
    assert there["data_fingerprint"] != back["data_fingerprint"] != labelled().fingerprint()


def test_of_several_sets_those_that_do_not_know_the_label_are_translated_and_never_a_target():
    one, other = labelled(30), labelled(12)
    wide = [InMemory(part.name, image=part.tensors["image"], label=label) for part, label in (
        (one, torch.cat([one.labels["label"], torch.zeros(30, 2)], 1)),
        (other, torch.cat([torch.zeros(12, 2), other.labels["label"]], 1)),
    )]  # fmt: skip
    both = Turns(x=wide[0], y=wide[1])
    ways = judge((Route("A", label=0), Route("not_A", label=0, value=False), Route("D", label=3, domain=1)),
                 data(image=both)).ways  # fmt: skip
    assert [(len(way.sources), len(way.targets)) for way in ways] == [(12, 10), (12, 20), (30, 12)]
    domains = [set(way.targets.labels["domain"].tolist()) for way in ways]
    assert domains == [{0}, {0}, {1}]
    assert [set(way.sources.labels["domain"].tolist()) for way in ways] == [{1}, {1}, {0}]


def test_labels_that_all_images_have_are_refused():
    faces = InMemory("faces", image=noise(1), label=torch.ones(40, 1))
    with pytest.raises(Mistake, match="40 of the 40 images of faces are Male"):
        judge((Route("Male", label=0),), data(image=faces))


def test_data_without_the_images_of_a_route_are_refused(pairs):
    with pytest.raises(Mistake, match="shows no source, which a2b needs"):
        judge((Route("a2b", "source", "b"),), pairs)
    with pytest.raises(Mistake, match="SimpleNamespace has no `sides`"):
        judge((A2B,), SimpleNamespace())


@pytest.fixture(scope="module")
def digits(shared) -> Any:
    """Digits as colour images of 32 pixels, and their negatives."""
    mnist = MNIST(str(shared / "data" / "mnist"), split="test")
    mnist.prepare_data()
    mnist.setup("fit")
    batch = mnist.images[Request(np.arange(200))]
    large = images.to_uint8(images.to_size(images.to_float(batch["image"]), (32, 32))).expand(-1, 3, -1, -1)
    return data(a=InMemory("a", image=255 - large, label=batch["label"]), b=InMemory("b", image=large))


class Negative(Darker):
    routes = (Route("a2b", "a", "b"),)

    def follow(self, route, batch, seed=0, first=0):
        return -batch["a"]


def test_lenet_tells_whether_digits_stay_what_they_are(digits):
    """98.95 % of MNIST's own test digits, 28 pixels a side; of 200, drawn larger and again smaller, 4 % may be lost."""
    scores = Translations(Negative.routes, digits, None, Colours(), ("fd",), CPU, classifier=classifier("lenet"))
    results = scores.results(Negative(), 200)
    found = {name: value for one, _ in results for name, value in one.items()}
    accuracy = found["a2b/accuracy_lenet_200"]
    assert accuracy.value > 0.95 and accuracy.interval and accuracy.interval[0] < accuracy.value < accuracy.interval[1]
    assert results[1][1].extractor == "lenet" and len(results[1][1].extractor_weights) == 16
    beside = [(name, one.value, protocol.conditions.weights) for row, protocol in baselines(scores, digits, 200)
              for name, one in row.items()]  # fmt: skip
    assert [(name, weights) for name, _, weights in beside] == [
        ("a2b/fd_colours_200", "untranslated"), ("a2b/accuracy_lenet_200", "untranslated")
    ]  # fmt: skip
    assert beside[1][1] < 0.6, "lenet never saw a negative"


def test_a_classifier_that_cannot_tell_is_refused(pairs):
    with pytest.raises(Mistake, match="lenet cannot tell what a2b, b2a ask for"):
        judge(Darker.routes, pairs, classifier=classifier("lenet"))


def test_beside_pairs_stand_the_sources_and_the_mean_target(pairs):
    scores = judge((Route("a2b", "a", "b", paired=True),), pairs)
    found = {(name, protocol.conditions.weights): one.value
             for row, protocol in baselines(scores, pairs, 40) for name, one in row.items()}  # fmt: skip
    assert_close(found["a2b/l1_40", "untranslated"], 23 / 127.5, rtol=1e-5, atol=0)
    target = pairs.sides["b"].tensors["image"].double()
    assert_close(
        found["a2b/l1_40", "mean image"], ((target - target.mean(0)).abs().mean() / 127.5).item(), rtol=1e-5, atol=0
    )


def test_a_process_without_images_counts_for_nothing():
    """Of 1, 2 and 3: a mean of 2, and 1.96 times the error of the mean, 1 / sqrt(3) of a deviation of 1."""
    seen = {"l1": 6.0, "l1²": 14.0, "l1#": 3.0}
    for parts in ([seen, {}], [{}, seen], [{"l1": 1.0, "l1²": 1.0, "l1#": 1.0}, {"l1": 5.0, "l1²": 13.0, "l1#": 2.0}]):
        found = of_all(("l1",), parts)["l1"]
        assert found.value == 2 and found.interval == pytest.approx((2 - 1.96 / 3**0.5, 2 + 1.96 / 3**0.5))


def test_our_models_translate():
    assert isinstance(Darker(), Translating) and not isinstance(object(), Translating)
