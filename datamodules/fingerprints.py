"""What a set of images is, whatever its path: a hash of its content, noted once it is known."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from datamodules.sources import Source, digest
from datamodules.transform import Square


def cache_folder() -> Path:
    """Where notes of fingerprints and decoded images are kept: GAN_ZOO_CACHE, else ~/.cache/gan_zoo."""
    return Path(os.environ.get("GAN_ZOO_CACHE") or "~/.cache/gan_zoo").expanduser()


def of(source: Source, square: Square, skipped: Iterable[int] = ()) -> str:
    """The fingerprint of the images that come out, however they are read.

    Args:
        source: the files.
        square: what they are decoded to.
        skipped: indices of damaged ones, left out.
    """
    return digest([content(source), square.key(), *skipped])


def content(source: Source) -> str:
    """The fingerprint of the files: their content is read once, and not again while they are untouched."""
    if is_known(source):
        return _note(source).read_text()
    value = source.fingerprint()
    with suppress(OSError):  # where nothing can be noted, the files are read again next time, and that is all
        note(source, value)
    return value


def note(source: Source, value: str) -> None:
    """Keep the fingerprint of the files where the next process finds it.

    Raises:
        OSError: the cache folder cannot be written.
    """
    write(_note(source), value.encode())


def is_known(source: Source) -> bool:
    """Whether the fingerprint of the files can be told without reading them."""
    return _note(source).exists()


def _note(source: Source) -> Path:
    return cache_folder() / "fingerprints" / source.stamp()


def write(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
