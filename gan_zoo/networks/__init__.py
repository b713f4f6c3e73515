"""Networks that two or more models share, by family, and the tables of the names that a user may type.

    dcgan.py        4 x 4 convolutions                  conv5.py         5 x 5, and WGAN-GP's grid of variants
    resnet.py       WGAN-GP's and SNGAN's residual nets resnet101.py     the 101-layer network of the grid
    mlp.py          fully connected layers              maxout.py        the original GAN's discriminator
    sngan_cnn.py    SNGAN's standard CNN                lsgan.py         LSGAN's, for rooms of 112 x 112 pixels
    acgan.py        ACGAN's two networks                conditional.py   networks that receive a class
    patchgan.py     a score for each patch              unet.py          pix2pix's generator
    translator.py   CycleGAN's generator                stargan.py       StarGAN's two networks
    progressive.py  ProGAN's networks, which grow       style.py         StyleGAN's generator
    style2.py       StyleGAN2's generator               style2_discriminator.py    StyleGAN2's discriminator
    pieces.py       padding, norms and initial weights that several families share

Architecture and objective are chosen apart. A generator function takes `image_shape`, `latent_dim` and `width` and
returns a module from latents (n, latent_dim) to images in [-1, 1]. A discriminator function takes `image_shape`,
`width` and `norm` and returns a module from images to scores (n,). A user's own function, named as
`package.module:function`, is called with the same keywords.
"""

from functools import partial
from typing import Literal

from torch import nn

from gan_zoo.lookup import named
from gan_zoo.networks import acgan, conv5, dcgan, lsgan, maxout, mlp, resnet, resnet101, sngan_cnn
from gan_zoo.trust import Kind, called_with

Width = int | tuple[int, ...]
"""Number of channels next to the image, or in every block of a `resnet` for 32 pixels. `mlp` and `maxout` take the
widths of the hidden layers; `mlp` also takes one number, and then matches a dcgan of that width. For `acgan` and
`resnet101` it is the unit in which their tables count channels."""
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
    """Return what a user's `generator` or `discriminator` must be: something that takes `keywords`."""
    requirement = f"be a function or a torch.nn.Module that takes {', '.join(keywords[:-1])} and {keywords[-1]}"
    return Kind(f"{network}_architecture", requirement, called_with(keywords=keywords, base=nn.Module))


def pair(
    names: tuple[str, str | None, str | None],
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: Width,
    norm: Norm,
) -> tuple[nn.Module, nn.Module]:
    """Return a generator and a discriminator for images of `image_shape` (channels, height, width).

    Args:
        names: A name in the two tables for both networks, then the generator's own and the discriminator's own: another
            name, or `package.module:function`; None: the first.
        image_shape: Shape of the images.
        latent_dim: Length of the latents.
        width: See `Width`.
        norm: Normalisation between the discriminator's layers. It must not be batch norm under a gradient penalty.

    Raises:
        Mistake: A name is unknown, or the architecture cannot make images of this size.
    """
    both, generators_own, discriminators_own = names
    return (
        generator(generators_own or both, image_shape, latent_dim, width),
        discriminator(discriminators_own or both, image_shape, width, norm),
    )


def generator(name: str, image_shape: tuple[int, int, int], latent_dim: int, width: Width) -> nn.Module:
    """Return the generator called `name`, or `package.module:function`; see `pair`."""
    build = named(name, GENERATORS, network_kind("generator", "image_shape", "latent_dim", "width"))
    return build(image_shape=image_shape, latent_dim=latent_dim, width=width)


def discriminator(name: str, image_shape: tuple[int, int, int], width: Width, norm: Norm) -> nn.Module:
    """Return the discriminator called `name`, or `package.module:function`; see `pair`."""
    build = named(name, DISCRIMINATORS, network_kind("discriminator", "image_shape", "width", "norm"))
    return build(image_shape=image_shape, width=width, norm=norm)
