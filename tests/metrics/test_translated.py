"""Scores of translated images: models with known scores, subsets by label, and the baselines."""

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
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.metrics import translated
from gan_zoo.metrics.baselines import Untranslated, baselines
from gan_zoo.metrics.classifiers import classifier
from gan_zoo.metrics.faithful import means
from gan_zoo.metrics.translated import Result, Translations
from gan_zoo.translation.routes import Route, Translating
from tests.drivers.scripted import Colours, Pixels

CPU = torch.device("cpu")
A2B = Route("a2b", "a", "b", paired=True, back="b2a")
B2A = Route("b2a", "b", "a", back="a2b")


class Darker:
    """A translator: a2b subtracts 20 grey levels and b2a adds 30, so that a round trip adds 10."""

    routes, stride = (A2B, B2A), 1

    def follow(self, route: Route, batch: dict[str, Any], seed: int = 0, first: int = 0) -> torch.Tensor:
        return batch[route.source] + (-20 if route.name == "a2b" else 30) / 127.5


def data(**sides: Any) -> Any:
    """Return a stand-in for a data module, with the attributes that scores read."""
    module = SimpleNamespace(sides=sides, split="train", workers=0)
    module.at_split = lambda split: module
    return module


def noise(seed: int, count: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(60, 200, (count, 1, 8, 8), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def pairs() -> Any:
    """Pairs in which b is a made darker, by 20 levels in the first half of the images and by 26 in the second."""
    a = noise(0)
    less = torch.tensor([20, 26], dtype=torch.uint8).repeat_interleave(20).view(-1, 1, 1, 1)
    return data(a=InMemory("a", image=a), b=InMemory("b", image=a - less))


def evaluator(routes: tuple[Route, ...], data: Any, **more: Any) -> Translations:
    return Translations(routes, data, None, Pixels(), ("fd", "kid"), CPU, **more)


def numbers(results: list[Result]) -> dict[str, float]:
    return {name: score.value for scores, _ in results for name, score in scores.items()}


def test_a_known_model_has_the_scores_computed_by_hand(pairs):
    """A grey level is 1 / 127.5; the means are exact up to the rounding of 40 x 64 numbers in float32."""
    found = numbers(evaluator(Darker.routes, pairs).results(Darker(), 40))
    assert list(found)[:2] == ["a2b/fd_pixels_40", "a2b/kid_pixels_40"], "the first decides which step is best"
    assert_close(found["a2b/l1_40"], 3 / 127.5, rtol=1e-5, atol=0)
    assert_close(found["a2b/cycle_l1_40"], 10 / 127.5, rtol=1e-5, atol=0)
    assert_close(found["b2a/cycle_l1_40"], 10 / 127.5, rtol=1e-5, atol=0)
    exact, off = 10 * np.log10(510**2), 10 * np.log10(4 * 127.5**2 / 36)  # an error of half a level, and of six
    assert_close(found["a2b/psnr_40"], (exact + off) / 2, rtol=1e-5, atol=0)
    assert not {name for name in found if "ssim" in name or "accuracy" in name or name.startswith("b2a/l1")}


def test_the_distance_is_zero_only_when_the_images_are_the_targets(pairs):
    """There are 64 features with a variance of about 1600 squared levels each; the means are 23 levels apart."""
    apart, same = (numbers(evaluator((Route("a2b", "a", side),), pairs).results(Untranslated(()), 40)) for side in "ba")
    assert abs(same["a2b/fd_pixels_40"]) < 1e-2
    assert apart["a2b/fd_pixels_40"] > 64 * 23**2


def test_translations_that_are_not_finite_have_no_score(pairs):
    class Broken(Darker):
        def follow(self, route, batch, seed=0, first=0):
            return super().follow(route, batch) * torch.nan

    with pytest.raises(NonFinite, match="Broken generated NaN"):
        evaluator(Darker.routes, pairs).results(Broken(), 40)


def test_the_protocol_names_the_sources_and_the_real_images(pairs):
    by_name = {name: protocol.as_dict() for scores, protocol in evaluator(Darker.routes, pairs).results(Darker(), 30)
               for name in scores}  # fmt: skip
    there, back = by_name["a2b/fd_pixels_30"], by_name["b2a/fd_pixels_30"]
    assert (there["source"], there["data"], back["source"], back["data"]) == ("a", "b", "b", "a")
    assert there["source_fingerprint"] == back["data_fingerprint"] != back["source_fingerprint"]
    assert (there["generated"], there["real"], there["batch_norm"]) == (30, 40, "each image's own")
    assert by_name["a2b/l1_30"]["extractor"] == "" and there["extractor"] == "pixels"


def test_scores_do_not_depend_on_the_batch_size(pairs, monkeypatch):
    whole = numbers(evaluator(Darker.routes, pairs).results(Darker(), 40))
    monkeypatch.setattr(translated, "AT_ONCE", 7 * 64)
    assert_close(numbers(evaluator(Darker.routes, pairs).results(Darker(), 40)), whole, rtol=1e-6, atol=1e-9)


def test_the_seed_and_the_number_of_an_image_reach_the_model(pairs, monkeypatch):
    monkeypatch.setattr(translated, "AT_ONCE", 7 * 64)
    calls = []

    class Recording(Darker):
        routes = (A2B,)

        def follow(self, route, batch, seed=0, first=0):
            calls.append((seed, first, len(batch["a"])))
            return batch["a"]

    evaluator((Route("a2b", "a", "b"),), pairs).results(Recording(), 20, seed=5)
    assert calls == [(5, 0, 7), (5, 7, 7), (5, 14, 6)]


def labelled(count: int = 40) -> InMemory:
    """Return images of which every third has the first label, and the first half the second."""
    number = torch.arange(count)
    return InMemory("faces", image=noise(1, count), label=torch.stack([number % 3 == 0, number < 20], 1).float())


class RecordingLabels:
    """A translator that returns its images unchanged and records their labels, route by route."""

    def __init__(self, *routes: Route) -> None:
        self.routes, self.stride, self.labels = routes, 1, {route.name: [] for route in routes}

    def follow(self, route: Route, batch: dict[str, Any], seed: int = 0, first: int = 0) -> torch.Tensor:
        self.labels[route.name] += batch["label"].tolist()
        return batch["image"]


def test_images_without_the_label_are_translated_and_compared_with_images_that_have_it():
    faces = labelled()
    adding = Route("Male", label=0, label_name="Male")
    removing = Route("not_Male", label=0, label_name="Male", value=False)
    model = RecordingLabels(adding, removing)
    scores = evaluator(model.routes, data(image=faces))
    assert [(len(task.sources), len(task.targets)) for task in scores.tasks] == [(26, 14), (14, 26)]
    results = scores.results(model, 20)
    assert {label[0] for label in model.labels["Male"]} == {0}
    assert {label[0] for label in model.labels["not_Male"]} == {1}
    assert (len(model.labels["Male"]), len(model.labels["not_Male"])) == (20, 14), "20 at most, 14 if there are no more"
    assert numbers(results)["Male/source_l1_20"] == 0
    there, back = (results[i][1].as_dict() for i in (0, 2))
    assert (there["data"], there["source"]) == ("faces_Male", "faces_but_Male")
    assert there["data_fingerprint"] != back["data_fingerprint"] != labelled().fingerprint()


def test_with_several_data_sets_the_sources_are_the_sets_without_the_label():
    first, second = labelled(30), labelled(12)
    wide = [InMemory(part.name, image=part.tensors["image"], label=label) for part, label in (
        (first, torch.cat([first.labels["label"], torch.zeros(30, 2)], 1)),
        (second, torch.cat([torch.zeros(12, 2), second.labels["label"]], 1)),
    )]  # fmt: skip
    both = Turns(x=wide[0], y=wide[1])
    tasks = evaluator((Route("A", label=0), Route("not_A", label=0, value=False), Route("D", label=3, domain=1)),
                 data(image=both)).tasks  # fmt: skip
    assert [(len(task.sources), len(task.targets)) for task in tasks] == [(12, 10), (12, 20), (30, 12)]
    domains = [set(task.targets.labels["domain"].tolist()) for task in tasks]
    assert domains == [{0}, {0}, {1}]
    assert [set(task.sources.labels["domain"].tolist()) for task in tasks] == [{1}, {1}, {0}]


def test_labels_that_all_images_have_are_refused():
    faces = InMemory("faces", image=noise(1), label=torch.ones(40, 1))
    with pytest.raises(Mistake, match="40 of the 40 images of faces are Male"):
        evaluator((Route("Male", label=0),), data(image=faces))


def test_data_without_the_images_of_a_route_are_refused(pairs):
    with pytest.raises(Mistake, match="shows no source, which a2b needs"):
        evaluator((Route("a2b", "source", "b"),), pairs)
    with pytest.raises(Mistake, match="SimpleNamespace has no `sides`"):
        evaluator((A2B,), SimpleNamespace())


@pytest.fixture(scope="module")
def digits(shared) -> Any:
    """Digits as colour images of 32 pixels a side, and their negatives."""
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


def test_lenet_measures_how_many_digits_keep_their_class(digits):
    """LeNet is right on 98.95 % of the test digits; resizing 200 of them twice may cost another 4 %."""
    scores = Translations(Negative.routes, digits, None, Colours(), ("fd",), CPU, classifier=classifier("lenet"))
    results = scores.results(Negative(), 200)
    found = {name: value for row, _ in results for name, value in row.items()}
    accuracy = found["a2b/accuracy_lenet_200"]
    assert accuracy.value > 0.95 and accuracy.interval and accuracy.interval[0] < accuracy.value < accuracy.interval[1]
    assert results[1][1].extractor == "lenet" and len(results[1][1].extractor_weights) == 16
    beside = [(name, score.value, protocol.conditions.weights) for row, protocol in baselines(scores, digits, 200)
              for name, score in row.items()]  # fmt: skip
    assert [(name, weights) for name, _, weights in beside] == [
        ("a2b/fd_colours_200", "untranslated"), ("a2b/accuracy_lenet_200", "untranslated")
    ]  # fmt: skip
    assert beside[1][1] < 0.6, "lenet never saw a negative"


def test_a_classifier_that_can_judge_no_route_is_refused(pairs):
    with pytest.raises(Mistake, match="lenet cannot judge the routes a2b, b2a"):
        evaluator(Darker.routes, pairs, classifier=classifier("lenet"))


def test_the_baselines_of_pairs_are_the_sources_and_the_mean_target(pairs):
    scores = evaluator((Route("a2b", "a", "b", paired=True),), pairs)
    found = {(name, protocol.conditions.weights): score.value
             for row, protocol in baselines(scores, pairs, 40) for name, score in row.items()}  # fmt: skip
    assert_close(found["a2b/l1_40", "untranslated"], 23 / 127.5, rtol=1e-5, atol=0)
    target = pairs.sides["b"].tensors["image"].double()
    assert_close(
        found["a2b/l1_40", "mean image"], ((target - target.mean(0)).abs().mean() / 127.5).item(), rtol=1e-5, atol=0
    )


def test_a_process_without_images_does_not_change_the_means():
    """The values 1, 2 and 3 have mean 2 and deviation 1; the interval is 1.96 / sqrt(3) to each side."""
    sums = {"l1": 6.0, "l1²": 14.0, "l1#": 3.0}
    for parts in ([sums, {}], [{}, sums], [{"l1": 1.0, "l1²": 1.0, "l1#": 1.0}, {"l1": 5.0, "l1²": 13.0, "l1#": 2.0}]):
        mean = means(("l1",), parts)["l1"]
        assert mean.value == 2 and mean.interval == pytest.approx((2 - 1.96 / 3**0.5, 2 + 1.96 / 3**0.5))


def test_our_models_translate():
    assert isinstance(Darker(), Translating) and not isinstance(object(), Translating)
