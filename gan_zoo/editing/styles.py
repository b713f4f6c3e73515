"""Pictures of StyleGAN's and StyleGAN2's styles: how truncation moves an image, and what each style decides."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.growing import enlarged
from gan_zoo.networks import style
from gan_zoo.sampling import SampledModule, evaluating
from gan_zoo.step import randomness

Images = Float[Tensor, "m c h w"]


@torch.no_grad()
def truncations(model: SampledModule, count: int, values: Sequence[float], seed: int = 0) -> Images:
    """Draw images at several truncations (Karras 2019, Figure 8).

    Args:
        model: A StyleGAN or StyleGAN2.
        count: Number of latents.
        values: Truncations ψ: 0 is the mean image, 1 the image itself, and -1 its opposite.
        seed: Seed of the latents.

    Returns:
        Images in [-1, 1], row by row: a row is a latent, a column a truncation. All have the same noise.

    Raises:
        Mistake: The model has no styles, or no mean of them.
    """
    network = styled(model)
    if not network.tracked:
        raise Mistake("This generator has not been trained for a step, so there is no mean style: train it first.")
    styles = drawn(model, network, 0, count, seed)
    moved = [network.truncated(styles, value, network.layers) for value in values]
    return pictures(model, network, torch.stack(moved, dim=1).flatten(0, 1), seed)


@torch.no_grad()
def mixtures(
    model: SampledModule, rows: int, columns: int, layers: range, seed: int = 0, truncation: float = 1.0
) -> Images:
    """Mix the styles of images: a table of the column's image with the row's styles in some layers (Figure 3).

    Args:
        model: A StyleGAN or StyleGAN2.
        rows: Number of images whose styles are taken in `layers`.
        columns: Number of images that all other styles are taken from.
        layers: Layers that have the row's style, counted from 0, two for each resolution from 4 x 4 on.
        seed: Seed of the latents; the rows' images follow those of the columns.
        truncation: Truncation of all styles.

    Returns:
        (rows + 1) (columns + 1) images in [-1, 1]: a first row of the columns' images and a first column of the rows',
        which meet in a blank one, and the mixtures. All have the same noise.

    Raises:
        Mistake: The model has no styles, or not these layers, or no mean to truncate towards.
    """
    network = styled(model)
    if not 0 <= layers.start < layers.stop <= network.layers:
        raise Mistake(
            f"Layers {layers.start} to {layers.stop - 1} are not all there: this generator has layers 0 to "
            f"{network.layers - 1}, two for each resolution from 4 x 4 on."
        )
    styles = drawn(model, network, 0, columns + rows, seed, truncation)
    table = styles[:columns].repeat(rows, 1, 1)
    table[:, layers.start : layers.stop] = styles[columns:, layers.start : layers.stop].repeat_interleave(columns, 0)
    plain = pictures(model, network, styles, seed)
    mixed = pictures(model, network, table, seed).unflatten(0, (rows, columns))
    first = torch.cat([torch.ones_like(plain[:1]), plain[:columns]])
    return torch.cat([first, torch.cat([plain[columns:, None], mixed], dim=1).flatten(0, 1)])


def styled(model: SampledModule) -> style.Styled:
    """Return the generator to be sampled, or raise `Mistake` if it has no styles."""
    network = getattr(model, "averaged", None)
    if not isinstance(network, style.Styled):
        raise Mistake(f"{type(model).__name__} has no styles: this is for runs of StyleGAN and StyleGAN2.")
    return network


def drawn(
    model: SampledModule, network: style.Styled, first: int, count: int, seed: int, truncation: float = 1.0
) -> style.Styles:
    """Return the styles of images `first` to `first + count`, which `sample` draws of the same seed.

    Raises:
        Mistake: They are to be truncated, and the generator has no mean style yet.
    """
    latents = randomness.rows(model.latent_law, first, count, model.latent_dim, seed).to(model.device)
    classes = randomness.classes(first, count, model.num_classes, seed) if model.num_classes else None
    label = () if classes is None else (classes.to(model.device),)
    return network.sampled_styles(latents, *label, truncation=truncation, layers=network.layers)


def pictures(model: SampledModule, network: style.Styled, styles: style.Styles, seed: int) -> Images:
    """Make images of styles at the model's last resolution, all with the noise of image 0."""
    noise = randomness.image_noise(0, 1, network.numbers_of_noise(), seed).to(model.device)
    made = []
    with evaluating(network):
        for part in styles.split(64):
            made.append(network.synthesise(part, style.given_noise(noise.expand(len(part), -1))))
    return enlarged(torch.cat(made), network.last).clamp(-1, 1)
