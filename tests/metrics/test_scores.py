"""Behaviour that all metrics share: several processes, a cached real side, and torchmetrics' collections."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close
from torchmetrics import Metric, MetricCollection

from gan_zoo.errors import Mistake
from gan_zoo.metrics.choices import METRICS, metric_class
from gan_zoo.metrics.names import MEASURES
from gan_zoo.metrics.score import Score, Value, values
from tests.drivers import score_ranks

every_metric = pytest.mark.parametrize("name", METRICS)


def rows(n: int, seed: int, size: int = 12) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed)).relu()


REAL, FAKE = rows(80, seed=1), rows(240, seed=2)  # fd_infinity needs 20 generated images for each of 12 features


def metric_of(name: str, batch: int = 80) -> Metric:
    metric = metric_class(name)(12)
    for is_real, features in ((True, REAL), (False, FAKE)):
        for part in features.split(batch):
            metric.update(part, real=is_real)
    return metric


def numbers(metric: Metric, name: str) -> dict[str, float]:
    return {measure: value.value for measure, value in values(metric.compute(), name).items()}


@every_metric
def test_measures_have_titles_and_directions(name):
    computed = values(metric_of(name).compute(), name)
    assert set(computed) <= set(MEASURES)
    for measure, value in computed.items():
        assert (MEASURES[measure].better == "higher") == metric_class(name)(12).higher_is_better
        assert bool(MEASURES[measure].interval) == (value.interval is not None)
        assert value.interval is None or value.interval[0] <= value.value <= value.interval[1]


@every_metric
@pytest.mark.parametrize("batch", [1, 7, 64])
def test_values_do_not_depend_on_the_batch_size(name, batch):
    assert_close(numbers(metric_of(name, batch), name), numbers(metric_of(name), name), atol=1e-9, rtol=0)


@every_metric
def test_a_metric_starts_anew_after_reset(name):
    metric = metric_of(name)
    expected = numbers(metric, name)
    metric.reset()
    for is_real, features in ((True, REAL), (False, FAKE)):
        metric.update(features, real=is_real)
    assert numbers(metric, name) == expected


@every_metric
def test_a_cached_real_side_gives_the_same_values_and_takes_no_real_images(name):
    whole = metric_of(name)
    assert isinstance(whole, Score)
    cached = metric_class(name)(12)
    assert isinstance(cached, Score)
    cached.refer(whole.reference()).update(FAKE, real=False)
    assert numbers(cached, name) == numbers(whole, name)
    if whole.reference():
        with pytest.raises(Mistake, match="generated images only"):
            cached.update(REAL, real=True)


def test_the_references_of_all_metrics_fit_in_one_dict():
    wholes = {name: metric_of(name) for name in METRICS}
    together = {}
    for metric in wholes.values():
        assert isinstance(metric, Score)
        for key, value in metric.reference().items():
            assert_close(together.setdefault(key, value), value, rtol=0, atol=1e-12)
    for name, whole in wholes.items():
        cached = metric_class(name)(12)
        assert isinstance(cached, Score)
        cached.refer(together).update(FAKE, real=False)
        assert_close(numbers(cached, name), numbers(whole, name), rtol=0, atol=1e-12)


@pytest.mark.parametrize("groups", [True, False])
def test_a_collection_gives_the_values_of_single_metrics(groups):
    """With groups, metrics with equal states share them; torchmetrics detects this after the first update."""
    collection = MetricCollection({name: metric_class(name)(12) for name in METRICS}, compute_groups=groups)
    for is_real, features in ((True, REAL), (False, FAKE)):
        for part in features.split(20):
            collection.update(part, real=is_real)
    expected = {}
    for name in METRICS:
        computed = metric_of(name, 20).compute()
        expected |= {name: computed} if isinstance(computed, torch.Tensor) else computed
    assert_close(collection.compute(), expected, rtol=0, atol=1e-9)


def test_values_pair_a_number_with_its_interval():
    computed = {key: torch.tensor(float(i)) for i, key in enumerate(["a", "a_low", "a_high", "b"])}
    assert values(computed, "x") == {"a": Value(0.0, (1.0, 2.0)), "b": Value(3.0)}
    assert values(torch.tensor(4.0), "x") == {"x": Value(4.0)}


@every_metric
def test_no_images_is_one_line(name):
    metric = metric_class(name)(12)
    with pytest.warns(UserWarning, match="before the ``update``"), pytest.raises(Mistake, match="there are 0"):
        metric.compute()


@pytest.mark.slow  # three processes take about 8 s to start
@pytest.mark.parametrize("shares", ["2,1", "3,0,2"])
def test_any_number_of_processes_gives_the_values_of_one(tmp_path: Path, shares: str):
    """In one case a process has no images; the processes make different numbers of updates."""
    command = [sys.executable, "-m", "tests.drivers.score_ranks"]
    ranks = [
        subprocess.Popen([*command, str(rank), shares, str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for rank in range(shares.count(",") + 1)
    ]
    for rank in ranks:
        _, errors = rank.communicate(timeout=120)
        assert rank.returncode == 0, errors
    alone = score_ranks.scored(0, [1])
    for rank in range(len(ranks)):
        # metrics.md 6: 1e-9, as sums are taken in another order.
        assert_close(json.loads((tmp_path / f"{rank}.json").read_text()), alone, rtol=0, atol=1e-9)


MEMORY = """
import resource, sys, torch
from gan_zoo.metrics.choices import metric_class
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
torch.set_num_threads(1)
for n in (500, 6000):
    metric = metric_class(sys.argv[1])(8)
    for real in (True, False):
        metric.update(torch.rand(n, 8), real=real)
    before = peak()
    metric.compute()
print(peak() - before)
"""


@pytest.mark.slow  # 36 million pairs, three times over
@pytest.mark.parametrize("name", ["kid", "prdc"])
def test_memory_does_not_grow_with_the_square_of_the_number_of_images(name):
    """With 6,000 images a side, the matrix of all pairs takes 275 MB; a block takes 16 MB, and few exist at once."""
    done = subprocess.run([sys.executable, "-c", MEMORY, name], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 130
