"""Networks whose features images are compared in. Each takes uint8 images and owns all that follows.

An extractor is an `nn.Module` with `name`, `features` (their length), `fingerprint()` and `forward(image) -> features`,
always in eval mode, in float32, without autocast. Yours: `package.module:callable`, which returns one.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.naming import named

LENET_WEIGHTS = Path(__file__).parent / "lenet.safetensors"


class Extractor(nn.Module):
    """Base of the extractors: frozen, in eval mode, and without autocast whatever surrounds it."""

    name: str
    features: int
    resize: str = "none"

    def fingerprint(self) -> str:
        """A hash of the weights: scores of unlike fingerprints are not compared."""
        digest = hashlib.sha256()
        for key, value in self.state_dict().items():
            digest.update(key.encode())
            digest.update(value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def check(self, image_shape: tuple[int, int, int]) -> None:
        """Raise `Mistake` if images of this shape are not what the network is for."""

    @torch.no_grad()
    def extract(self, image: UInt8[Tensor, " n c h w"]) -> Float[Tensor, " n d"]:
        """Features of `image`, on its device, in float32."""
        with torch.autocast(image.device.type, enabled=False):
            return self(image)


class LeNet(Extractor):
    """A small convolutional network for 28 x 28 digits (after LeCun 1998), trained by `train_lenet.py`.

    Features are the 128 activations before the ten classes; grey images only.
    """

    name = "lenet"
    features = 128

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(512, 128), nn.ReLU(),
        )  # fmt: skip
        self.classes = nn.Linear(128, 10)

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Float[Tensor, " n d"]:
        return self.body(images.to_float(image))

    def logits(self, image: UInt8[Tensor, " n c h w"]) -> Float[Tensor, " n 10"]:
        """Scores of the ten digits."""
        return self.classes(self(image))

    def check(self, image_shape: tuple[int, int, int]) -> None:
        if tuple(image_shape) != (1, 28, 28):
            raise Mistake(
                f"lenet scores grey digits of 28 x 28; these images are {tuple(image_shape)}: name another "
                "evaluation.extractor, or leave it out for no scores."
            )


def lenet() -> LeNet:
    """The bundled digit classifier (test accuracy in `train_lenet.py`)."""
    network = LeNet()
    network.load_state_dict(load_file(LENET_WEIGHTS))
    return network


EXTRACTORS: dict[str, Callable[[], nn.Module]] = {"lenet": lenet}


def make(name: str) -> Extractor:
    """The extractor called `name`, or what `package.module:callable` returns; frozen and in eval mode.

    Raises:
        Mistake: no such name, or it cannot be imported.
    """
    network = named(name, EXTRACTORS, "extractor")()
    return network.requires_grad_(False).eval()
