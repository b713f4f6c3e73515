"""Two faults of StyleGAN that StyleGAN2 looks into: droplets, and details that stay in place (Karras 2020).

Droplets are spots of StyleGAN's maps in which values are far larger than elsewhere (section 2): AdaIN divides a map by
its deviation, and a spike makes that large. StyleGAN2 normalises weights instead, and has none. Networks that grow have
a second fault (section 3): while an image turns into another one, details such as teeth stay at fixed places of the
picture and then jump, which a strip of the same small part of all images shows.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.editing import styles
from gan_zoo.editing.styles import Images
from gan_zoo.errors import Mistake
from gan_zoo.sampling import SampledModule

CROPS = ((0.4, 0.35), (0.4, 0.65), (0.7, 0.5))
"""Centres of three parts of a picture, from the top and from the left: the eyes and the mouth of an aligned face."""


@torch.no_grad()
def peaks(model: SampledModule, count: int = 64, seed: int = 0) -> Float[Tensor, " layers"]:
    """Return for each layer how far its largest pixel is above the mean: max / mean of the norm over channels.

    Args:
        model: A StyleGAN or StyleGAN2.
        count: Number of images, over which the ratios are averaged.
        seed: Seed of the latents.

    Raises:
        Mistake: The model has no styles.
    """
    network = styles.styled(model)
    sums: dict[nn.Module, list[Tensor]] = {}

    def note(layer: nn.Module, _: object, maps: Tensor) -> None:
        norm = maps.float().norm(dim=1).flatten(1)
        sums.setdefault(layer, []).append(norm.amax(1) / norm.mean(1))

    hooks = [block.register_forward_hook(note) for block in network.blocks]
    try:
        styles.pictures(model, network, styles.drawn(model, network, 0, count, seed), seed)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack([torch.cat(ratios).mean() for ratios in sums.values()])


@torch.no_grad()
def strip(
    model: SampledModule,
    frames: int,
    share: float = 0.25,
    crops: Sequence[tuple[float, float]] = CROPS,
    seed: int = 0,
    truncation: float = 1.0,
) -> Images:
    """Return the same parts of all images between two, a part a row, a step from the first to the second a column.

    Args:
        model: A StyleGAN or StyleGAN2.
        frames: Number of images.
        share: Side of a part, as a share of the picture's.
        crops: Centres of the parts, in shares of the picture's height and width.
        seed: Seed of the latents.
        truncation: Truncation of all styles.

    Raises:
        Mistake: The model has no styles, or a part reaches out of the picture.
    """
    network = styles.styled(model)
    first, last = styles.drawn(model, network, 0, 2, seed, truncation)
    weights = torch.linspace(0, 1, frames, device=model.device)[:, None, None]
    image = styles.pictures(model, network, torch.lerp(first, last, weights), seed)
    side = max(1, round(share * network.last))
    parts = []
    for centre in crops:
        top, left = (round(place * network.last - side / 2) for place in centre)
        if not (0 <= top <= network.last - side and 0 <= left <= network.last - side):
            raise Mistake(f"A part of {share:g} of the picture around {centre} reaches out of it: choose others.")
        parts.append(image[:, :, top : top + side, left : left + side])
    return torch.cat(parts)
