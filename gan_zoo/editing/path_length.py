"""Perceptual path length: how smoothly images change between two latents (Karras 2019, section 4.1)."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from gan_zoo.editing import styles
from gan_zoo.growing import enlarged
from gan_zoo.networks import style
from gan_zoo.perceptual import Features, perceptual_distance
from gan_zoo.sampling import SampledModule, evaluating
from gan_zoo.step import randomness


@torch.no_grad()
def perceptual_path_length(
    model: SampledModule,
    features: Features,
    space: Literal["z", "w"] = "w",
    count: int = 1000,
    ends: bool = True,
    epsilon: float = 1e-4,
    seed: int = 0,
    chunk: int = 32,
) -> Float[Tensor, " {count}"]:
    """Return E's values of d(G(t), G(t + ε)) / ε² between pairs of latents, whose mean is the path length.

    Compare lengths that were made with the same VGG, count and place: it takes no crop of faces, as the paper does, and
    its distance is LPIPS without learnt weights.

    Args:
        model: A StyleGAN or StyleGAN2.
        features: The VGG that compares images, of three colours.
        space: `z`, along the arc between two latents before the mapping, or `w`, along the line between two styles.
        count: Number of pairs.
        ends: Whether t is 0, as for the numbers of StyleGAN2, or uniform in [0, 1].
        epsilon: Distance of the two places on the path.
        seed: Seed of the latents, of t and of the noise, which is the same for both images.
        chunk: Pairs at a time.

    Raises:
        Mistake: The model has no styles.
    """
    network, lengths = styles.styled(model), []
    draw = torch.Generator().manual_seed(randomness.key(seed, "path"))
    with evaluating(network):
        for first in range(0, count, chunk):
            n = min(chunk, count - first)
            t = torch.zeros(n, 1) if ends else torch.rand(n, 1, generator=draw)
            w = _places(model, network, space, first, n, t.to(network.mean_style), epsilon, seed)
            noise = randomness.image_noise(first, n, network.numbers_of_noise(), seed).to(network.mean_style)
            near, far = (
                features(enlarged(network.synthesise(part, style.given_noise(noise)), network.last)) for part in w
            )
            lengths.append(perceptual_distance(near, far) / epsilon**2)
    return torch.cat(lengths)


def _places(
    model: SampledModule,
    network: style.Styled,
    space: str,
    first: int,
    n: int,
    t: Float[Tensor, "n 1"],
    epsilon: float,
    seed: int,
) -> tuple[style.Styles, style.Styles]:
    """Return the styles at `t` and at `t` + epsilon between latents 2 i and 2 i + 1."""
    latents = randomness.rows(model.latent_law, 2 * first, 2 * n, model.latent_dim, seed).to(network.mean_style)
    label = ()
    if model.num_classes:
        label = (randomness.classes(first, n, model.num_classes, seed).to(model.device),)
    pair = latents[::2], latents[1::2]
    if space == "z":
        w = [network.mapping(slerp(*pair, place), *label) for place in (t, t + epsilon)]
    else:
        start, end = (network.mapping(z, *label) for z in pair)
        w = [torch.lerp(start, end, place) for place in (t, t + epsilon)]
    return network.spread(w[0]), network.spread(w[1])


def slerp(
    start: Float[Tensor, "n size"], end: Float[Tensor, "n size"], t: Float[Tensor, "n 1"]
) -> Float[Tensor, "n size"]:
    """Return the direction a share `t` along the arc between the directions of two latents, of length 1."""
    a, b = normalize(start, dim=1), normalize(end, dim=1)
    cosine = (a * b).sum(1, keepdim=True)
    beside = normalize(b - cosine * a, dim=1)
    angle = t * cosine.clamp(-1, 1).acos()
    return a * angle.cos() + beside * angle.sin()
