"""Downloads by torchvision, with a one-line message that says which file goes where when a download fails."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from datamodules.errors import DataError


def fetch(download: Callable[[], object], title: str, files: Sequence[str], folder: Path, instead: str = "") -> None:
    """Download a set with torchvision, in torchvision's own layout.

    Args:
        download: torchvision's call.
        title: Name of the set in messages.
        files: File names that the set's official page offers.
        folder: Folder that the files belong in.
        instead: End of the message: another way to get the set.

    Raises:
        DataError: The download failed; the message says which file goes where.
    """
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        download()
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{folder} has no {title} and it cannot be downloaded: put {' and '.join(files)} into it{instead}."
        ) from error
    finally:
        for parent in missing:  # made for the download; they are not left behind empty: the path may be mistyped
            with contextlib.suppress(OSError):  # it is not there, or it holds something
                parent.rmdir()
