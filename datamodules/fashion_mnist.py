"""Fashion-MNIST: 60,000 + 10,000 articles of clothing of 28 x 28 grey pixels in ten classes (Xiao 2017, "Fashion-MNIST:
a novel image dataset for benchmarking machine learning algorithms").

Layout: torchvision's, ROOT/FashionMNIST/raw with the four idx files of MNIST's names, gzipped or not. MIT licence. From
https://github.com/zalandoresearch/fashion-mnist; downloaded where there is a network.
"""

from pathlib import Path
from typing import Literal

from datamodules.idx import file_names, find, read_images
from datamodules.official import fetch
from datamodules.stream import StreamedData


class FashionMNIST(StreamedData):
    """Clothes in memory, with their classes.

    Args:
        root: folder that holds FashionMNIST/raw with the four idx files; downloaded there if it can be.
        split: train (60,000) or test (10,000).
        batch_size: images a minibatch on each device.
        workers: processes that read ahead; the images are in memory, so 0 is fastest.
        flip: mirror half of the training images, at random.
    """

    image_shape = (1, 28, 28)
    num_classes = 10
    classes = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

    def __init__(
        self,
        root: str,
        split: Literal["train", "test"] = "train",
        batch_size: int = 64,
        workers: int = 0,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.root, self.split, self.flip = root, split, flip
        self.raw = Path(root) / "FashionMNIST" / "raw"

    def prepare_data(self) -> None:
        if len(find(self.raw, self.split)) < 2:
            from torchvision.datasets import FashionMNIST as Official

            files = [f"{name}.gz" for name in file_names(self.split)]
            fetch(lambda: Official(self.root, download=True), "Fashion-MNIST", files, self.raw)

    def setup(self, stage: str) -> None:
        if not hasattr(self, "images"):
            self.images = read_images(find(self.raw, self.split), "Fashion-MNIST", self.split)
