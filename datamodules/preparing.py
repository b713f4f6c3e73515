"""Decodes a set once, on all cores, for `cache.find` to find. It resumes wherever an earlier process stopped.

The images of each size are appended to a single file, so a process that is killed leaves all its work; `meta.json` is
written last and marks the set as complete.
"""

import fcntl
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from datamodules.cache import META, folder_of, sizes
from datamodules.decoding import Chunk, decode_all
from datamodules.errors import DataError
from datamodules.fingerprints import content_fingerprint, save_fingerprint, write_atomically
from datamodules.sources import Source
from datamodules.transform import Square

ELSEWHERE = (
    "Make room, or name another folder in the environment variable GAN_ZOO_CACHE; then run the same command again."
)
SKIPPED = "skipped.json"
"""Name of the file of damaged images and their error messages, by index; written before the images of their chunk."""


def prepare(
    source: Source, square: Square, skip: bool = False, progress: Callable[[int], None] = lambda done: None
) -> dict[int, str]:
    """Decode the images that are not decoded yet.

    If two processes do so at once, the second waits for the first and finds all images decoded.

    Args:
        source: The image files.
        square: Crop and size that each image is decoded to.
        skip: Whether to leave damaged images out; otherwise the first damaged image is an error.
        progress: Function that is called with the number of images decoded so far.

    Returns:
        The error messages of the images that were left out, by index.

    Raises:
        DataError: An image is damaged, or the cache folder is full or cannot be written.
    """
    try:
        save_fingerprint(source, content_fingerprint(source))
        folder = folder_of(source, square)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock"):
            if not (folder / META).exists():
                _decode(source, square, folder, skip, progress)
            return _skipped(folder)
    except OSError as error:
        raise DataError(f"The cache cannot be written: {error}. {ELSEWHERE}") from error


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep other processes out of the block; the lock of a process that is killed becomes free."""
    with file.open("w") as opened:
        fcntl.lockf(opened, fcntl.LOCK_EX)  # unlike flock, not inherited by workers that outlive this process
        yield


def _decode(source: Source, square: Square, folder: Path, skip: bool, progress: Callable[[int], None]) -> None:
    shapes = {size: (len(source), square.channels, size, size) for size in sizes(square)}
    with ExitStack() as stack:
        files = {size: stack.enter_context(_opened(folder / f"{size}.npy")) for size in shapes}
        done = min(_done(file, shapes[size]) for size, file in files.items())
        _refuse_full(folder, sum(prod(shape[1:]) for shape in shapes.values()) * (len(source) - done))
        for size, file in files.items():
            _start(file, shapes[size], done)
        skipped = {index: reason for index, reason in _skipped(folder).items() if index < done}
        for chunk in decode_all(source, square, list(files), start=done, skip=skip):
            skipped |= chunk.damaged
            _append(chunk, files, folder, skipped)
            done += len(chunk.images[square.resolution])
            progress(done)
        if len(skipped) == len(source):
            raise DataError(f"No image of {source.name} can be used: {skipped[0]}")
        for file in files.values():
            os.fsync(file.fileno())
    meta = {"set": source.name, "square": square.key(), "images": len(source), "skipped": sorted(skipped)}
    write_atomically(folder / META, json.dumps(meta, indent=1).encode())


def _append(chunk: Chunk, files: dict[int, BinaryIO], folder: Path, skipped: dict[int, str]) -> None:
    """Write the images of a chunk to the file of each size, and before them the list of all damaged images so far."""
    if chunk.damaged:
        write_atomically(folder / SKIPPED, json.dumps(skipped).encode())
    for size, file in files.items():
        file.write(chunk.images[size].numpy().data)
        file.flush()


def _skipped(folder: Path) -> dict[int, str]:
    file = folder / SKIPPED
    return {int(index): reason for index, reason in json.loads(file.read_text()).items()} if file.exists() else {}


def _opened(file: Path) -> BinaryIO:
    file.touch()
    return file.open("r+b")


def _done(file: BinaryIO, shape: tuple[int, ...]) -> int:
    """Return the number of complete images in a file, which may end in the middle of an image."""
    return max(os.fstat(file.fileno()).st_size - len(_header(shape)), 0) // prod(shape[1:])


def _start(file: BinaryIO, shape: tuple[int, ...], done: int) -> None:
    """Write the header, move to the end of the first `done` images of a file, and cut off what follows."""
    file.write(_header(shape))
    file.seek(done * prod(shape[1:]), os.SEEK_CUR)
    file.truncate()


def _header(shape: tuple[int, ...]) -> bytes:
    """Return the header of an .npy file of uint8."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def _refuse_full(folder: Path, need: int) -> None:
    """Raise a DataError if `need` bytes do not fit on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if need > free:
        raise DataError(f"{folder} needs {need / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free. {ELSEWHERE}")
