"""ADA's transforms 8 to 12: one 4 x 4 matrix for the colours of an image, (red, green, blue, 1)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.augment.draws import Probability, below, normal, taken, uniform

Images = Float[Tensor, " n 3 h w"]
Matrices = Float[Tensor, " n 4 4"]

NEED_THREE = ("luma flip", "hue", "saturation")
"""The transforms that turn about the grey axis, which images of one channel do not have."""


def draw_colour(image: Images, p: Probability) -> Matrices:
    """Draw brightness, contrast, luma flip, hue and saturation, and return their product."""
    zero = image.new_zeros(len(image))
    matrix = brightness(torch.where(taken(image, p), normal(image, 0.2), zero))
    matrix = contrast(torch.where(taken(image, p), normal(image, 0.5 * math.log(2)), zero).exp()) @ matrix
    matrix = luma_flip(torch.where(taken(image, p), below(image, 2), 0).to(image)) @ matrix
    matrix = hue(torch.where(taken(image, p), uniform(image, -math.pi, math.pi), zero)) @ matrix
    return saturation(torch.where(taken(image, p), normal(image, math.log(2)), zero).exp()) @ matrix


def recoloured(image: Images, matrix: Matrices) -> Images:
    """Apply `matrix` to the colour of each pixel."""
    mixed = torch.einsum("nij,njhw->nihw", matrix[:, :3, :3], image)
    return mixed + matrix[:, :3, 3, None, None]


def brightness(change: Float[Tensor, " n"]) -> Matrices:
    """Add `change` to red, green and blue."""
    matrix = torch.eye(4).to(change).repeat(len(change), 1, 1)
    matrix[:, :3, 3] = change[:, None]
    return matrix


def contrast(factor: Float[Tensor, " n"]) -> Matrices:
    """Scale red, green and blue about 0."""
    return torch.diag_embed(torch.stack([factor, factor, factor, torch.ones_like(factor)], dim=1))


def luma_flip(flip: Float[Tensor, " n"]) -> Matrices:
    """Turn the luma of a pixel to its negative where `flip` is 1, and keep its chroma."""
    return torch.eye(4).to(flip) - 2 * flip[:, None, None] * _grey(flip)


def hue(angle: Float[Tensor, " n"]) -> Matrices:
    """Rotate colours by `angle` about the grey axis, from red towards green (Rodrigues' formula)."""
    a, grey = angle[:, None, None], _grey(angle)
    cross = torch.zeros(4, 4).to(angle)
    cross[:3, :3] = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]).to(angle) / 3**0.5
    colours = torch.diag(torch.tensor([1.0, 1, 1, 0])).to(angle)
    constant = torch.eye(4).to(angle) - colours
    return constant + grey + (colours - grey) * a.cos() + cross * a.sin()


def saturation(factor: Float[Tensor, " n"]) -> Matrices:
    """Scale the distance of colours from the grey axis."""
    grey = _grey(factor)
    colours = torch.diag(torch.tensor([1.0, 1, 1, 0])).to(factor)
    return torch.eye(4).to(factor) - colours + grey + (colours - grey) * factor[:, None, None]


def _grey(like: Tensor) -> Float[Tensor, "4 4"]:
    """v v^T for the grey axis v = (1, 1, 1, 0) / sqrt 3."""
    axis = torch.tensor([1.0, 1, 1, 0]).to(like)
    return axis[:, None] * axis / 3
