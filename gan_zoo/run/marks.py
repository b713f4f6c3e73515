"""Marks inside files by which a command knows what it wrote: EXIF's tag Software of an image, an entry of an .npz.

A kind of image that has no place for EXIF (.bmp, .ppm, .pgm) tells nobody. The grids of a run carry no mark.
"""

from pathlib import Path

import numpy as np
from PIL import Image

MARK = "gan-zoo"
SOFTWARE = 305  # EXIF's number of the tag


def mark() -> Image.Exif:
    """Return what an image file says of the program that wrote it."""
    exif = Image.Exif()
    exif[SOFTWARE] = MARK
    return exif


def is_our_image(file: Path) -> bool:
    """Return whether a command of ours wrote an image file."""
    try:
        with Image.open(file) as opened:
            return opened.getexif().get(SOFTWARE) == MARK
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # what Pillow says of other files
        return False


def is_our_npz(file: Path) -> bool:
    """Return whether a command of ours wrote an .npz."""
    try:
        with np.load(file, allow_pickle=False) as content:
            return str(content["made_by"]) == MARK
    except Exception:  # numpy raises many kinds for other files
        return False
