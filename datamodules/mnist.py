"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 grey pixels (LeCun, Cortes and Burges 1998).

The 10,000 of the official test split come with this package, so that everything can be tried with no network.
"""

import gzip
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from datamodules.stream import DataError, InMemory, StreamedData

BUNDLED = Path(__file__).parent / "digits"
FILES = {"train": "train", "test": "t10k"}
COUNTS = {"train": 60_000, "test": 10_000}


class MNIST(StreamedData):
    """Digits in memory, with their classes.

    Args:
        root: folder that holds MNIST/raw with the four idx files, gzipped or not, as torchvision lays them out
            (downloaded there where there is a network); "bundled": the 10,000 digits of the test split that come with
            the package.
        split: train (60,000) or test (10,000); the bundled digits are the test split whatever it says.
        batch_size: images a minibatch on each device.
        workers: processes that read ahead; the digits are in memory, so 0 is fastest.
        flip: mirror half of the training images, at random; digits are not symmetric, so off.
    """

    image_shape = (1, 28, 28)
    num_classes = 10

    def __init__(
        self,
        root: str = "bundled",
        split: Literal["train", "test"] = "train",
        batch_size: int = 64,
        workers: int = 0,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.root, self.flip = root, flip
        self.split = "test" if root == "bundled" else split

    def prepare_data(self) -> None:
        if self.root != "bundled" and not all(_found(self.root, name) for name in self._names()):
            self._download()

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        if self.root == "bundled":
            files = [BUNDLED / f"{name}.gz" for name in self._names()]
        else:
            files = [file for name in self._names() if (file := _found(self.root, name))]
        image, label = (read_idx(file) for file in files)
        count = COUNTS[self.split]
        for file, tensor in zip(files, (image, label), strict=True):
            if len(tensor) != count:
                raise DataError(f"{file} holds {len(tensor)} entries where MNIST has {count}: fetch it again.")
        self.images = InMemory(
            f"mnist_{self.split}_{count // 1000}k", image=image[:, None].contiguous(), label=label.long()
        )

    def _names(self) -> list[str]:
        return [f"{FILES[self.split]}-images-idx3-ubyte", f"{FILES[self.split]}-labels-idx1-ubyte"]

    def _download(self) -> None:
        from torchvision.datasets import MNIST as Official

        try:
            Official(self.root, train=self.split == "train", download=True)
        except (OSError, RuntimeError) as error:
            wanted = " and ".join(f"{name}.gz" for name in self._names())
            raise DataError(
                f"{self.root} has no MNIST and it cannot be downloaded: put {wanted} into {self.root}/MNIST/raw, "
                "or use data.root: bundled."
            ) from error


def _found(root: str, name: str) -> Path | None:
    """The file under torchvision's layout, unpacked or gzipped; None if it is not there."""
    raw = Path(root) / "MNIST" / "raw"
    return next((file for file in (raw / name, raw / f"{name}.gz") if file.exists()), None)


def read_idx(file: Path) -> Tensor:
    """The uint8 tensor in an idx file, gzipped or not.

    Raises:
        DataError: not an idx file of unsigned bytes, or truncated.
    """
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} is damaged or truncated: fetch it again ({error}).") from error
    if content[:3] != b"\0\0\x08":
        raise DataError(f"{file} is not an idx file of bytes: it begins with {content[:4].hex() or 'nothing'}.")
    header = 4 + 4 * content[3] if len(content) > 3 else 4  # magic number, then the length of each axis
    if len(content) < header:
        raise DataError(f"{file} is truncated: it ends in its header. Fetch it again.")
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, header, 4)]
    values = np.frombuffer(content, np.uint8, offset=header)
    if len(values) != np.prod(shape):
        raise DataError(f"{file} is truncated: it holds {len(values)} of {np.prod(shape)} values. Fetch it again.")
    return torch.from_numpy(values.reshape(shape).copy())
