"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 grey pixels (LeCun, Cortes and Burges 1998).

Layout: torchvision's, ROOT/MNIST/raw with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
t10k-labels-idx1-ubyte, gzipped or not. Commonly stated as CC BY-SA 3.0. From http://yann.lecun.com/exdb/mnist;
downloaded where there is a network. The 10,000 of the official test split come with this package, so that everything
can be tried with none.
"""

from pathlib import Path
from typing import Literal

from datamodules.idx import file_names, find, read_images
from datamodules.official import fetch
from datamodules.stream import StreamedData

BUNDLED = Path(__file__).parent / "digits"


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
        self.raw = BUNDLED if root == "bundled" else Path(root) / "MNIST" / "raw"

    def prepare_data(self) -> None:
        if self.root != "bundled" and len(find(self.raw, self.split)) < 2:
            from torchvision.datasets import MNIST as Official

            files = [f"{name}.gz" for name in file_names(self.split)]
            fetch(lambda: Official(self.root, download=True), "MNIST", files, self.raw, ", or use data.root: bundled")

    def setup(self, stage: str) -> None:
        if not hasattr(self, "images"):
            self.images = read_images(find(self.raw, self.split), "MNIST", self.split)
