"""The metrics that a user names."""

from collections.abc import Callable

from torchmetrics import Metric

from gan_zoo.metrics.frechet import FrechetDistance
from gan_zoo.metrics.inception_score import InceptionScore
from gan_zoo.metrics.infinity import FrechetInfinity
from gan_zoo.metrics.kernel import KernelDistance
from gan_zoo.metrics.neighbours import Neighbours
from gan_zoo.trust import Kind, makes

METRICS: dict[str, Callable[[int], Metric]] = {
    "fd": FrechetDistance,
    "fd_infinity": FrechetInfinity,
    "kid": KernelDistance,
    "prdc": Neighbours,
    "is": InceptionScore,
}
"""Each is made with the length of what it needs (`Score.needs`): an extractor's features or logits."""
KIND = Kind("metric", "derive from torchmetrics.Metric", makes(Metric))
