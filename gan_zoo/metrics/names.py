"""What scores are called and which way is better: for reports and studies, which load no torch.

A score's name is what is measured, the network whose features were compared, and the number of generated images:
`fd_lenet_10k`, `precision_inception_50k`. FID, KID and the Inception score are of the Inception network by name, so
there it is left out: `fid_50k`, `kid_50k`, `is_50k`. Of translated images the route comes first: `a2b/fid_140`.
"""

from dataclasses import dataclass
from typing import Literal

from datamodules.names import count_name

Direction = Literal["lower", "higher"]
"""Which values are better."""

INCEPTION = "inception"


@dataclass(frozen=True)
class Measure:
    """One number that a metric gives."""

    title: str
    better: Direction
    about: str
    """Definition and source."""
    interval: str = ""
    """What its interval is, where it has one."""


NORMAL = "95 % (normal, jackknife over images)"
MEAN = "95 % (normal, mean over images)"
MEASURES = {
    "fd": Measure("Fréchet distance", "lower", "distance of two Gaussians fitted to features (Heusel 2017)"),
    "fid": Measure("FID", "lower", "Fréchet distance of Inception features (Heusel 2017)"),
    "fd_infinity": Measure(
        "Fréchet distance, N → ∞", "lower", "extrapolated in 1/N (Chong and Forsyth 2020)", "95 % (t, jackknife)"
    ),
    "fid_infinity": Measure("FID, N → ∞", "lower", "FID extrapolated in 1/N (Chong 2020)", "95 % (t, jackknife)"),
    "kid": Measure("KID", "lower", "squared MMD, cubic kernel, all images, unbiased (Binkowski 2018)", NORMAL),
    "kid_subsets": Measure(
        "KID, subsets", "lower", "mean over 100 subsets of 1000 images (Binkowski 2018)", "± one sd of the subsets"
    ),
    "is": Measure(
        "Inception score", "higher", "exp of the classes' information, 10 splits (Salimans 2016)", "± one sd of them"
    ),
    "precision": Measure(
        "Precision", "higher", "generated images within a real one's 5-neighbour ball (Kynkäänniemi 2019)"
    ),
    "recall": Measure("Recall", "higher", "real images within a generated one's 5-neighbour ball (Kynkäänniemi 2019)"),
    "density": Measure("Density", "higher", "real balls that a generated image lies in, over 5 (Naeem 2020)"),
    "coverage": Measure("Coverage", "higher", "real images whose 5-neighbour ball holds a generated one (Naeem 2020)"),
    "log_likelihood": Measure(
        "Bound on the log-likelihood", "higher", "nats an image, by importance sampling (Burda 2015)", MEAN
    ),
    "accuracy": Measure("Accuracy", "higher", "images that a classifier sees as asked for", MEAN),
    "l1": Measure("L1", "lower", "mean absolute distance from the image's partner, grey levels in [-1, 1]", MEAN),
    "psnr": Measure("PSNR", "higher", "dB, each image against its partner", MEAN),
    "ssim": Measure("SSIM", "higher", "structural similarity to the partner, window σ 1.5 (Wang 2004)", MEAN),
    "cycle_l1": Measure("Cycle L1", "lower", "mean absolute distance of there and back, in [-1, 1]", MEAN),
    "style_distance": Measure(
        "Style distance", "lower", "relative error of channels' means and deviations at four depths (Huang 2017)"
    ),
    "style_share": Measure("Style share", "lower", "style distance, over that of the contents as they are"),
    "content_distance": Measure("Content distance", "lower", "relative error of relu4_1"),
    "content_share": Measure("Content share", "lower", "content distance, over that of another content"),
    "art_fd": Measure(
        "Content and style", "lower", "(1 + content distance) (1 + Fréchet distance to the styles) (Wright 2022)"
    ),
    "source_l1": Measure("L1 to the source", "lower", "mean absolute change of the image, in [-1, 1]", MEAN),
}
"""By the first part of a score's name."""


def score_name(measure: str, extractor: str, images: int, route: str = "") -> str:
    """The name of a score: `fd_lenet_10k`, `fid_50k`, `a2b/l1_100`.

    Args:
        measure: a key of `MEASURES`, or the name of a metric of the user's own.
        extractor: the network's name; empty: pixels were compared.
        images: generated images compared.
        route: by which they were translated; empty: they were not.
    """
    if route:
        return f"{route}/{score_name(measure, extractor, images)}"
    if not extractor:
        return f"{measure}_{count_name(images)}"
    if extractor != INCEPTION:
        return f"{measure}_{extractor}_{count_name(images)}"
    if measure.startswith("fd"):
        return f"fi{measure[1:]}_{count_name(images)}"
    if measure in ("kid", "kid_subsets", "is"):
        return f"{measure}_{count_name(images)}"
    return f"{measure}_{INCEPTION}_{count_name(images)}"


def measure(name: str) -> Measure | None:
    """What the score called `name` measures; None: a metric of the user's own."""
    return MEASURES.get(_key(name))


def direction(name: str) -> Direction:
    """Which values of the score called `name` are better; a metric of the user's own is taken for a distance."""
    found = measure(name)
    return found.better if found else "lower"


def title(name: str) -> str:
    """`Precision (inception, 50k)` for `precision_inception_50k`; a metric of the user's own as it is."""
    found = measure(name)
    if found is None:
        return name
    route, _, score = name.rpartition("/")
    network, _, images = score.removeprefix(_key(name)).strip("_").rpartition("_")
    conditions = ", ".join(part for part in (route, network, images) if part)
    return f"{found.title} ({conditions})" if conditions else found.title


def _key(name: str) -> str:
    """The longest key of `MEASURES` that `name` begins with, its route left out; empty: none."""
    score = name.rpartition("/")[2]
    begins = [key for key in MEASURES if f"{score}_".startswith(f"{key}_")]
    return max(begins, key=len, default="")
