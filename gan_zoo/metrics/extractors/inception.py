"""The Inception network of 2015 (Szegedy 2016), whose features define FID (Heusel 2017)."""

import io

import torch
from jaxtyping import UInt8
from torch import Tensor, nn
from torch.nn.functional import linear
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

from gan_zoo.errors import MissingWeights, Mistake
from gan_zoo.lookup import shorten
from gan_zoo.metrics.extractors import resizing
from gan_zoo.metrics.extractors.base import Extractor, Features, colour, expecting, read_weights, refuse_channels
from gan_zoo.published import published

SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
SIZE = 299
RESIZES = ("tf1", "clean", "none")
"""`tf1`: bilinear as in TensorFlow 1, used by all FIDs published before 2021; `clean`: bicubic with antialiasing, as in
clean-fid; `none`: the network sees images at their own size."""
LEAST = 75  # pixels a side: the last layers of smaller images are empty


class Inception(Extractor):
    """torch-fidelity's network and weights: 2,048 features, and 1,008 logits without bias, as in TTUR.

    Args:
        weights: File of weights with torch-fidelity's names; None: its own, downloaded into torch.hub's folder on first
            use.
        resize: How images are resized to 299 x 299: one of `RESIZES`.

    Raises:
        Mistake: The file holds other weights, or they cannot be downloaded.
    """

    name = "inception"
    features = 2048
    logits = 1008
    batch = 64

    def __init__(self, weights: str | None, resize: str) -> None:
        super().__init__()
        if resize not in RESIZES:
            raise Mistake(f"resize is {resize}: it must be one of {', '.join(RESIZES)}.")
        self.resize = resize
        network = build(read_weights(weights) if weights else downloaded(), weights or URL_INCEPTION_V3)
        self.classes = network.fc
        self.trunk = nn.Sequential(*list(network.children())[:-1])  # all but fc

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        x = colour(image).float()
        if self.resize != "none":
            x = (resizing.tf1 if self.resize == "tf1" else resizing.bicubic)(x, SIZE)
        features = self.trunk((x - 128) / 128).flatten(1)
        return Features(features, linear(features, self.classes.weight))

    def check(self, image_shape: tuple[int, int, int]) -> None:
        refuse_channels("inception", image_shape, LEAST if self.resize == "none" else 1)


def build(state: dict[str, Tensor], file: str) -> FeatureExtractorInceptionV3:
    """Return torch-fidelity's network with the weights `state`, which were read from `file`.

    Raises:
        Mistake: The weights belong to another network.
    """
    buffer = io.BytesIO()  # its constructor would load any pickle, so it gets only tensors that were read safely
    torch.save(state, buffer)
    buffer.seek(0)
    with expecting("torch-fidelity's Inception", file):
        return FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=buffer)


def downloaded() -> dict[str, Tensor]:
    """Return torch-fidelity's weights, from torch.hub's folder or from their address.

    Raises:
        Mistake: The download fails, or torch.hub's folder holds another file of this name.
    """
    try:
        return published(URL_INCEPTION_V3, SHA256)
    except OSError as error:
        raise MissingWeights(
            f"inception needs {URL_INCEPTION_V3} (sha256 {SHA256}), which cannot be downloaded "
            f"({shorten(str(error), 50)})"
        ) from error
