"""CIFAR-10: 50,000 + 10,000 colour photographs of 32 x 32 pixels in ten classes (Krizhevsky 2009, "Learning multiple
layers of features from tiny images").

Layout: torchvision's, ROOT/cifar-10-batches-py with data_batch_1 to 5 and test_batch. No formal licence; cite the
report. From https://www.cs.toronto.edu/~kriz/cifar.html, "CIFAR-10 python version"; downloaded if there is a
network. `ImageFolder` reads copies in folders of images.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from datamodules.errors import DataError
from datamodules.names import Split, count_name, expanded
from datamodules.official import fetch
from datamodules.plain import open_plain
from datamodules.stream import InMemory, StreamedData

FOLDER = "cifar-10-batches-py"
FILES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
EACH = 10_000
"""Number of images per file."""
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class CIFAR10(StreamedData):
    """Photographs in memory, with their classes.

    Args:
        root: Folder that holds cifar-10-batches-py in torchvision's layout; it is downloaded there if it is missing.
        split: train (50,000) or test (10,000).
        batch_size: Images per mini-batch on each device.
        workers: Processes that read ahead; the images are in memory, so 0 is fastest.
        flip: Whether to mirror half of the training images, at random; most papers report scores without mirroring.
    """

    image_shape = (3, 32, 32)
    num_classes = 10
    classes = CLASSES

    def __init__(
        self, root: str, split: Split = "train", batch_size: int = 64, workers: int = 0, flip: bool = False
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.folder, self.split, self.flip = expanded(root) / FOLDER, split, flip

    def prepare_data(self) -> None:
        if all((self.folder / name).exists() for name in FILES[self.split]):
            return
        from torchvision.datasets import CIFAR10 as Official

        fetch(
            lambda: Official(str(self.folder.parent), download=True),
            "CIFAR-10",
            ["cifar-10-python.tar.gz"],
            self.folder.parent,
            f" and unpack it there, to {FOLDER}",
        )

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        parts = [read_batch(self.folder / name) for name in FILES[self.split]]
        image, label = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        self.images = InMemory(
            f"cifar10_{self.split}_{count_name(len(image))}",
            image=torch.from_numpy(image),
            label=torch.from_numpy(label),
        )


class _Arrays(pickle.Unpickler):
    """Unpickles arrays, numbers and strings, and refuses everything else: a pickle could run any program."""

    ALLOWED = (("multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"))

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name.removeprefix("numpy.core.").removeprefix("numpy._core."), global_name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it calls {module_name}.{global_name}")
        return super().find_class(module_name.replace("numpy.core.", "numpy._core."), global_name)


def read_batch(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images, uint8 (10000, 3, 32, 32), and classes, int64 (10000,), of a file.

    Raises:
        DataError: The file is missing or damaged, or is no file of CIFAR-10.
    """
    try:
        with open_plain(file) as opened:
            content = _Arrays(opened, encoding="latin1").load()
        image = content["data"].reshape(EACH, 3, 32, 32)
        label = np.array(content["labels"], dtype=np.int64).reshape(EACH)
    except (OSError, EOFError, pickle.UnpicklingError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} is no complete batch of CIFAR-10: fetch it again ({error}).") from error
    if image.dtype != np.uint8 or not ((label >= 0) & (label < 10)).all():
        raise DataError(f"{file} is no batch of CIFAR-10: its images must be bytes and its labels 0 to 9.")
    return image, label
