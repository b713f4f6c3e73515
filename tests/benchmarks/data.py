"""Measures the speed of the loader: `python -m tests.benchmarks.data [FOLDER WITH celeba]`.

Bars: 200,000 images a second in batches of 64 for a set of CIFAR-10's size in memory. For CelebA at 64 x 64 pixels from
the cache, 15 times the speed of torchvision's ImageFolder with two workers, which decodes each image in each pass
(uint8, cropped and resized like ours). Numbers are medians of rounds that take turns, after a warm-up of each.
"""

import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from datamodules.cache import Mapped
from datamodules.celeba import CelebA
from datamodules.images import InMemory
from datamodules.preparing import prepare
from datamodules.stream import StreamedData
from gan_zoo.module import Feed

BATCH = 64
ROUNDS = 7


class CIFARSized(StreamedData):
    """50,000 labelled images of noise in memory."""

    image_shape = (3, 32, 32)

    def __init__(self) -> None:
        super().__init__(BATCH)
        image = torch.randint(0, 256, (50_000, 3, 32, 32), dtype=torch.uint8)
        self.images = InMemory("noise", image=image, label=torch.arange(50_000) % 10)


def stream(data: StreamedData) -> Iterator[Any]:
    """Return the endless batches that a trainer at step 0 reads from `data`."""
    data.trainer = SimpleNamespace(  # pyright: ignore[reportAttributeAccessIssue]
        lightning_module=SimpleNamespace(feed=lambda step: Feed(), seed=0),
        global_rank=0,
        world_size=1,
        global_step=0,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )
    return iter(data.train_dataloader())


def endless(loader: DataLoader) -> Iterator[Any]:
    while True:
        yield from loader


def speed(batches: Iterator[Any], count: int) -> float:
    """Return the number of images per second over `count` batches."""
    begin = time.perf_counter()
    for _ in islice(batches, count):
        pass
    return count * BATCH / (time.perf_counter() - begin)


def rounds(measure: Callable[[], float]) -> str:
    values = [measure() for _ in range(ROUNDS)]
    return f"median {statistics.median(values):,.0f} images/s ({min(values):,.0f} to {max(values):,.0f})"


def main(shared: Path) -> None:
    torch.set_num_threads(1)
    memory = stream(CIFARSized())
    speed(memory, 800)
    print("from memory, 50,000 x 32 x 32:", rounds(lambda: speed(memory, 4_000)))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_ZOO_CACHE"] = f"{folder}/cache"
        data = CelebA(str(shared / "celeba"), resolution=64, batch_size=BATCH)
        begin = time.perf_counter()
        prepare(data.source, data.square)
        print(f"preparing {len(data.source):,} faces: {time.perf_counter() - begin:.1f} s, {os.cpu_count()} cores")
        data.setup("fit")
        assert isinstance(data.images, Mapped)
        cached = stream(data)
        with zipfile.ZipFile(shared / "celeba" / "img_align_celeba.zip") as faces:
            faces.extractall(f"{folder}/faces")
        square = transforms.Compose([transforms.CenterCrop(89), transforms.Resize(64), transforms.PILToTensor()])
        decoding = endless(
            DataLoader(
                ImageFolder(f"{folder}/faces", square),
                batch_size=BATCH,
                shuffle=True,
                num_workers=2,
                drop_last=True,
                persistent_workers=True,
            )
        )
        speed(cached, 300)  # two passes
        speed(decoding, 170)  # one pass: a second pass is not faster, because nothing is kept
        pairs = [(speed(cached, 600), speed(decoding, 150)) for _ in range(ROUNDS)]
        ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
        ratios = [mine / other for mine, other in pairs]
        print(f"CelebA 64 x 64 from the cache: {ours:,.0f} images/s; ImageFolder with 2 workers: {theirs:,.0f}")
        print(f"ratio: median {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}); bar 15")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
