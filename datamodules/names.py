"""Names that data sets share: those of splits, and how a name writes a number of images."""

from typing import Literal

Split = Literal["train", "test"]


def count_name(count: int) -> str:
    """Return 10000 as `10k` and 2500 as `2500`."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)
