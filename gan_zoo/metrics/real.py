"""The real images that scores compare with, as a data module offers them."""

from typing import Any, NamedTuple

from gan_zoo.errors import Mistake


class Real(NamedTuple):
    """Real images, with what an evaluator needs to read them and to record them in a protocol."""

    images: Any
    """The images (datamodules' `Images`)."""
    split: str = ""
    """Name of their split; empty: the data has only one."""
    workers: int = 0
    """Number of processes that read them."""


def reference(data: Any, split: str | None) -> Real:
    """Return the real images of a data module.

    Args:
        data: The data module, set up.
        split: Split to compare with; None: the one that the data module trains on.

    Raises:
        Mistake: The data module has no `reference`.
    """
    if not hasattr(data, "reference"):
        raise Mistake(
            f"{type(data).__name__} has no `reference` to compare with: derive it from "
            "datamodules.stream.StreamedData, or leave scores (evaluation.extractor) out."
        )
    return real(data, data.reference(split), split)


def real(data: Any, images: Any, split: str | None) -> Real:
    """Return some of the images of a data module; the arguments are those of `reference`."""
    return Real(images, split or getattr(data, "split", ""), 0 if images.instant else data.workers)
