"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 grey pixels (LeCun, Cortes and Burges 1998).

Layout: torchvision's, ROOT/MNIST/raw with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
t10k-labels-idx1-ubyte, gzipped or not. Commonly stated as CC BY-SA 3.0. From http://yann.lecun.com/exdb/mnist;
downloaded where there is a network. The 10,000 digits of the official test split come with this package, so that
everything can be tried without a network.
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
            downloaded there if they are missing. "bundled": the 10,000 digits of the test split that come with the
            package.
        split: train (60,000) or test (10,000); the bundled digits are always the test split.
        batch_size: Images per mini-batch on each device.
        workers: Processes that read ahead; the digits are in memory, so 0 is fastest.
        flip: Whether to mirror half of the training images, at random; digits are not symmetric, so the default is off.
    """

    image_shape = (1, 28, 28)
    num_classes = 10

    def __init__(
        self, root: str = "bundled", split: Split = "train", batch_size: int = 64, workers: int = 0, flip: bool = False
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.root, self.flip = root, flip
        self.split = "test" if root == "bundled" else split
        self.raw = BUNDLED if root == "bundled" else expanded(root) / "MNIST" / "raw"

    def prepare_data(self) -> None:
        if self.root != "bundled":
            fetch_missing(self._download, "MNIST", self.raw, self.split, ", or use data.root: bundled")

    def _download(self) -> None:
        from torchvision.datasets import MNIST as Official

        Official(self.root, download=True)

    def setup(self, stage: str) -> None:
        if not hasattr(self, "images"):
            self.images = read_images(self.raw, "MNIST", self.split)
