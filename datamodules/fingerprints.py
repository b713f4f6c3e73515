"""Hashes of a set's content that do not depend on its path, and a folder that remembers them."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from datamodules.sources import Source, digest
from datamodules.transform import Square


def cache_folder() -> Path:
    """Return the folder of fingerprints and decoded images: GAN_ZOO_CACHE, else ~/.cache/gan_zoo."""
    return Path(os.environ.get("GAN_ZOO_CACHE") or "~/.cache/gan_zoo").expanduser()


def image_fingerprint(source: Source, square: Square, skipped: Iterable[int] = ()) -> str:
    """Return the fingerprint of the decoded images, which does not depend on how they are read.

    Args:
        source: The image files.
        square: Crop and size that each image is decoded to.
        skipped: Indices of damaged images that are left out.
    """
    return digest([content_fingerprint(source), square.key(), *skipped])


def content_fingerprint(source: Source) -> str:
    """Return the fingerprint of the files; their content is read only once as long as they do not change."""
    if is_known(source):
        return _note(source).read_text()
    fingerprint = source.fingerprint()
    with suppress(OSError):  # if it cannot be saved, the files are read again next time
        save_fingerprint(source, fingerprint)
    return fingerprint


def save_fingerprint(source: Source, fingerprint: str) -> None:
    """Save the fingerprint of the files where later processes find it.

    Raises:
        OSError: The cache folder cannot be written.
    """
    write_atomically(_note(source), fingerprint.encode())


def is_known(source: Source) -> bool:
    """Return whether the fingerprint of the files is known without reading them."""
    return _note(source).exists()


def _note(source: Source) -> Path:
    return cache_folder() / "fingerprints" / source.stamp()


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file so that it exists completely or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
