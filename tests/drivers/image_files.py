"""Small image files for the tests of readers."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def unreachable(name: str) -> str:
    """An address that refuses at once, so that a test is the same with a network and without."""
    return f"http://127.0.0.1:9/{name}"


def picture(seed: int, width: int = 12, height: int = 12, mode: str = "RGB") -> Image.Image:
    """A smooth image that no other seed gives, so that JPEG keeps it."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    """The bytes of an image file."""
    written = io.BytesIO()
    image.save(written, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return written.getvalue()


def write(file: Path, image: Image.Image) -> Path:
    """`image` as `file`, in folders made for it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)
    return file
