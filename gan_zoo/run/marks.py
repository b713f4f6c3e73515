"""Marks inside files that tell a command what it wrote: the EXIF tag Software of an image. See `metrics/arrays.py` too.

Image formats without EXIF (.bmp, .ppm, .pgm) carry no mark, nor do the grids of a run.
"""

from pathlib import Path

from PIL import Image

MARK = "gan-zoo"
SOFTWARE = 305  # EXIF's number of the tag


def mark() -> Image.Exif:
    """Return the EXIF data that names this program as the writer of an image."""
    exif = Image.Exif()
    exif[SOFTWARE] = MARK
    return exif


def is_our_image(file: Path) -> bool:
    """Return whether a command of ours wrote an image file."""
    try:
        with Image.open(file) as opened:
            return opened.getexif().get(SOFTWARE) == MARK
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # what Pillow raises for other files
        return False
