"""Networks of 5 x 5 convolutions of stride 2: DCGAN as its author released it, and the variants of WGAN-GP's grid.

In the generator, a linear layer makes maps of 4 x 4 pixels, and each transposed convolution doubles their size. The
discriminator mirrors this, with a linear layer to its score. `width` is the number of channels next to the image; it
doubles each time the size is halved. These are the names that users type, and the programs that they follow:

    conv5           WGAN-GP's grid (Gulrajani 2017, Figure 2), the first: batch norm in G, the objective's norm in D
    conv5_constant  the second: G without norm and with `width` channels in each layer; D as in the first
    conv5_plain     the fourth: no norm in either
    conv5_gated     the fifth: each layer makes twice the maps, and sigmoid(a) tanh(b) of them is passed on
    conv5_tanh      the sixth: tanh in place of every ReLU and leaky ReLU
    conv5_mnist     WGAN-GP's for digits: no norm; 8 x 8 maps are cut to 7 x 7 on the way to 28 pixels
    conv5_cifar     WGAN-GP's plain one for CIFAR-10: batch norm in G, per output (not per map) in its first layer
    dcgan_faces     DCGAN's for faces (Radford 2015; width 128): conv5_cifar's norm in G, no other biases, even padding

The third of the grid sets the generator `mlp_he` against conv5's discriminator; the seventh is `resnet101`. Initial
weights are uniform with deviation 0.02 in the networks of the grid that follow DCGAN, are drawn by He's rule in the
others, and from N(0, 0.02) in dcgan_faces.
Departures: images are in [-1, 1], after a tanh, where the two programs for digits have a sigmoid and [0, 1]; batch
norm's epsilon is PyTorch's.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last
from gan_zoo.networks.pieces import (
    NORMS,
    Maps,
    Norm,
    Weighted,
    doubled,
    gaussian,
    glorot,
    halved,
    normed,
    one_width,
    uniform,
)

Activation = Callable[[], nn.Module]
Initial = Callable[[Weighted], None]
Strided = Callable[..., list[nn.Module]]

narrow = partial(uniform, deviation=0.02)
leaky = partial(nn.LeakyReLU, negative_slope=0.2)


def he(layer: Weighted) -> None:
    """Start `layer` by He's rule, as WGAN-GP's program understands it.

    Weights have Glorot's deviation times sqrt 2 in convolutions, and Glorot's deviation in linear layers.
    """
    glorot(layer, gain=1.0 if isinstance(layer, nn.Linear) else 2**0.5)


class Gated(nn.Module):
    """sigmoid(a) tanh(b), where a and b are the two halves of the maps."""

    def forward(self, x: Maps) -> Float[Tensor, "n half h w"]:
        a, b = x.chunk(2, dim=1)
        return a.sigmoid() * b.tanh()


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: int | tuple[int, ...],
    norm: Literal["maps", "features", "none"] = "maps",
    constant: bool = False,
    activation: Activation = nn.ReLU,
    bias: bool = True,
    strided: Strided = doubled,
    initial: Initial = narrow,
) -> nn.Module:
    """Return latents > 4 x 4 > double ... > image, with tanh at the end.

    Args:
        image_shape: (channels, height, width).
        latent_dim: Length of the latents.
        width: Number of channels next to the image.
        norm: Batch norm after each layer but the last. After the linear layer it normalises each map ("maps") or each
            output ("features"). "none": no batch norm.
        constant: Whether all layers have `width` channels.
        activation: Activation after each layer but the last.
        bias: Whether layers have a bias.
        strided: Function that makes a layer that doubles the size.
        initial: Function that sets the initial weights and bias of a layer.
    """
    sizes, base, gates = _sizes(image_shape), one_width("conv5", width), _gates(activation)
    channels = [base if constant else base * 2**i for i in reversed(range(len(sizes) - 1))]
    norms = None if norm == "none" else nn.BatchNorm2d
    first = nn.Linear(latent_dim, channels[0] * gates * 16, bias=bias)
    layers: list[nn.Module] = [first, *([nn.BatchNorm1d(first.out_features)] if norm == "features" else [])]
    layers += [nn.Unflatten(1, (channels[0] * gates, 4, 4))]
    layers += normed(channels[0] * gates, norms if norm == "maps" else None)
    for (into, out), size in zip(pairwise(channels), sizes[1:-1], strict=True):
        layers += [activation(), *strided(into, out * gates, kernel_size=5, size=size, bias=bias)]
        layers += normed(out * gates, norms)
    last = strided(channels[-1], image_shape[0], kernel_size=5, size=sizes[-1], bias=bias)
    return initialised(nn.Sequential(*layers, activation(), *last, nn.Tanh()), initial)


def discriminator(
    image_shape: tuple[int, int, int],
    width: int | tuple[int, ...],
    norm: str,
    normalised: bool = True,
    activation: Activation = leaky,
    bias: bool = True,
    strided: Strided = halved,
    initial: Initial = narrow,
) -> nn.Module:
    """Return image > half ... > 4 x 4 > one score.

    Args:
        image_shape: (channels, height, width).
        width: Number of channels next to the image.
        norm: Norm after each layer but the first and the last.
        normalised: Whether the network has a norm at all; if not, `norm` is ignored.
        activation: Activation after each layer but the last.
        bias: Whether layers have a bias.
        strided: Function that makes a layer that halves the size.
        initial: Function that sets the initial weights and bias of a layer.
    """
    sizes, base = _sizes(image_shape)[::-1], one_width("conv5", width)
    channels = [image_shape[0], *(base * 2**i for i in range(len(sizes) - 1))]
    layers = halvings(channels, sizes, NORMS[norm if normalised else "none"], activation, bias, strided)
    score = nn.Linear(channels[-1] * sizes[-1] ** 2, 1, bias=bias)
    return initialised(nn.Sequential(*layers, nn.Flatten(), score, nn.Flatten(0)), initial)


def halvings(
    channels: list[int],
    sizes: list[int],
    norm: Norm | None,
    activation: Activation = leaky,
    bias: bool = True,
    strided: Strided = halved,
) -> list[nn.Module]:
    """Return layers from each of `sizes` to the next, from each of `channels` to the next.

    A norm follows each layer but the first.
    """
    layers: list[nn.Module] = []
    for place, ((into, out), size) in enumerate(zip(pairwise(channels), sizes[:-1], strict=True)):
        maps = out * _gates(activation)
        layers += strided(into, maps, kernel_size=5, size=size, bias=bias)
        layers += [*normed(maps, norm if place else None), activation()]
    return layers


def faces_generator(image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]) -> nn.Module:
    """Return DCGAN's generator for faces."""
    network = generator(image_shape, latent_dim, width, norm="features", bias=False, strided=symmetric_doubled)
    return gaussian(network)


