"""Prepares the images of a folder or zip, and prints how many are done after each chunk.

`python -m tests.drivers.preparing PATH RESOLUTION [--skip] [--seconds EACH]`: a mistake is one line and exit code 2.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np

from datamodules.errors import DataError
from datamodules.preparing import prepare
from datamodules.sources import Files, is_image
from datamodules.stores import open_store
from datamodules.transform import Square


class Slow(Files):
    """Files on a slow disk."""

    seconds = 0.0

    def read(self, index: int) -> np.ndarray:
        time.sleep(self.seconds)
        return super().read(index)


def files(path: Path, kind: type[Files] = Files) -> Files:
    """Return all images of a folder or a zip."""
    store = open_store(path)
    return kind("made", store, [name for name in store.names if is_image(name)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("resolution", type=int)
    parser.add_argument("--skip", action="store_true")
    parser.add_argument("--seconds", type=float, default=0.0)
    options = parser.parse_args()
    Slow.seconds = options.seconds
    try:
        skipped = prepare(
            files(options.path, Slow), Square(options.resolution), options.skip, partial(print, flush=True)
        )
    except DataError as error:
        print(error)
        raise SystemExit(2) from None
    for index, reason in skipped.items():
        print("left out", index, reason)
