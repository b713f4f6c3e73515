"""Names of scores, and whether lower or higher values are better. Importing this loads no torch.

A score's name holds the measure, the network whose features were compared, and the number of generated images:
`fd_lenet_10k`, `precision_inception_50k`. FID, KID and the Inception score imply the Inception network, so their names
leave it out: `fid_50k`, `kid_50k`, `is_50k`. For translated images the name begins with the route: `a2b/fid_140`.
A user's own metric is named as the user typed it, because two modules may have a class of the same name:
`my.scores:Gap_lenet_10k`; each of several measures follows a dot: `my.scores:Gap.high_lenet_10k`.
"""

from datamodules.names import count_name
from gan_zoo.metrics.choices import LEAST_AUTHENTIC, MEASURES, Direction, Measure

INCEPTION = "inception"


def score_name(measure: str, extractor: str, images: int, route: str = "") -> str:
    """Return the name of a score, such as `fd_lenet_10k`, `fid_50k` or `a2b/l1_100`.

    Args:
        measure: A key of `MEASURES`, or the name of a user's own metric.
        extractor: Name of the network; empty: no features were compared.
        images: Number of generated images.
        route: Route by which they were translated; empty: they are samples.
    """
    if route:
        return f"{route}/{score_name(measure, extractor, images)}"
    if not extractor:
        return f"{measure}_{count_name(images)}"
    if extractor != INCEPTION or ":" in measure:
        return f"{measure}_{extractor}_{count_name(images)}"
    if measure.startswith("fd"):
        return f"fi{measure[1:]}_{count_name(images)}"
    if measure in ("kid", "kid_subsets", "is"):
        return f"{measure}_{count_name(images)}"
    return f"{measure}_{INCEPTION}_{count_name(images)}"


def measure(name: str) -> Measure | None:
    """Return the measure of the score called `name`; None: it is a user's own metric."""
    return MEASURES.get(_key(name))


def direction(name: str) -> Direction:
    """Return which values of the score called `name` are better; lower ones, if it is a user's own metric."""
    known = measure(name)
    return known.better if known else "lower"


def suspicion(name: str, value: float, high: float | None = None) -> str:
    """Return what is suspicious about a value of the score `name`; empty: nothing.

    Args:
        name: Name of the score.
        value: Its value.
        high: Upper end of the interval of the value; None: it has none.
    """
    if _key(name) != "authpct" or not (value if high is None else high) < LEAST_AUTHENTIC:
        return ""
    return (
        f"{value:.3g} % of the images are authentic, and new images would be to {LEAST_AUTHENTIC:.0f} % or "
        "more: many are copies of the real images that they are compared with."
    )


def title(name: str) -> str:
    """Return the title of a score: `Precision (inception, 50k)` for `precision_inception_50k`.

    The name of a user's own metric is its title.
    """
    known = measure(name)
    if known is None:
        return name
    route, _, score = name.rpartition("/")
    network, _, images = score.removeprefix(_key(name)).strip("_").rpartition("_")
    conditions = ", ".join(part for part in (route, network, images) if part)
    return f"{known.title} ({conditions})" if conditions else known.title


def _key(name: str) -> str:
    """Return the longest key of `MEASURES` that `name`, without its route, begins with; empty: none."""
    score = name.rpartition("/")[2]
    matches = [key for key in MEASURES if f"{score}_".startswith(f"{key}_") and ":" not in score]
    return max(matches, key=len, default="")