def faces_discriminator(image_shape: tuple[int, int, int], width: int | tuple[int, ...], norm: str) -> nn.Module:
    """Return DCGAN's discriminator for faces. Without norm it has biases, for the reason that `dcgan` gives."""
    return gaussian(discriminator(image_shape, width, norm, bias=norm == "none", strided=symmetric_halved))


def symmetric_halved(into: int, out: int, kernel_size: int, size: int, bias: bool) -> list[nn.Module]:
    """Return a layer like `pieces.halved`, with as much padding before an image as after it."""
    return [nn.Conv2d(into, out, kernel_size=kernel_size, stride=2, padding=kernel_size // 2, bias=bias)]


def symmetric_doubled(into: int, out: int, kernel_size: int, size: int, bias: bool) -> list[nn.Module]:
    """Return the transpose of `symmetric_halved`."""
    convolution = nn.ConvTranspose2d(
        into, out, kernel_size=kernel_size, stride=2, padding=kernel_size // 2, output_padding=1 - size % 2, bias=bias
    )
    return [convolution]


def initialised(network: nn.Sequential, initial: Initial) -> nn.Sequential:
    """Call `initial` on each layer of `network` that has weights. Return the network, in channels-last layout."""
    for layer in network.modules():
        if isinstance(layer, Weighted):
            initial(layer)
    return channels_last(network)


def _gates(activation: Activation) -> int:
    """Return how many maps a layer makes for each map that its activation passes on."""
    return 2 if activation is Gated else 1


def _sizes(image_shape: tuple[int, int, int]) -> list[int]:
    """Return the sizes of the maps, from 4 to the image's, each half of the next, rounded up.

    Raises:
        Mistake: There are no such sizes, or fewer than two doublings.
    """
    _, height, columns = image_shape
    sizes = [height]
    while sizes[0] > 4:
        sizes.insert(0, (sizes[0] + 1) // 2)
    if height != columns or sizes[0] != 4 or len(sizes) < 3:
        raise Mistake(
            "conv5 makes square images of 13 to 16, 25 to 32, 49 to 64, 97 to 128 ... pixels; "
            f"the data's are {height} x {columns}."
        )
    return sizes


GENERATORS = {
    "conv5": generator,
    "conv5_constant": partial(generator, norm="none", constant=True, initial=he),
    "conv5_plain": partial(generator, norm="none"),
    "conv5_gated": partial(generator, activation=Gated, initial=he),
    "conv5_tanh": partial(generator, activation=nn.Tanh),
    "conv5_mnist": partial(generator, norm="none", initial=he),
    "conv5_cifar": partial(generator, norm="features", initial=he),
    "dcgan_faces": faces_generator,
}
DISCRIMINATORS = {
    "conv5": discriminator,
    "conv5_constant": discriminator,
    "conv5_plain": partial(discriminator, normalised=False),
    "conv5_gated": partial(discriminator, activation=Gated, initial=he),
    "conv5_tanh": partial(discriminator, activation=nn.Tanh),
    "conv5_mnist": partial(discriminator, normalised=False, initial=he),
    "conv5_cifar": partial(discriminator, normalised=False, initial=he),
    "dcgan_faces": faces_discriminator,
}
