"""How far a stylized image is from its content and from its style, as a frozen VGG sees them; ArtFID's formula."""

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.perceptual import Features, content_loss, moments_loss

Images = Float[Tensor, "n 3 h w"]

CONTENT = "relu4_1"
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""The layers that AdaIN's authors compare at: `features` must have them."""


@torch.no_grad()
def content_distance(features: Features, image: Images, content: Images) -> float:
    """The relative error of relu4_1: 0 for the content itself."""
    return float(content_loss(features(image)[CONTENT], features(content)[CONTENT]))


@torch.no_grad()
def style_distance(features: Features, image: Images, style: Float[Tensor, "n 3 H W"]) -> float:
    """The relative errors of mean and deviation of each channel, summed over four depths (Huang 2017, Eq. 13)."""
    mine, theirs = features(image), features(style)
    return sum(float(moments_loss(mine[name], theirs[name])) for name in STYLE)


def art_fid(*, content: float, frechet: float) -> float:
    """(1 + content) (1 + frechet): lower is better, 1 at best (Wright and Ommer 2022, Eq. 1).

    Args:
        content: the mean perceptual distance of results from their contents; the paper's is LPIPS.
        frechet: the distance of the results' features from the styles'; the paper's is of a style classifier's.
    """
    return (1 + content) * (1 + frechet)
