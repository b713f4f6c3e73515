"""Small image files for the tests of readers."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def unreachable(name: str) -> str:
    """Return an address that refuses connections at once, so that tests do not depend on a network."""
    return f"http://127.0.0.1:9/{name}"


def picture(seed: int, width: int = 12, height: int = 12, mode: str = "RGB") -> Image.Image:
    """Return an image that depends on the seed, and is smooth so that JPEG hardly changes it."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    """Return the bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return buffer.getvalue()


def write(file: Path, image: Image.Image) -> Path:
    """Write `image` to `file`, create its folders, and return `file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)
    return file
