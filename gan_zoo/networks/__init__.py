"""Networks that two or more models share, by family, and the table of the names that a user may type.

    dcgan.py        4 x 4 convolutions                  conv5.py         5 x 5, and WGAN-GP's grid of variants
    resnet.py       WGAN-GP's and SNGAN's residual nets resnet101.py     the 101-layer one of the grid
    mlp.py          fully connected                     maxout.py        the first GAN's discriminator
    sngan_cnn.py    SNGAN's standard CNN                lsgan.py         112 x 112 rooms
    acgan.py        ACGAN's two networks                conditional.py   networks that are told a class
    patchgan.py     scores of patches                   unet.py          pix2pix's generator
    translator.py   CycleGAN's generator                stargan.py       StarGAN's two networks
    progressive.py  ProGAN's networks, which grow       style.py         StyleGAN's generator
    pieces.py       padding, norms and initial weights that several families share

Architecture and objective are chosen apart. A generator function takes `image_shape`, `latent_dim` and `width` and
returns a module from latents (n, latent_dim) to images in [-1, 1]. A discriminator function takes `image_shape`,
`width` and `norm` and returns a module from images to scores (n,). A function of the user's, named as
`package.module:function`, is called with the same keywords.
"""

from functools import partial
from typing import Literal

from torch import nn

from gan_zoo.lookup import named
from gan_zoo.networks import acgan, conv5, dcgan, lsgan, maxout, mlp, resnet, resnet101, sngan_cnn
from gan_zoo.trust import Kind, called_with

Width = int | tuple[int, ...]
"""Channels next to the image; `resnet` of 32 pixels: of every block; `mlp`: the hidden layers' widths, or one number
for its match to a dcgan; `maxout`: those widths; `acgan` and `resnet101`: the unit that their tables count in."""
Norm = Literal["batch", "layer", "none"]

GENERATORS = {
    "mlp": mlp.generator,
    "mlp_relu": mlp.generator,
    "mlp_he": mlp.he_generator,
    "dcgan": dcgan.generator,
    "dcgan_plain": partial(dcgan.generator, norm="none"),
    "resnet": resnet.generator,
    "resnet_good": resnet.good_generator,
    "sngan_resnet": resnet.generator,
    "sngan_cnn": sngan_cnn.generator,
    "acgan": acgan.generator,
    "maxout": maxout.generator,
    "lsgan": lsgan.generator,
    "resnet101": resnet101.generator,
    **conv5.GENERATORS,
}
DISCRIMINATORS = {
    "mlp": mlp.discriminator,
    "mlp_relu": mlp.relu_discriminator,
    "mlp_he": mlp.he_discriminator,
    "dcgan": dcgan.discriminator,
    "dcgan_plain": dcgan.plain_discriminator,
    "resnet": resnet.discriminator,
    "resnet_good": resnet.good_discriminator,
    "sngan_resnet": resnet.sum_discriminator,
    "sngan_cnn": sngan_cnn.discriminator,
    "maxout": maxout.discriminator,
    "lsgan": lsgan.discriminator,
    "resnet101": resnet101.discriminator,
    **conv5.DISCRIMINATORS,
}


def network_kind(network: str, *keywords: str) -> Kind:
    """Return what a user's `generator` or `discriminator` must be: it is called with `keywords`."""
    wanted = f"be a function or a torch.nn.Module that takes {', '.join(keywords[:-1])} and {keywords[-1]}"
    return Kind(f"{network}_architecture", wanted, called_with(keywords=keywords, base=nn.Module))


def pair(
    *,
    architecture: str,
    generator_architecture: str | None,
    discriminator_architecture: str | None,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: Width,
    discriminator_norm: Norm,
) -> tuple[nn.Module, nn.Module]:
    """A generator and a discriminator for images of `image_shape` (channels, height, width).

    Args:
        architecture: a name in the two tables, for both networks.
        generator_architecture: another name, or `package.module:function`, for the generator; None: `architecture`.
        discriminator_architecture: the same for the discriminator.
        image_shape: of the images.
        latent_dim: length of the latents.
        width: see `Width`.
        discriminator_norm: normalisation between the discriminator's layers; never batch norm under a penalty.

    Raises:
        Mistake: an unknown name, or a size that the architecture cannot make.
    """
    return (
        generator(generator_architecture or architecture, image_shape, latent_dim, width),
        discriminator(discriminator_architecture or architecture, image_shape, width, discriminator_norm),
    )


def generator(name: str, image_shape: tuple[int, int, int], latent_dim: int, width: Width) -> nn.Module:
    """The generator called `name`, or `package.module:function`; see `pair`."""
    make = named(name, GENERATORS, network_kind("generator", "image_shape", "latent_dim", "width"))
    return make(image_shape=image_shape, latent_dim=latent_dim, width=width)


def discriminator(name: str, image_shape: tuple[int, int, int], width: Width, norm: Norm) -> nn.Module:
    """The discriminator called `name`, or `package.module:function`; see `pair`."""
    make = named(name, DISCRIMINATORS, network_kind("discriminator", "image_shape", "width", "norm"))
    return make(image_shape=image_shape, width=width, norm=norm)
