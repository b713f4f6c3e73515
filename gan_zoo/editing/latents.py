"""Walks between latents, and sums of them: functions from latents to latents, and the pictures that they make."""

from functools import partial

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.sampling import Inputs, SampledModule, evaluating
from gan_zoo.step import randomness
from gan_zoo.step.randomness import Law

Latents = Float[Tensor, "n size"]


def between(law: Law, start: Latents, end: Latents, position: float) -> Latents:
    """Return latents on the way from `start` to `end`, which are as probable as latents of this law.

    Args:
        law: Distribution of the latents. Uniform ones go straight; the others, which lie near a sphere, go round it.
        start: Latents at position 0.
        end: Latents at position 1.
        position: Share of the way.
    """
    if law == "uniform" or position in (0, 1):
        return torch.lerp(start, end, float(position))
    lengths = torch.lerp(start.norm(dim=1, keepdim=True), end.norm(dim=1, keepdim=True), position)
    first, last = torch.nn.functional.normalize(start), torch.nn.functional.normalize(end)
    angle = (first * last).sum(1, keepdim=True).clamp(-1, 1).acos()
    # Of nearly equal directions the sines vanish, and the straight line is the arc.
    sine = angle.sin().clamp_min(1e-8)
    before, after = (
        torch.where(angle < 1e-4, share, (share * angle).sin() / sine) for share in (1 - position, position)
    )
    return lengths * torch.nn.functional.normalize(before * first + after * last)


def combined(law: Law, latents: Latents, signs: tuple[int, ...]) -> Float[Tensor, "1 size"]:
    """Return the sum of latents with these signs, brought back to where latents of this law lie.

    A sum of k normal latents is √k times as long as one of them; uniform ones are cut off at -1 and 1.

    Args:
        law: Distribution of the latents.
        latents: One row for each sign.
        signs: 1 or -1 for each row.
    """
    total = (latents * latents.new_tensor(signs)[:, None]).sum(0, keepdim=True)
    if law == "uniform":
        return total.clamp(-1, 1)
    length = latents.norm(dim=1).mean()
    return length * torch.nn.functional.normalize(total)


@torch.no_grad()
def made(
    model: SampledModule,
    latents: Latents,
    seed: int,
    label: Int64[Tensor, " n"] | None = None,
    truncation: float = 1.0,
) -> Float[Tensor, "n c h w"]:
    """Make images of latents, in [-1, 1]. Latent i has the noise, and by default the class, of image i of `seed`.

    Args:
        model: A model that makes images from latents.
        latents: The latents.
        seed: Seed of the noise and of the classes.
        label: Classes of the images; None: those of the images of `seed`.
        truncation: 1 is none.

    Raises:
        Mistake: The model does not have the classes or the truncation.
    """
    if label is None and model.num_classes:
        label = randomness.classes(0, len(latents), model.num_classes, seed)
    noise = partial(randomness.image_noise, 0, len(latents), seed=seed)
    with evaluating(model.averaged):
        classes = None if label is None else label.to(model.device)
        inputs = Inputs(latents.to(model.device), classes, truncation, noise)
        return model.render(model.averaged, inputs).clamp(-1, 1)


def walk(
    model: SampledModule,
    count: int,
    seeds: tuple[int, int],
    position: float,
    label: Int64[Tensor, " n"] | None = None,
    truncation: float = 1.0,
) -> Float[Tensor, "n c h w"]:
    """Make the images between those of two seeds: image i of the first turns into image i of the second.

    Args:
        model: A model that makes images from latents.
        count: Number of images.
        seeds: The seeds at positions 0 and 1. Noise and classes are those of the first.
        position: Share of the way.
        label: Classes of the images; None: those of the first seed.
        truncation: 1 is none.

    Raises:
        Mistake: The model has no latents, or not these classes or this truncation.
    """
    start, end = (drawn(model, count, seed) for seed in seeds)
    return made(model, between(model.latent_law, start, end, position), seeds[0], label, truncation)


def sum_of(model: SampledModule, seed: int, numbers: tuple[int, int, int], truncation: float = 1.0) -> Tensor:
    """Make images a, b and c of a seed and the image of the latent a - b + c. All have the noise of one image.

    Args:
        model: A model that makes images from latents.
        seed: Seed of the latents.
        numbers: Which images a, b and c are, counted from 0.
        truncation: 1 is none.

    Returns:
        Four images in [-1, 1]. With classes, all have that of image a.

    Raises:
        Mistake: The model has no latents.
    """
    chosen = drawn(model, max(numbers) + 1, seed)[list(numbers)]
    table = torch.cat([chosen, combined(model.latent_law, chosen, (1, -1, 1))])
    label = None
    if model.num_classes:
        label = randomness.classes(numbers[0], 1, model.num_classes, seed).expand(len(table))
    return made(model, table, seed, label, truncation)


def drawn(model: SampledModule, count: int, seed: int) -> Latents:
    """Return the latents of images 0 to `count` of a seed, as `sample` draws them.

    Raises:
        Mistake: The model has no latents.
    """
    if not hasattr(model, "latent_dim"):
        raise Mistake(f"{type(model).__name__} makes images of images: it has no latents.")
    return randomness.rows(model.latent_law, 0, count, model.latent_dim, seed)
