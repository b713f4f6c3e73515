"""How far a stylized image is from its content and from its style, as a frozen VGG sees them; ArtFID's formula.

Distances are of what `perceptual.Features` finds, which must have the layers of `STYLE`.
"""

from jaxtyping import Float
from torch import Tensor

from gan_zoo.perceptual import content_loss, moments_loss

Seen = dict[str, Float[Tensor, "n _ _ _"]]

CONTENT = "relu4_1"
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""The layers that AdaIN's authors compare at."""


def content_distance(image: Seen, content: Seen) -> float:
    """The relative error of relu4_1: 0 for the content itself."""
    return float(content_loss(image[CONTENT], content[CONTENT]))


def style_distance(image: Seen, style: Seen) -> float:
    """The relative errors of mean and deviation of each channel, summed over four depths (Huang 2017, Eq. 13)."""
    return sum(float(moments_loss(image[name], style[name])) for name in STYLE)


def art_fid(*, content: float, frechet: float) -> float:
    """(1 + content) (1 + frechet): lower is better, 1 at best (Wright and Ommer 2022, Eq. 1).

    The value is called ArtFID only of the paper's two networks, which are not ours:

    Args:
        content: the mean perceptual distance of results from their contents. The paper's is LPIPS: AlexNet's or VGG's
            features of five layers, each position a unit vector, weighted by channel as people judge. Ours is
            `content_distance`, of one layer, unweighted.
        frechet: the Frechet distance of the results' features from the styles'. The paper's are of an Inception trained
            to tell artists and styles apart; ours are of the extractor that the user names.
    """
    return (1 + content) * (1 + frechet)
