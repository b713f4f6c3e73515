"""Reads the arrays of an .npz that may come from anywhere, without running anything that it holds."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.memory import refuse_beyond
from gan_zoo.run.marks import MARK
from gan_zoo.run.reading import Damaged, open_plain


def read_arrays(file: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the arrays in an .npz by name: all of them, or those of `names` that are there.

    Raises:
        Damaged: It cannot be read, or is no .npz of numbers and texts.
        Mistake: There is no room for the arrays.
    """
    try:
        with open_plain(file, follow=True) as stream:
            size = sum(member.file_size for member in zipfile.ZipFile(stream).infolist())
            stream.seek(0)
            refuse_beyond(size, None, f"The arrays in {file}", "name a smaller file")
            content: Any = np.load(stream, allow_pickle=False)
            return {name: content[name] for name in names or content.files if name in content.files}
    except Mistake:
        raise
    except FileNotFoundError as error:
        raise Damaged(f"There is no file {file}.") from error
    except Exception as error:  # numpy and zipfile raise many kinds for damaged, dangerous and other files
        raise Damaged(f"{file} is not a readable .npz file ({shorten(str(error), 100)}): name another.") from error


def is_our_npz(file: Path) -> bool:
    """Return whether a command of ours wrote an .npz."""
    try:
        return str(read_arrays(file, "made_by").get("made_by")) == MARK
    except Mistake:
        return False
