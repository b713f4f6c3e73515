"""Turns images of any size into squares of one size, deterministically."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from datamodules.errors import DataError

FILTER = Image.Resampling.BICUBIC  # antialiased: Pillow widens the filter when it shrinks an image

LARGEST = 16_384
"""Side of the largest images, in pixels; beyond it one image alone takes more than 800 MB."""


@dataclass(frozen=True)
class Square:
    """A square of an image, usually the middle one, resized with antialiasing.

    Args:
        resolution: Side of the result, in pixels.
        crop: Side of the square that is cut from the middle first, in pixels; None: the largest that fits.
        channels: 3, or 1 for grey.
        offset: How far to the right of the middle and below it the square lies, in pixels.
    """

    resolution: int
    crop: int | None = None
    channels: int = 3
    offset: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        for name, value in (("resolution", self.resolution), ("centre_crop", self.crop)):
            if value is not None and not 1 <= value <= LARGEST:
                raise DataError(f"data.{name} is {value}: it must be at least 1 and at most {LARGEST:,}.")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Return `image`, uint8 (h, w, 1 or 3), as uint8 (channels, resolution, resolution).

        Raises:
            DataError: The image is smaller than the crop.
        """
        height, width, channels = image.shape
        side = self.crop or min(height, width)
        if side > min(height, width):
            raise DataError(f"{width} x {height} pixels are smaller than the crop of {side}: choose a smaller crop.")
        left, top = ((length - side) // 2 + off for length, off in zip((width, height), self.offset, strict=True))
        if not (0 <= left <= width - side and 0 <= top <= height - side):
            right, down = self.offset
            raise DataError(
                f"In {width} x {height} pixels, the square of {side} that lies {right} to the right of the middle and "
                f"{down} below it leaves the image: choose a smaller crop."
            )
        square = image[top : top + side, left : left + side]
        if (side, channels) != (self.resolution, self.channels):
            picture = Image.fromarray(square[:, :, 0] if channels == 1 else square)
            picture = picture.convert("L" if self.channels == 1 else "RGB")
            square = np.asarray(picture.resize((self.resolution, self.resolution), FILTER))
        return square.reshape(*square.shape[:2], self.channels).transpose(2, 0, 1).copy()

    def key(self) -> str:
        """Return a text that identifies this transform: `64 pixels, middle 178, 3 channels, bicubic`."""
        middle = f"{self.crop or 'square'}{f' and {self.offset}' if any(self.offset) else ''}"
        return f"{self.resolution} pixels, middle {middle}, {self.channels} channels, {FILTER.name.lower()}"


def shown_side(resolution: int, crop: int) -> int:
    """Return the side of the images that training shows, in pixels.

    Args:
        resolution: Side of the decoded images, in pixels.
        crop: Side of the square that training cuts from them, in pixels; 0: it cuts none.

    Raises:
        DataError: The square does not fit into the images.
    """
    if not 0 <= crop <= resolution:
        raise DataError(f"data.crop is {crop}: it must be 0 (no crop) or between 1 and data.resolution, {resolution}.")
    return crop or resolution
