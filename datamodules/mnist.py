"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 grey pixels (LeCun, Cortes and Burges 1998).

Layout: torchvision's, ROOT/MNIST/raw with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
t10k-labels-idx1-ubyte, gzipped or not. Commonly stated as CC BY-SA 3.0. From http://yann.lecun.com/exdb/mnist;
downloaded where there is a network. The first 10,000 training digits and the 10,000 test digits come with this package,
so that everything can be tried without a network, and scored on digits that the model was not trained on.
"""

from pathlib import Path

from datamodules.idx import fetch_missing, read_images
from datamodules.names import Split, expanded
from datamodules.stream import StreamedData

BUNDLED = Path(__file__).parent / "digits"


class MNIST(StreamedData):
    """Digits in memory, with their classes.

    Args:
        root: Folder that holds MNIST/raw with the four idx files, gzipped or not, in torchvision's layout; they are
            downloaded there if they are missing. None: the digits that come with the package. "bundled": the test
            digits of the package for either split, as in runs made before version 0.3.
        split: train (60,000 digits; 10,000 of them come with the package) or test (10,000).
        batch_size: Images per mini-batch on each device.
        workers: Processes that read ahead; the digits are in memory, so 0 is fastest.
        flip: Whether to mirror half of the training images, at random; digits are not symmetric, so the default is off.
    """

    image_shape = (1, 28, 28)
    num_classes = 10

    def __init__(
        self,
        root: str | None = None,
        split: Split = "train",
        batch_size: int = 64,
        workers: int = 0,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.root, self.flip = root, flip
        self.split: Split = "test" if root == "bundled" else split
        self.raw = BUNDLED if root in (None, "bundled") else expanded(root) / "MNIST" / "raw"

    def prepare_data(self) -> None:
        if self.raw != BUNDLED:
            fetch_missing(self._download, "MNIST", self.raw, self.split, ", or leave data.root out: 10,000 come along")

    def _download(self) -> None:
        from torchvision.datasets import MNIST as Official

        Official(self.raw.parents[1], download=True)

    def setup(self, stage: str) -> None:
        if not hasattr(self, "images"):
            self.images = read_images(self.raw, "MNIST", self.split, 10_000 if self.raw == BUNDLED else None)
