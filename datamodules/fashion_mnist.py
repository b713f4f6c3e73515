"""Fashion-MNIST: 60,000 + 10,000 articles of clothing of 28 x 28 grey pixels in ten classes (Xiao 2017, "Fashion-MNIST:
a novel image dataset for benchmarking machine learning algorithms").

Layout: torchvision's, ROOT/FashionMNIST/raw with four idx files named as MNIST's, gzipped or not. MIT licence. From
https://github.com/zalandoresearch/fashion-mnist; downloaded where there is a network.
"""

from datamodules.idx import fetch_missing, read_images
from datamodules.names import Split, expanded
from datamodules.stream import StreamedData


class FashionMNIST(StreamedData):
    """Clothes in memory, with their classes.

    Args:
        root: Folder that holds FashionMNIST/raw with the four idx files, which are downloaded there if they are
            missing.
        split: train (60,000) or test (10,000).
        batch_size: Images per mini-batch on each device.
        workers: Processes that read ahead; the images are in memory, so 0 is fastest.
        flip: Whether to mirror half of the training images, at random.
    """

    image_shape = (1, 28, 28)
    num_classes = 10
    classes = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

    def __init__(
        self, root: str, split: Split = "train", batch_size: int = 64, workers: int = 0, flip: bool = False
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.root, self.split, self.flip = root, split, flip
        self.raw = expanded(root) / "FashionMNIST" / "raw"

    def prepare_data(self) -> None:
        fetch_missing(self._download, "Fashion-MNIST", self.raw, self.split)

    def _download(self) -> None:
        from torchvision.datasets import FashionMNIST as Official

        Official(self.root, download=True)

    def setup(self, stage: str) -> None:
        if not hasattr(self, "images"):
            self.images = read_images(self.raw, "Fashion-MNIST", self.split)
