"""Names of scores, and which values are better: for reports and studies. Loads no torch.

A score's name is what is measured, the network whose features were compared, and the number of generated images:
`fd_lenet_10k`, `precision_inception_50k`. FID, KID and the Inception score are of the Inception network by name, so
there it is left out: `fid_50k`, `kid_50k`, `is_50k`. Of translated images the route comes first: `a2b/fid_140`.
"""

from datamodules.names import count_name
from gan_zoo.metrics.choices import MEASURES, Direction, Measure

INCEPTION = "inception"


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
