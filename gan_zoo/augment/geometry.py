"""ADA's transforms 1 to 7. Each is a 3 x 3 matrix about the centre of the image, in pixels, x to the right, y down.

The inverse of the product of all matrices tells for each pixel of the result where in the image its value is found.
Flips, quarter turns and whole shifts alone are index arithmetic. For the rest, the image is doubled by wavelet sym6,
looked up bilinearly, and halved by the same wavelet, so that hardly anything is aliased (appendix B). The lookup is
written with `gather`, which every version of PyTorch differentiates twice on every device. Reflecting, doubling and
halving are linear along each axis, so each of them is a product with a matrix from the left and one from the right.
On CPUs this is several times faster than convolutions of a channel each.
"""

import math
from functools import cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from gan_zoo.augment.draws import (
    Probability,
    below,
    mirror,
    normal,
    on_both_axes,
    reflected,
    taken,
    uniform,
)

Images = Float[Tensor, " n c side side"]
Matrices = Float[Tensor, " n 3 3"]
SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""The low-pass filter, of norm 1, orthogonal to itself shifted by an even number of taps."""
REACH = 3
"""Pixels that the filter reaches to each side: a quarter of its taps."""


def draw_blit(image: Images, p: Probability) -> Matrices:
    """Draw transforms 1 to 3, a flip, a quarter turn and a whole shift, and return their inverse."""
    side, zero = image.shape[3], image.new_zeros(len(image))
    flips = torch.where(taken(image, p), below(image, 2), 0)
    turns = torch.where(taken(image, p), below(image, 4), 0)
    gate = taken(image, p)
    x, y = (torch.where(gate, torch.round(uniform(image, -0.125, 0.125) * side), zero) for _ in range(2))
    return scaling(1.0 - 2.0 * flips.to(image), zero + 1) @ quarter_turn(-turns, image) @ shift(-x, -y)


def draw_geometric(image: Images, p: Probability) -> tuple[Matrices, Bool[Tensor, " n"]]:
    """Draw transforms 4 to 7 and return their inverse, and which images take any of them."""
    zero, spread = image.new_zeros(len(image)), 0.2 * math.log(2)
    rotates = 1 - (1 - p) ** 0.5  # twice, so that either comes with probability p
    gates = [taken(image, gate) for gate in (p, rotates, p, rotates, p)]
    scale, stretch = (torch.where(gates[i], normal(image, spread), zero).exp() for i in (0, 2))
    before, after = (torch.where(gates[i], uniform(image, -math.pi, math.pi), zero) for i in (1, 3))
    x, y = (torch.where(gates[4], normal(image, 0.125) * image.shape[3], zero) for _ in range(2))
    inverse = scaling(1 / scale, 1 / scale) @ rotation(-before) @ scaling(1 / stretch, stretch)
    return inverse @ rotation(-after) @ shift(-x, -y), torch.stack(gates).any(0)


def scaling(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Matrices:
    """Return the matrices that scale by `x` and `y`."""
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], dim=1))


def rotation(angle: Float[Tensor, " n"]) -> Matrices:
    """Return the matrices that rotate by `angle`, from the x axis towards the y axis."""
    return _rotation(angle.cos(), angle.sin())


def quarter_turn(turns: Tensor, like: Tensor) -> Matrices:
    """Return the matrices that rotate by `turns` right angles from the y axis towards the x axis, without rounding."""
    cosine = torch.tensor([1.0, 0.0, -1.0, 0.0]).to(like)
    return _rotation(cosine[turns % 4], cosine[(turns + 1) % 4])


def shift(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Matrices:
    """Return the matrices that move by `x` and `y`."""
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return torch.stack([one, zero, x, zero, one, y, zero, zero, one], dim=1).view(-1, 3, 3)


def moved_exactly(image: Images, inverse: Matrices) -> Images:
    """Look up whole pixels, reflected at the edges."""
    n, channels, side, _ = image.shape
    x, y = (reflected(place.round().long(), side) for place in _places(inverse, side, torch.arange(side).to(image)))
    index = (y * side + x).view(n, 1, -1).expand(-1, channels, -1)
    return image.flatten(2).gather(2, index).view_as(image)


def warped(image: Images, inverse: Matrices) -> Images:
    """Double `image`, look up the places that `inverse` gives, and halve the result."""
    side = image.shape[3]
    margin = _margin(inverse, side)
    finer = doubling(side + 2 * margin).to(image) @ mirror(side, margin).to(image)
    finer = pad(finer, (0, 0, 1, 1))  # zeros around the image, which all places outside see
    at = (torch.arange(2 * side + 4 * REACH - 2).to(image) - 2 * REACH + 0.5) / 2  # of the samples that are halved
    x, y = (2 * (place + margin) + 2 * REACH + 0.5 for place in _places(inverse, side, at))
    coarser = doubling(side).to(image).T / 2
    return on_both_axes(coarser, looked_up(on_both_axes(finer, image), x, y))


@cache
def doubling(side: int) -> Float[Tensor, "{2*side+10} {side}"]:
    """Return the matrix that makes twice the samples of an axis, and 5 more at each end. Its transpose / 2 undoes it.

    Pixel i comes to lie at sample 2 i + 5.5.
    """
    matrix = torch.zeros(2 * side + 10, side, dtype=torch.float64)
    for tap, value in enumerate(SYM6):
        matrix[torch.arange(side) * 2 + tap, torch.arange(side)] = 2**0.5 * value
    return matrix


def looked_up(image: Float[Tensor, " n c h w"], x: Float[Tensor, " n H W"], y: Float[Tensor, " n H W"]) -> Tensor:
    """Look up `image` at columns `x` and rows `y`, bilinearly. Places outside have the value of the nearest edge."""
    n, channels, height, width = image.shape
    (row, down), (column, right) = _before(y, height), _before(x, width)
    corners = torch.tensor([[0], [1], [width], [width + 1]], device=image.device)
    index = (row * width + column).view(n, 1, -1) + corners
    weights = torch.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right], dim=1)
    # One lookup of all four corners has one gradient of the size of `image`; four of them would have four.
    values = image.flatten(2).gather(2, index.view(n, 1, -1).expand(-1, channels, -1)).view(n, channels, 4, -1)
    return (values * weights.view(n, 1, 4, -1)).sum(2).view(n, channels, *x.shape[1:])


def _before(place: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The sample before each `place` on an axis of `side`, never the last one, and how far the place lies after it."""
    place = place.clamp(0, side - 1)
    first = place.floor().clamp(max=side - 2)
    return first.long(), place - first


