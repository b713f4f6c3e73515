"""A small convolutional network for 28 x 28 digits, bundled so that everything can be tried without a download."""

from pathlib import Path

from jaxtyping import UInt8
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics.extractors.base import Extractor, Features

WEIGHTS = Path(__file__).parents[1] / "lenet.safetensors"


class LeNet(Extractor):
    """A network after LeCun 1998, trained by `train_lenet.py`; features are the 128 activations before the classes."""

    name = "lenet"
    features = 128
    logits = 10

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(512, 128), nn.ReLU(),
        )  # fmt: skip
        self.classes = nn.Linear(128, 10)

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        features = self.body(images.to_float(image))
        return Features(features, self.classes(features))

    def check(self, image_shape: tuple[int, int, int]) -> None:
        if tuple(image_shape) != (1, 28, 28):
            raise Mistake(
                f"lenet scores grey digits of 28 x 28 pixels; these images are {tuple(image_shape)}: name another "
                "evaluation.extractor, or leave it out to have no scores."
            )


def trained() -> LeNet:
    """Return the network with the bundled weights."""
    network = LeNet()
    network.load_state_dict(load_file(WEIGHTS))
    return network
