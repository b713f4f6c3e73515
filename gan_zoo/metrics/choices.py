"""The metrics that a user can name, and the numbers that each of them gives. Importing this loads no torch.

A new metric is one file with a torchmetrics `Metric` and one entry in `METRICS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from gan_zoo.lookup import named
from gan_zoo.trust import Kind, makes

Direction = Literal["lower", "higher"]
"""Whether lower or higher values are better."""


@dataclass(frozen=True)
class Measure:
    """One number that a metric gives."""

    title: str
    better: Direction
    about: str
    """Definition and source."""
    interval: str = ""
    """The kind of interval that comes with the value; empty: none."""


@dataclass(frozen=True)
class Choice:
    """A metric that `metrics` can name."""

    path: str
    """The class as module:name. It is imported when it is used, and called with the number of features or logits that
    the extractor has, whichever the metric reads (`Score.needs`)."""
    measures: dict[str, Measure]
    """The numbers that it computes, by the first part of their names."""


NORMAL = "95 % (normal, jackknife over images)"
MEAN = "95 % (normal, mean over images)"
JACKKNIFE = "95 % (t, jackknife)"
WILSON = "95 % (Wilson, over images)"
BOOTSTRAP = "95 % (log-normal, bootstrap over images)"
LEAST_AUTHENTIC = 100 / 3
"""AuthPct that new images from the distribution of the real ones have at least; `memorisation.py` says why."""

METRICS = {
    "fd": Choice(
        "gan_zoo.metrics.frechet:FrechetDistance",
        {
            "fd": Measure("Fréchet distance", "lower", "distance between Gaussians fitted to features (Heusel 2017)"),
            "fid": Measure("FID", "lower", "Fréchet distance of Inception features (Heusel 2017)"),
        },
    ),
    "kid": Choice(
        "gan_zoo.metrics.kernel:KernelDistance",
        {
            "kid": Measure("KID", "lower", "squared MMD, cubic kernel, all images, unbiased (Binkowski 2018)", NORMAL),
            "kid_subsets": Measure(
                "KID, subsets",
                "lower",
                "mean over 100 subsets of 1000 images (Binkowski 2018)",
                "± one sd of the subsets",
            ),
        },
    ),
    "prdc": Choice(
        "gan_zoo.metrics.neighbours:Neighbours",
        {
            "precision": Measure(
                "Precision", "higher", "generated images within a real one's 5-neighbour ball (Kynkäänniemi 2019)"
            ),
            "recall": Measure(
                "Recall", "higher", "real images within a generated one's 5-neighbour ball (Kynkäänniemi 2019)"
            ),
            "density": Measure("Density", "higher", "real balls that a generated image lies in, over 5 (Naeem 2020)"),
            "coverage": Measure(
                "Coverage", "higher", "real images whose 5-neighbour ball holds a generated one (Naeem 2020)"
            ),
        },
    ),
    "authpct": Choice(
        "gan_zoo.metrics.memorisation:Authenticity",
        {
            "authpct": Measure(
                "AuthPct",
                "higher",
                "percent of generated images that are no copies: their nearest training image has a nearer neighbour "
                "(Alaa 2022)",
                WILSON,
            )
        },
    ),
    "cmmd": Choice(
        "gan_zoo.metrics.discrepancy:ClipDiscrepancy",
        {
            "cmmd": Measure(
                "CMMD", "lower", "1000 times the biased squared MMD, unit features, Gaussian σ 10 (Jayasumana 2024)"
            )
        },
    ),
    "is": Choice(
        "gan_zoo.metrics.inception_score:InceptionScore",
        {
            "is": Measure(
                "Inception score",
                "higher",
                "exp of the mutual information of image and class, 10 splits (Salimans 2016)",
                "± one sd of the splits",
            )
        },
    ),
    "fd_infinity": Choice(
        "gan_zoo.metrics.infinity:FrechetInfinity",
        {
            "fd_infinity": Measure(
                "Fréchet distance, N → ∞", "lower", "extrapolated in 1/N (Chong and Forsyth 2020)", JACKKNIFE
            ),
            "fid_infinity": Measure("FID, N → ∞", "lower", "FID extrapolated in 1/N (Chong 2020)", JACKKNIFE),
        },
    ),
    "fd_bootstrap": Choice(
        "gan_zoo.metrics.bootstrap:FrechetBootstrap",
        {
            "fd_bootstrap": Measure(
                "Fréchet distance, bootstrap", "lower", "Fréchet distance of one run with its interval", BOOTSTRAP
            ),
            "fid_bootstrap": Measure("FID, bootstrap", "lower", "FID of one run with its interval", BOOTSTRAP),
        },
    ),
}

OTHER_MEASURES = {
    "log_likelihood": Measure(
        "Bound on the log-likelihood", "higher", "nats per image, by importance sampling (Burda 2015)", MEAN
    ),
    "accuracy": Measure(
        "Accuracy", "higher", "share of images in which a classifier sees the requested class or attribute", MEAN
    ),
    "l1": Measure("L1", "lower", "mean absolute difference to the paired image, in [-1, 1]", MEAN),
    "psnr": Measure("PSNR", "higher", "dB, of each image and its pair", MEAN),
    "ssim": Measure("SSIM", "higher", "structural similarity to the paired image, window σ 1.5 (Wang 2004)", MEAN),
    "cycle_l1": Measure(
        "Cycle L1", "lower", "mean absolute difference after translating there and back, in [-1, 1]", MEAN
    ),
    "style_distance": Measure(
        "Style distance", "lower", "relative error of channel means and deviations at four depths (Huang 2017)"
    ),
    "style_share": Measure("Style share", "lower", "style distance, relative to that of the unchanged contents"),
    "content_distance": Measure("Content distance", "lower", "relative error of relu4_1"),
    "content_share": Measure("Content share", "lower", "content distance, relative to that of another content"),
    "art_fd": Measure(
        "Content and style", "lower", "(1 + content distance) (1 + Fréchet distance to the styles) (Wright 2022)"
    ),
    "source_l1": Measure("L1 to the source", "lower", "mean absolute difference to the source image, in [-1, 1]", MEAN),
}
"""Measures that depend on the kind of model and are not named in `metrics`."""

MEASURES = {name: measure for choice in METRICS.values() for name, measure in choice.measures.items()} | OTHER_MEASURES
"""All measures, by the first part of a score's name."""


def metric_class(name: str) -> Callable[[int], Any]:
    """Return the class of the metric called `name`, or the user's own `package.module:Class`.

    Raises:
        Mistake: There is no such metric; the message names the closest.
    """
    from torchmetrics import Metric

    kind = Kind("metric", "derive from torchmetrics.Metric", makes(Metric))
    return named(METRICS[name].path if name in METRICS else name, METRICS, kind)
