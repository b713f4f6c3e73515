"""Networks that know classes: generators called with latents and labels, discriminators that judge or name the class.

Chosen by the same names as others. Generators take the class beside the latents, one-hot, unless theirs is in batch
norm; yours, as `package.module:function`, get a latent_dim that is longer by the number of classes.
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
"""Discriminators with a number of outputs: `image_shape`, `outputs`, `width` and `norm` to a module to (n, outputs)."""
FLAT = ("mlp", "mlp_relu", "maxout")
"""Discriminators that take an image as one row of numbers, which may be longer."""
FEATURES = {"dcgan": dcgan.summed_features, "sngan_resnet": resnet.summed_features}
"""Discriminators without their score: `image_shape` and `width` to (a module to (n, length), the length)."""


class Labelled(nn.Module):
    """A generator of the latents and the class's one-hot vector, side by side (Odena 2017).

    Args:
        generator: takes latents that are longer by `num_classes`.
        num_classes: of the labels.
        strength: of the vector's one entry.
    """

    def __init__(self, generator: nn.Module, num_classes: int, strength: float = 1.0) -> None:
        super().__init__()
        self.generator, self.num_classes, self.strength = generator, num_classes, strength

    def forward(self, latents: Float[Tensor, "n size"], label: Int64[Tensor, " n"]) -> Float[Tensor, "n c h w"]:
        return self.generator(torch.cat([latents, self.strength * one_hot(label, self.num_classes).to(latents)], dim=1))


class Told(nn.Module):
    """A discriminator of the image's pixels and the class's one-hot vector, side by side.

    Args:
        discriminator: takes rows that are longer than an image by `num_classes`.
        num_classes: of the labels.
        strength: of the vector's one entry.
    """

    def __init__(self, discriminator: nn.Module, num_classes: int, strength: float) -> None:
        super().__init__()
        self.discriminator, self.num_classes, self.strength = discriminator, num_classes, strength

    def forward(self, image: Float[Tensor, "n c h w"], label: Int64[Tensor, " n"]) -> Float[Tensor, " n"]:
        told = self.strength * one_hot(label, self.num_classes).to(image)
        return self.discriminator(torch.cat([image.flatten(1), told], dim=1))


class Projected(nn.Module):
    """The projection discriminator: ψ(h) + <V y, h>, h the features of the image (Miyato and Koyama 2018, Eq. 2).

    Args:
        features: from images to h.
        length: of h.
        num_classes: rows of the embedding V.
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
    """The generator called `name`, taking latents (n, latent_dim) and labels (n,); `strength` is `Labelled`'s.

    Raises:
        Mistake: an unknown name, or a size that the architecture cannot make.
    """
    if name in BY_NORM:
        return BY_NORM[name](image_shape=image_shape, latent_dim=latent_dim, width=width, num_classes=num_classes)
    make = named(name, GENERATORS, network_kind("generator", "image_shape", "latent_dim", "width"))
    network = make(image_shape=image_shape, latent_dim=latent_dim + num_classes, width=width)
    return Labelled(network, num_classes, strength)


def told(name: str, image_shape: tuple[int, int, int], width: Width, num_classes: int, strength: float) -> Told:
    """The discriminator called `name`, one of `FLAT`, taking images and labels (n,).

    Raises:
        Mistake: another name.
    """
    make = named(
        name, {one: DISCRIMINATORS[one] for one in FLAT}, network_kind("discriminator", "image_shape", "width", "norm")
    )
    row = (1, 1, math.prod(image_shape) + num_classes)
    return Told(make(image_shape=row, width=width, norm="none"), num_classes, strength)


def classifier(name: str, image_shape: tuple[int, int, int], width: Width, norm: Norm, num_classes: int) -> nn.Module:
    """The discriminator called `name` with (n, 1 + num_classes) outputs: the score, then the classes' logits.

    Raises:
        Mistake: an unknown name, or a size that the architecture cannot take.
    """
    make = named(name, CLASSIFIERS, network_kind("discriminator", "image_shape", "outputs", "width", "norm"))
    return make(image_shape=image_shape, outputs=1 + num_classes, width=width, norm=norm)


def projected(name: str, image_shape: tuple[int, int, int], width: Width, num_classes: int) -> Projected:
    """The discriminator called `name`, without norm, with the class projected on its features.

    Raises:
        Mistake: an unknown name, or a size that the architecture cannot take.
    """
    make = named(name, FEATURES, network_kind("discriminator", "image_shape", "width"))
    features, length = make(image_shape=image_shape, width=width)
    return Projected(features, length, num_classes)


def need_classes(num_classes: int, what: str) -> None:
    """Raise `Mistake` where `what` is to know classes and the data has none."""
    if num_classes < 2:
        raise Mistake(f"{what} needs labelled data, with 2 classes or more; model.num_classes is {num_classes}.")
