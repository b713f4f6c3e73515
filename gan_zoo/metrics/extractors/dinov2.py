"""DINOv2 ViT-L/14 (Oquab 2023), whose features agree with human judgement better than Inception's (Stein 2023)."""

from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.metrics.extractors import resizing
from gan_zoo.metrics.extractors.base import Extractor, Features, colour, expecting, read_weights, refuse_channels
from gan_zoo.published import published

CODE = "facebookresearch/dinov2:7764ea0f912e53c92e82eb78a2a1631e92725fc8"
WEIGHTS = "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth"
SHA256 = "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428"  # as many users of the file have reported
SIZE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


class DINOv2(Extractor):
    """The 1,024 features of the class token, from images resized to 224 x 224.

    Args:
        weights: File of the weights; None: torch.hub downloads them on first use. The code always comes from torch.hub.

    Raises:
        Mistake: The code or the weights cannot be downloaded, or the file holds other weights.
    """

    name = "dinov2"
    features = 1024
    resize = "bicubic"
    batch = 64

    def __init__(self, weights: str | None) -> None:
        super().__init__()
        print(f"dinov2: code from github.com/{CODE}, weights from {weights or WEIGHTS}, by torch.hub if missing.")
        try:
            hub: Any = torch.hub  # its annotations leave out arguments that it accepts
            self.network = hub.load(
                CODE, "dinov2_vitl14", pretrained=False, trust_repo=True, skip_validation=True, verbose=False
            )
            state = read_weights(weights) if weights else published(WEIGHTS, SHA256)
        except OSError as error:
            raise Mistake(
                f"dinov2 needs {CODE} and {WEIGHTS.rpartition('/')[2]}, which cannot be downloaded ({error}): put them "
                f"into torch.hub's folder {torch.hub.get_dir()}, or name another extractor."
            ) from error
        with expecting("DINOv2 ViT-L/14", weights or WEIGHTS):
            self.network.load_state_dict(state)

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        return Features(self.network(normalised(image)))

    def check(self, image_shape: tuple[int, int, int]) -> None:
        refuse_channels("dinov2", image_shape)


def normalised(image: UInt8[Tensor, " n c h w"]) -> Tensor:
    """Return images at 224 x 224, normalised by ImageNet's mean and deviation as in the network's training."""
    mean, deviation = (torch.tensor(values, device=image.device)[:, None, None] for values in (MEAN, DEVIATION))
    return (resizing.bicubic(colour(image).float(), SIZE) / 255 - mean) / deviation