def _places(inverse: Matrices, side: int, at: Float[Tensor, " m"]) -> tuple[Tensor, Tensor]:
    """Columns and rows in the image for each of the places `at` x `at` of the result, as (n, m, m)."""
    centre = (side - 1) / 2
    y, x = torch.meshgrid(at - centre, at - centre, indexing="ij")
    column, row = (
        inverse[:, i, 0, None, None] * x + inverse[:, i, 1, None, None] * y + inverse[:, i, 2, None, None] + centre
        for i in (0, 1)
    )
    return column, row


def _margin(inverse: Matrices, side: int) -> int:
    """How far the lookups of all images leave the image, at most side - 1.

    This waits for the device. Always padding by the most would cost nine times the pixels.
    """
    corner = (side - 1) / 2 + REACH
    corners = inverse.new_tensor([[-corner, corner, corner, -corner], [-corner, -corner, corner, corner], [1.0] * 4])
    extent = float((inverse[:, :2] @ corners).abs().amax())
    return min(max(math.ceil(extent + REACH - (side - 1) / 2), 0), side - 1)


def _rotation(cosine: Tensor, sine: Tensor) -> Matrices:
    one, zero = torch.ones_like(cosine), torch.zeros_like(cosine)
    return torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], dim=1).view(-1, 3, 3)
