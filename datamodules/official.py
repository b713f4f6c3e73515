"""Sets that torchvision fetches: where its own download cannot, one line says which file goes where."""

from collections.abc import Callable, Sequence
from pathlib import Path

from datamodules.errors import DataError


def fetch(download: Callable[[], object], title: str, files: Sequence[str], folder: Path, instead: str = "") -> None:
    """Have torchvision download a set, in its own layout.

    Args:
        download: torchvision's call.
        title: of the set, as messages name it.
        files: what its official page offers.
        folder: where they belong.
        instead: what else can be done, for the message.

    Raises:
        DataError: it cannot be had; says which file goes where.
    """
    try:
        download()
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{folder} has no {title} and it cannot be downloaded: put {' and '.join(files)} into it{instead}."
        ) from error
