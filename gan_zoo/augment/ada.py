"""ADA: Training Generative Adversarial Networks with Limited Data.

Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, 2020. https://arxiv.org/abs/2006.06676

Everything that the discriminator sees goes through up to 18 transforms in a fixed order. An image takes each of them
with the same probability p and by a draw of its own; below p of about 0.8, none of them leaks into what is generated.
"""

from collections.abc import Sequence
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from gan_zoo.augment import colour, corruptions, geometry
from gan_zoo.augment.draws import Probability

Group = Literal["blit", "geometric", "colour", "filter", "noise", "cutout"]
GROUPS: tuple[Group, ...] = ("blit", "geometric", "colour", "filter", "noise", "cutout")
"""The paper's b, g, c, f, n and c. Its own choice is the first three."""


def ada(
    image: Float[Tensor, " n c side side"], p: Probability, groups: Sequence[Group] = GROUPS[:3]
) -> Float[Tensor, " n c side side"]:
    """Return `image` after the transforms of `groups`, each taken with probability `p`."""
    image = moved(image, p, groups)
    if "colour" in groups:
        image = colour.recoloured(image, colour.draw_colour(image, p))
    if "filter" in groups:
        image = corruptions.filtered(image, corruptions.draw_gains(image, p))
    if "noise" in groups:
        image = corruptions.noised(image, p)
    if "cutout" in groups:
        image = corruptions.draw_cutout(image, p)
    return image


def moved(
    image: Float[Tensor, " n c side side"], p: Probability, groups: Sequence[Group]
) -> Float[Tensor, " n c side side"]:
    """Apply transforms 1 to 7. An image that takes none of 4 to 7 is moved by whole pixels and never filtered."""
    if "blit" not in groups:
        return image
    whole = geometry.draw_blit(image, p)
    exact = geometry.moved_exactly(image, whole)
    if "geometric" not in groups:
        return exact
    inverse, between = geometry.draw_geometric(image, p)
    rows = between.nonzero().squeeze(1)  # waits for the device, and spares most of the work while p is small
    if not len(rows):
        return exact
    return exact.index_copy(0, rows, geometry.warped(image[rows], (whole @ inverse)[rows]))
