"""Decodes a set once, for `cache.find` to find: by all cores, to be gone on with after any end.

The images of a size are appended to one file, so what a killed process left is what it had done; `meta.json`, written
last, says that all are there.
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
from datamodules.decoding import decode_all
from datamodules.errors import DataError
from datamodules.fingerprints import content, note, write
from datamodules.sources import Source
from datamodules.transform import Square

ELSEWHERE = (
    "Make room, or name another folder in the environment variable GAN_ZOO_CACHE: the same command goes on from there."
)
SKIPPED = "skipped.json"
"""Damaged images, by index, with what is wrong: written before the images of their chunk."""


def prepare(
    source: Source, square: Square, skip: bool = False, progress: Callable[[int], None] = lambda done: None
) -> dict[int, str]:
    """Decode what is not decoded yet. Of two processes at once, one waits for the other, and finds all done.

    Args:
        source: the files.
        square: what they are decoded to.
        skip: leave damaged images out; else the first one ends it.
        progress: told how many images are done.

    Returns:
        What is wrong with those that were left out, by index.

    Raises:
        DataError: an image is damaged, or the cache folder is full or cannot be written.
    """
    try:
        note(source, content(source))
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
    """Within the block no other process is in it; the lock of one that is killed is free."""
    with file.open("w") as opened:
        fcntl.lockf(opened, fcntl.LOCK_EX)  # unlike flock, not shared with workers that outlive this process
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
            if chunk.damaged:
                write(folder / SKIPPED, json.dumps(skipped).encode())
            for size, file in files.items():
                file.write(chunk.images[size].numpy().data)
                file.flush()
            done += len(chunk.images[square.resolution])
            progress(done)
        if len(skipped) == len(source):
            raise DataError(f"No image of {source.name} can be used: {skipped[0]}")
        for file in files.values():
            os.fsync(file.fileno())
    meta = {"set": source.name, "square": square.key(), "images": len(source), "skipped": sorted(skipped)}
    write(folder / META, json.dumps(meta, indent=1).encode())


def _skipped(folder: Path) -> dict[int, str]:
    file = folder / SKIPPED
    return {int(index): reason for index, reason in json.loads(file.read_text()).items()} if file.exists() else {}


def _opened(file: Path) -> BinaryIO:
    file.touch()
    return file.open("r+b")


def _done(file: BinaryIO, shape: tuple[int, ...]) -> int:
    """Whole images in a file that may end in the middle of one."""
    return max(os.fstat(file.fileno()).st_size - len(_header(shape)), 0) // prod(shape[1:])


def _start(file: BinaryIO, shape: tuple[int, ...], done: int) -> None:
    """Go to the end of the first `done` images of a file, and drop what follows."""
    file.write(_header(shape))
    file.seek(done * prod(shape[1:]), os.SEEK_CUR)
    file.truncate()


def _header(shape: tuple[int, ...]) -> bytes:
    """What an .npy file of uint8 begins with."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def _refuse_full(folder: Path, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise DataError(f"{folder} needs {need / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free. {ELSEWHERE}")
