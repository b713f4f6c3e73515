"""Distances of a stylized image from its content and from its style, in features of a frozen VGG; ArtFID's formula.

The distances compare the output of `perceptual.Features`, which must have the layers of `STYLE`.
"""

from jaxtyping import Float
from torch import Tensor

from gan_zoo.perceptual import content_loss, moments_loss

Activations = dict[str, Float[Tensor, "n _ _ _"]]
"""Feature maps by name of the layer."""

CONTENT = "relu4_1"
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""The layers whose statistics AdaIN's authors compare."""


def content_distance(image: Activations, content: Activations) -> float:
    """Return the relative error of relu4_1: 0 for the content itself."""
    return float(content_loss(image[CONTENT], content[CONTENT]))


def style_distance(image: Activations, style: Activations) -> float:
    """Return the relative errors of each channel's mean and deviation, summed over four depths (Huang 2017, Eq. 13)."""
    return sum(float(moments_loss(image[name], style[name])) for name in STYLE)


def art_fid(*, content: float, frechet: float) -> float:
    """Return (1 + content) (1 + frechet): lower is better, 1 at best (Wright and Ommer 2022, Eq. 1).

    ArtFID proper is this value with the paper's two networks. This project uses others, see the arguments.

    Args:
        content: Mean perceptual distance between results and their contents. The paper takes LPIPS: features of five
            layers of AlexNet or VGG, normalised at each position and weighted by channel to match human judgement. Here
            it is `content_distance`: one layer, without weights.
        frechet: Fréchet distance between the features of the results and of the styles. The paper takes an Inception
            network trained to tell artists and styles apart; here it is the extractor that the user names.
    """
    return (1 + content) * (1 + frechet)
