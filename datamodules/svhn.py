"""SVHN: 73,257 + 26,032 house numbers of 32 x 32 colour pixels, and 531,131 easier ones (Netzer 2011, "Reading digits
in natural images with unsupervised feature learning").

Layout: torchvision's, ROOT/train_32x32.mat, test_32x32.mat, extra_32x32.mat. For non-commercial use. From
http://ufldl.stanford.edu/housenumbers, "Format 2"; downloaded where there is a network. Reading it needs SciPy, the
extra `gan-zoo[svhn]`.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import torch

from datamodules.errors import DataError
from datamodules.names import count_name, expanded
from datamodules.official import fetch
from datamodules.plain import open_plain
from datamodules.stream import InMemory, StreamedData


class SVHN(StreamedData):
    """House numbers in memory, with the digit in their middle as the class.

    Args:
        root: Folder that holds the .mat files, which are downloaded there if they are missing.
        split: train (73,257), test (26,032) or extra (531,131, which take 1.6 GB of memory).
        batch_size: Images per mini-batch on each device.
        workers: Processes that read ahead; the images are in memory, so 0 is fastest.
    """

    image_shape = (3, 32, 32)
    num_classes = 10

    def __init__(
        self, root: str, split: Literal["train", "test", "extra"] = "train", batch_size: int = 64, workers: int = 0
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.split, self.file = split, expanded(root) / f"{split}_32x32.mat"

    def prepare_data(self) -> None:
        if self.file.exists():
            return
        from torchvision.datasets import SVHN as Official

        folder = self.file.parent
        fetch(lambda: Official(str(folder), split=self.split, download=True), "SVHN", [self.file.name], folder)

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        image, label = read_mat(self.file)
        self.images = InMemory(f"svhn_{self.split}_{count_name(len(image))}", image=image, label=label)


def read_mat(file: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images, uint8 (n, 3, 32, 32), and digits, int64 (n,), of a file.

    Raises:
        DataError: The file is missing or damaged, or SciPy is not installed.
    """
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise DataError("Reading SVHN's .mat files needs SciPy: pip install 'gan-zoo[svhn]'.") from error
    try:
        with open_plain(file) as opened:
            content = loadmat(opened)
        image = np.ascontiguousarray(content["X"].transpose(3, 2, 0, 1))
        label = content["y"].astype(np.int64).reshape(len(image)) % 10  # the file writes the digit 0 as 10
    except Exception as error:  # SciPy raises many kinds of errors for damaged files
        raise DataError(f"{file} is no complete file of SVHN: fetch it again ({error}).") from error
    if image.dtype != np.uint8 or image.shape[1:] != SVHN.image_shape:
        raise DataError(f"{file} is no file of SVHN: its images are {image.dtype} of {image.shape[1:]}.")
    return torch.from_numpy(image), torch.from_numpy(label)
