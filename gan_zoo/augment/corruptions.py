"""ADA's transforms 13 to 18: the gains of four octaves of frequencies, noise, and a rectangle cut out."""

import math
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.augment.draws import Probability, mirror, normal, taken, uniform

Images = Float[Tensor, " n c h w"]
SYM2 = tuple(tap / 32**0.5 for tap in (1 - 3**0.5, 3 - 3**0.5, 3 + 3**0.5, 1 + 3**0.5))
"""The low-pass filter of the wavelet sym2, of norm 1."""
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""The share of the power of natural images in each band, from the lowest frequencies up."""


@cache
def bands() -> Float[Tensor, "4 43"]:
    """Return four symmetric filters, in float64, that pass one octave each, from the lowest up. Their sum is a delta.

    With the wavelet's half-band filters L and H, for which L + H = 1, they are L(z) L(z^2) L(z^4), L(z) L(z^2) H(z^4),
    L(z) H(z^2) and H(z).
    """
    low = torch.tensor(SYM2, dtype=torch.float64)
    alternating = torch.tensor([1.0, -1, 1, -1], dtype=torch.float64)
    low, high = (_product(half, half.flip(0)) / 2 for half in (low, low * alternating))
    passed, found = torch.ones(1, dtype=torch.float64), []
    for spacing in (1, 2, 4):
        found.append(_product(passed, _spread(high, spacing)))
        passed = _product(passed, _spread(low, spacing))
    return torch.stack([_centred(taps, len(passed)) for taps in (passed, *reversed(found))])


def draw_gains(image: Images, p: Probability) -> Float[Tensor, "n 4"]:
    """Draw transforms 13 to 16: the gain of each band, such that the expected power of the image stays."""
    power, gains = image.new_tensor(POWER), image.new_ones(len(image), 4)
    for band in range(4):
        gain = torch.ones_like(gains)
        gain[:, band] = torch.where(taken(image, p), normal(image, math.log(2)), 0).exp()
        gains = gains * gain / (power * gain.square()).sum(1, keepdim=True).sqrt()
    return gains


def filtered(image: Images, gains: Float[Tensor, "n 4"]) -> Images:
    """Amplify each band of frequencies, along both axes, by the gains of the image."""
    height, width = image.shape[2:]
    matrices = [torch.einsum("nb,bij->nij", gains, band_matrices(side).to(image))[:, None] for side in (height, width)]
    return matrices[0] @ image @ matrices[1].mT


@cache
def band_matrices(side: int) -> Float[Tensor, "4 {side} {side}"]:
    """Return for each band the matrix that filters an axis of `side` pixels, reflected at its ends."""
    taps = bands()
    reach = taps.shape[1] // 2
    offset = torch.arange(side + 2 * reach) - torch.arange(side)[:, None]
    inside = (offset >= 0) & (offset <= 2 * reach)
    return torch.where(inside, taps[:, offset.clamp(0, 2 * reach)], 0.0) @ mirror(side, reach)


def noised(image: Images, p: Probability) -> Images:
    """Add transform 17, noise of each pixel and channel, whose deviation is |N(0, 0.1^2)| for each image."""
    deviation = torch.where(taken(image, p), normal(image, 0.1).abs(), 0)
    return image + torch.randn_like(image) * deviation[:, None, None, None]


def draw_cutout(image: Images, p: Probability) -> Images:
    """Apply transform 18, a rectangle of half the width and height, to the images that take it."""
    gate, column, row = taken(image, p), uniform(image, 0.0, 1.0), uniform(image, 0.0, 1.0)
    return torch.where(gate[:, None, None, None], cutout(image, row, column), image)


def cutout(image: Images, row: Float[Tensor, " n"], column: Float[Tensor, " n"]) -> Images:
    """Set to 0 the rectangle around (`row`, `column`), in shares of the sides, as far as it lies in the image."""
    hidden = []
    for centre, side in ((row, image.shape[2]), (column, image.shape[3])):
        first, end = (torch.round((centre + part) * side)[:, None] for part in (-0.25, 0.25))
        place = torch.arange(side, device=image.device)
        hidden.append((place >= first) & (place < end))
    return image * ~(hidden[0][:, None, :, None] & hidden[1][:, None, None, :])


def _product(first: Tensor, second: Tensor) -> Tensor:
    """The coefficients of the product of two polynomials."""
    result = first.new_zeros(len(first) + len(second) - 1)
    for power, coefficient in enumerate(first):
        result[power : power + len(second)] += coefficient * second
    return result


def _spread(taps: Tensor, spacing: int) -> Tensor:
    """The coefficients of taps(z^spacing)."""
    result = taps.new_zeros((len(taps) - 1) * spacing + 1)
    result[::spacing] = taps
    return result


def _centred(taps: Tensor, length: int) -> Tensor:
    result = taps.new_zeros(length)
    start = (length - len(taps)) // 2
    result[start : start + len(taps)] = taps
    return result
