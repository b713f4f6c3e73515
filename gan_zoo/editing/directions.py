"""Directions that edit images: SeFa, from the weights that meet a latent, and GANSpace, from the latents themselves.

SeFa (Shen and Zhou 2021, https://arxiv.org/abs/2007.06600) takes the first weight A that meets a latent. Moving along n
changes its output by A n, whatever the latent, so the directions that change images most are the eigenvectors of A^T A
with the largest eigenvalues. GANSpace (Härkönen 2020, https://arxiv.org/abs/2004.02546) takes the principal components
of StyleGAN's styles instead, which needs samples. Neither needs training.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from gan_zoo.editing import styles
from gan_zoo.editing.styles import Images
from gan_zoo.errors import Mistake
from gan_zoo.growing import enlarged
from gan_zoo.networks import progressive, style
from gan_zoo.sampling import SampledModule, evaluating
from gan_zoo.step import randomness


class Directions(NamedTuple):
    """Orthonormal directions, the strongest first."""

    vectors: Float[Tensor, "size size"]
    """A direction a row. Its largest entry is positive, since the sign has no meaning."""
    strengths: Float[Tensor, " size"]
    """Their eigenvalues: how much of the weight, or of the variance of the styles, lies along each."""


@torch.no_grad()
def sefa(model: SampledModule, layers: range | None = None) -> Directions:
    """Return SeFa's directions of a ProGAN (of normalised latents), a StyleGAN or a StyleGAN2 (of styles).

    Each output of the weight is scaled to length 1 first, so the strengths add up to the number of outputs.

    Args:
        model: The model.
        layers: Layers of styles whose weights are taken together; None: all.

    Raises:
        Mistake: The model has no such weight, or not these layers.
    """
    weights = _weights(model, layers)
    outputs = normalize(torch.cat(weights).double(), dim=1)
    return _sorted(outputs.T @ outputs)


@torch.no_grad()
def principal(model: SampledModule, count: int = 10_000, seed: int = 0) -> Directions:
    """Return the principal components of `count` styles of a StyleGAN or StyleGAN2, with their variances (GANSpace).

    Raises:
        Mistake: The model has no styles.
    """
    drawn = styles.drawn(model, styles.styled(model), 0, count, seed)[:, 0].double()
    return _sorted(torch.cov(drawn.T))


@torch.no_grad()
def walk(
    model: SampledModule,
    vectors: Float[Tensor, "k size"],
    distances: Sequence[float],
    count: int,
    layers: range | None = None,
    seed: int = 0,
    truncation: float = 1.0,
) -> Images:
    """Move images along directions.

    Args:
        model: A ProGAN, StyleGAN or StyleGAN2.
        vectors: Directions.
        distances: How far each image is moved, a column each.
        count: Number of images.
        layers: Layers whose styles are moved; None: all.
        seed: Seed of the latents.
        truncation: Truncation of the styles before they are moved.

    Returns:
        Images in [-1, 1], row by row: `count` rows for each direction. All have the same noise.

    Raises:
        Mistake: The model cannot be edited so.
    """
    _weights(model, layers)  # refuses what cannot be edited
    network = model.averaged
    offsets = torch.tensor(distances)[:, None] * vectors[:, None].float().cpu()
    offsets = offsets.to(model.device)[:, None]  # (k, 1, distances, size)
    if isinstance(network, style.Styled):
        start = styles.drawn(model, network, 0, count, seed, truncation)
        chosen = torch.zeros(network.layers, 1, device=model.device)
        chosen[layers.start if layers else 0 : layers.stop if layers else None] = 1
        table = start[:, None] + offsets[..., None, :] * chosen
        return styles.pictures(model, network, table.flatten(0, 2), seed)
    assert isinstance(network, progressive.Generator)
    if truncation != 1:
        raise Mistake(f"truncation is {truncation}: {type(model).__name__} knows none, so leave it at 1.")
    start = network.norm(randomness.rows(model.latent_law, 0, count, model.latent_dim, seed).to(model.device))
    with evaluating(network):
        made = [network.synthesise(part) for part in (start[:, None] + offsets).flatten(0, 2).split(64)]
    return enlarged(torch.cat(made), network.last).clamp(-1, 1)


def _weights(model: SampledModule, layers: range | None) -> list[Float[Tensor, "_ size"]]:
    """Return the weights that meet the latents, (outputs, size), or raise `Mistake`."""
    network = getattr(model, "averaged", None)
    if isinstance(network, style.Styled):
        weights = network.style_weights()
        if layers is not None and not 0 <= layers.start < layers.stop <= len(weights):
            raise Mistake(
                f"Layers {layers.start} to {layers.stop - 1} are not all there: this generator has layers 0 to "
                f"{len(weights) - 1}."
            )
        return weights if layers is None else weights[layers.start : layers.stop]
    if not isinstance(network, progressive.Generator):
        raise Mistake(
            f"{type(model).__name__} has no styles, and no layer for normalised latents as ProGAN has: SeFa is for "
            "runs of ProGAN, StyleGAN and StyleGAN2."
        )
    if layers is not None:
        raise Mistake(f"{type(model).__name__} has one latent for all layers: leave the layers out.")
    return [network.dense.weight]


def _sorted(matrix: Float[Tensor, "size size"]) -> Directions:
    """Return the eigenvectors of a symmetric matrix, the largest eigenvalue first."""
    values, vectors = torch.linalg.eigh(matrix)
    rows = vectors.T.flip(0)
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return Directions(rows * largest.sign(), values.flip(0))
