"""Networks that know the class: generators called with latents and labels, discriminators that use or predict labels.

They are chosen by the same names as other networks. Generators take the class as a one-hot vector beside the latents,
unless their batch norm knows it. A user's own, `package.module:function`, gets a latent_dim that is longer by the
number of classes.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_zoo.errors import Mistake
from gan_zoo.lookup import named
from gan_zoo.networks import DISCRIMINATORS, GENERATORS, Norm, Width, acgan, dcgan, network_kind, resnet

BY_NORM = {"resnet": resnet.generator, "sngan_resnet": resnet.generator}
"""Generators whose batch norm knows the class."""
CLASSIFIERS = {"dcgan": dcgan.classifier, "resnet": resnet.classifier, "acgan": acgan.classifier}
"""Discriminators with several outputs. Each function takes `image_shape`, `outputs`, `width` and `norm`, and returns a
module from images to (n, outputs)."""
FLAT = ("mlp", "mlp_relu", "maxout")
"""Discriminators that take an image as one row of numbers, to which the class can be appended."""
FEATURES = {"dcgan": dcgan.summed_features, "sngan_resnet": resnet.summed_features}
"""Discriminators without their score. Each function takes `image_shape` and `width`, and returns a module from images
to features (n, length), and the length."""


class LabelledGenerator(nn.Module):
    """A generator whose input is the latents and the one-hot vector of the class, side by side (Odena 2017).

    Args:
        generator: Generator whose latents are longer by `num_classes`.
        num_classes: Number of classes.
        strength: Value of the one-hot vector's entry that is not 0.
    """

    def __init__(self, generator: nn.Module, num_classes: int, strength: float = 1.0) -> None:
        super().__init__()
        self.generator, self.num_classes, self.strength = generator, num_classes, strength

    def forward(self, latents: Float[Tensor, "n size"], label: Int64[Tensor, " n"]) -> Float[Tensor, "n c h w"]:
        return self.generator(torch.cat([latents, self.strength * one_hot(label, self.num_classes).to(latents)], dim=1))


class LabelledDiscriminator(nn.Module):
    """A discriminator whose input is the image's pixels and the one-hot vector of the class, side by side.

    Args:
        discriminator: Discriminator whose rows are longer than an image by `num_classes`.
        num_classes: Number of classes.
        strength: Value of the one-hot vector's entry that is not 0.
    """

    def __init__(self, discriminator: nn.Module, num_classes: int, strength: float) -> None:
        super().__init__()
        self.discriminator, self.num_classes, self.strength = discriminator, num_classes, strength

    def forward(self, image: Float[Tensor, "n c h w"], label: Int64[Tensor, " n"]) -> Float[Tensor, " n"]:
        vector = self.strength * one_hot(label, self.num_classes).to(image)
        return self.discriminator(torch.cat([image.flatten(1), vector], dim=1))


class Projected(nn.Module):
    """The projection discriminator: ψ(h) + <V y, h>, with features h of the image (Miyato and Koyama 2018, Eq. 2).

    Args:
        features: Network from images to h.
        length: Length of h.
        num_classes: Number of classes, which are the rows of the embedding V.
    """

    def __init__(self, features: nn.Module, length: int, num_classes: int) -> None:
        super().__init__()
        self.features, self.score = features, resnet.linear(length, 1)
        self.embedding = nn.Embedding(num_classes, length)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, image: Float[Tensor, "n c h w"], label: Int64[Tensor, " n"]) -> Float[Tensor, " n"]:
        h = self.features(image)
        return self.score(h).squeeze(1) + (self.embedding(label) * h).sum(1)


def generator(
    name: str, image_shape: tuple[int, int, int], latent_dim: int, width: Width, num_classes: int, strength: float = 1.0
) -> nn.Module:
    """Return the generator called `name`, which takes latents (n, latent_dim) and labels (n,).

    `strength` is that of `LabelledGenerator`.

    Raises:
        Mistake: The name is unknown, or the architecture cannot make images of this size.
    """
    if name in BY_NORM:
        return BY_NORM[name](image_shape=image_shape, latent_dim=latent_dim, width=width, num_classes=num_classes)
    build = named(name, GENERATORS, network_kind("generator", "image_shape", "latent_dim", "width"))
    network = build(image_shape=image_shape, latent_dim=latent_dim + num_classes, width=width)
    return LabelledGenerator(network, num_classes, strength)


def discriminator(
    name: str, image_shape: tuple[int, int, int], width: Width, num_classes: int, strength: float
) -> LabelledDiscriminator:
    """Return the discriminator called `name`, one of `FLAT`, which takes images and labels (n,).

    Raises:
        Mistake: The name is not in `FLAT`.
    """
    table = {flat: DISCRIMINATORS[flat] for flat in FLAT}
    build = named(name, table, network_kind("discriminator", "image_shape", "width", "norm"))
    row = (1, 1, math.prod(image_shape) + num_classes)
    return LabelledDiscriminator(build(image_shape=row, width=width, norm="none"), num_classes, strength)


def classifier(name: str, image_shape: tuple[int, int, int], width: Width, norm: Norm, num_classes: int) -> nn.Module:
    """Return the discriminator called `name` with outputs (n, 1 + num_classes): the score, then a logit for each class.

    Raises:
        Mistake: The name is unknown, or the architecture cannot take images of this size.
    """
    build = named(name, CLASSIFIERS, network_kind("discriminator", "image_shape", "outputs", "width", "norm"))
    return build(image_shape=image_shape, outputs=1 + num_classes, width=width, norm=norm)


def projected(name: str, image_shape: tuple[int, int, int], width: Width, num_classes: int) -> Projected:
    """Return the discriminator called `name`, without norm, whose score includes the projection of the class.

    Raises:
        Mistake: The name is unknown, or the architecture cannot take images of this size.
    """
    build = named(name, FEATURES, network_kind("discriminator", "image_shape", "width"))
    features, length = build(image_shape=image_shape, width=width)
    return Projected(features, length, num_classes)


def need_classes(num_classes: int, what: str) -> None:
    """Raise `Mistake` unless the data has classes for `what` (a model, or an option of one)."""
    if num_classes < 2:
        raise Mistake(f"{what} needs labelled data, with 2 classes or more; model.num_classes is {num_classes}.")
