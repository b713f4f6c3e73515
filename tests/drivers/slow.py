"""Data that take a minute to read, named on command lines as `tests.drivers.slow.Slow`."""

import os
import time
from pathlib import Path

from datamodules.images import InMemory
from datamodules.order import Request
from datamodules.stream import Batch
from tests.drivers.tiny import Read


class Sleeping(InMemory):
    """Images that are read slowly. The first read creates the file that the environment variable WAITING names."""

    instant = False

    def __getitem__(self, request: Request) -> Batch:
        if len(request.indices) > 8:  # those of a score
            Path(os.environ["WAITING"]).touch()
            time.sleep(60)
        return super().__getitem__(request)


class Slow(Read):
    """Grey noise that scores read slowly."""

    def setup(self, stage: str) -> None:
        super().setup(stage)
        self.images = Sleeping("sleeping", image=self.images.tensors["image"])  # pyright: ignore
