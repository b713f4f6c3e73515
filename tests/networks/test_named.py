"""Architectures of convolutions by name: sizes, order and norms of layers, initial weights, training by each model."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo import networks
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.lsgan import LSGAN
from gan_zoo.models.wgan import WGAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.networks import conditional
from gan_zoo.networks.conv5 import Gated
from gan_zoo.networks.resnet101 import Bottleneck
from tests.pairs import pair

SIZES = {28, 32, 64, 112, 128}
CONV5 = ("conv5", "conv5_constant", "conv5_plain", "conv5_gated", "conv5_tanh", "conv5_mnist", "conv5_cifar")
MAKES = dict.fromkeys(["dcgan", "dcgan_plain", "dcgan_faces", *CONV5], SIZES)
MAKES |= {"lsgan": SIZES - {28}, "resnet101": {64}, "resnet": {32, 64, 128}, "resnet_good": {64}}
ALL = [(name, size) for name in MAKES for size in sorted(SIZES)]


@pytest.mark.parametrize(("name", "size"), [(name, size) for name, size in ALL if size in MAKES[name]])
def test_images_come_out_in_their_size_and_are_scored(name, size):
    generator, discriminator = pair(name, (2, size, size), width=4, latent_dim=6)
    image = generator(torch.randn(3, 6))
    assert image.shape == (3, 2, size, size)
    assert image.abs().max() <= 1
    assert discriminator(image).shape == (3,)


@pytest.mark.parametrize(("name", "size"), [(name, size) for name, size in ALL if size not in MAKES[name]])
def test_a_size_that_an_architecture_cannot_make_is_refused_and_the_message_lists_its_sizes(name, size):
    message = f"makes .*64.* pixels.* {size} x {size}"
    with pytest.raises(Mistake, match=message):
        pair("mlp", (3, size, size), 4, generator=name)
    with pytest.raises(Mistake, match=message):
        pair("mlp", (3, size, size), 4, discriminator=name)


@pytest.mark.parametrize("size", [13, 14, 16, 25, 27, 31, 49, 56, 97])
def test_conv5_makes_every_size_whose_halves_come_to_4(size):
    generator, discriminator = pair("conv5", (1, size, size), width=2, latent_dim=3)
    assert discriminator(generator(torch.randn(2, 3))).shape == (2,)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (8, 8), (12, 12), (17, 17), (24, 24), (33, 33), (48, 48), (65, 65),
                                  (96, 96), (28, 32), (32, 28)])  # fmt: skip
@pytest.mark.parametrize("name", ["conv5", "dcgan_faces"])
def test_conv5_refuses_other_sizes(name, size):
    with pytest.raises(Mistake, match=f"13 to 16, 25 to 32, 49 to 64.* {size[0]} x {size[1]}"):
        pair(name, (1, *size), width=2)


@pytest.mark.parametrize("size", [(8, 8), (20, 20), (63, 63), (32, 64)])
def test_lsgan_refuses_sizes_that_are_no_multiples_of_16(size):
    with pytest.raises(Mistake, match=f"multiples of 16.* {size[0]} x {size[1]}"):
        pair("lsgan", (1, *size), width=2)


@pytest.mark.parametrize("name", ["conv5", "dcgan_faces", "lsgan", "resnet101"])
def test_several_widths_are_refused_by_both(name):
    for network in ("generator", "discriminator"):
        with pytest.raises(Mistake, match="one width"):
            pair("mlp", (1, 64, 64), (8, 8), **{network: name})


def test_resnet101_refuses_a_width_that_has_no_quarter():
    with pytest.raises(Mistake, match="multiple of 4"):
        pair("resnet101", (1, 64, 64), 6)


def ran(network, x):
    """Return the names of the layers with weights, norms and activations, in the order in which they run."""
    order = []
    for module in network.modules():
        if not list(module.children()) and not isinstance(module, nn.Flatten | nn.Unflatten | nn.ZeroPad2d):
            module.register_forward_hook(lambda module, *_: order.append(type(module).__name__))
    network(x)
    return " ".join(order).replace("BatchNorm", "Norm").replace("GroupNorm", "Norm2d").replace(" Crop", "")


CONV, BARE = "Norm2d LeakyReLU Conv2d", "LeakyReLU Conv2d"
DECONV, BARE_DECONV = "Norm2d ReLU ConvTranspose2d", "ReLU ConvTranspose2d"


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        ("dcgan", f"ConvTranspose2d {DECONV} {DECONV}", "Conv2d LeakyReLU Conv2d Norm2d LeakyReLU Conv2d"),
        ("dcgan_plain", f"ConvTranspose2d {BARE_DECONV} {BARE_DECONV}", f"Conv2d {BARE} {BARE}"),
        ("dcgan_faces", f"Linear Norm1d {BARE_DECONV} {DECONV}", f"Conv2d {BARE} Norm2d LeakyReLU Linear"),
        ("conv5", f"Linear {DECONV} {DECONV}", f"Conv2d {BARE} Norm2d LeakyReLU Linear"),
        ("conv5_constant", f"Linear {BARE_DECONV} {BARE_DECONV}", f"Conv2d {BARE} Norm2d LeakyReLU Linear"),
        ("conv5_plain", f"Linear {BARE_DECONV} {BARE_DECONV}", f"Conv2d {BARE} LeakyReLU Linear"),
        ("conv5_mnist", f"Linear {BARE_DECONV} {BARE_DECONV}", f"Conv2d {BARE} LeakyReLU Linear"),
        ("conv5_cifar", f"Linear Norm1d {BARE_DECONV} {DECONV}", f"Conv2d {BARE} LeakyReLU Linear"),
        (
            "conv5_gated",
            "Linear Norm2d Gated ConvTranspose2d Norm2d Gated ConvTranspose2d",
            "Conv2d Gated Conv2d Norm2d Gated Linear",
        ),
        (
            "conv5_tanh",
            "Linear Norm2d Tanh ConvTranspose2d Norm2d Tanh ConvTranspose2d",
            "Conv2d Tanh Conv2d Norm2d Tanh Linear",
        ),
    ],
)
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_layers_run_in_this_order(name, generator, discriminator, norm):
    """No norm follows the discriminator's first or last layer, nor the generator's last."""
    g, d = pair(name, (3, 16, 16), width=4, latent_dim=6, norm=norm)
    assert ran(g, torch.randn(4, 6)) == f"{generator} Tanh"
    assert ran(d, torch.rand(4, 3, 16, 16)) == discriminator


@pytest.mark.parametrize("name", ["dcgan", "dcgan_faces"])
@pytest.mark.parametrize("norm", ["none", "layer"])
def test_with_norm_and_without_a_discriminator_can_tell_a_grey_image(name, norm):
    """Without any bias D(a x) = a D(x), and a grey image, x = 0, scores 0 whatever D learns."""
    torch.manual_seed(0)
    discriminator = networks.discriminator(name, (3, 32, 32), width=4, norm=norm)
    grey = torch.zeros(1, 3, 32, 32)
    assert discriminator(grey).item() == 0
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=0.1)
    discriminator(grey).sum().backward()
    optimizer.step()
    assert discriminator(grey).item() < 0


def test_lsgan_keeps_the_size_once_after_each_of_its_first_two_doublings():
    generator, discriminator = pair("lsgan", (3, 112, 112), width=2, latent_dim=6)
    strides = [layer.stride[0] for layer in generator if isinstance(layer, nn.ConvTranspose2d)]
    channels = [layer.out_channels for layer in generator if isinstance(layer, nn.ConvTranspose2d)]
    assert (strides, channels) == ([2, 1, 2, 1, 2, 2, 1], [8, 8, 8, 8, 4, 2, 3])
    assert ran(generator, torch.randn(2, 6)) == f"Linear {' '.join([DECONV] * 7)} Tanh"
    assert ran(discriminator, torch.rand(2, 3, 112, 112)) == f"Conv2d {BARE} {CONV} {CONV} Norm2d LeakyReLU Linear"


def test_a_gate_multiplies_the_halves_of_the_maps():
    x = torch.randn(2, 6, 3, 3)
    assert_close(Gated()(x), x[:, :3].sigmoid() * x[:, 3:].tanh())


@pytest.mark.parametrize("which", [0, 1])
def test_resnet101_has_101_layers_and_divides_its_output_by_5(which):
    network = pair("resnet101", (3, 64, 64), width=4, latent_dim=6)[which]
    blocks = [layer for layer in network if isinstance(layer, Bottleneck)]
    in_blocks = sum(len([layer for layer in block.residual if hasattr(layer, "kernel_size")]) for block in blocks)
    assert in_blocks + sum(isinstance(layer, nn.Linear | nn.Conv2d) for layer in network) == 101
    x = torch.randn(3, 6) if which == 0 else torch.rand(3, 3, 64, 64)
    network.eval()
    before = network[:-2](x)
    assert_close(network(x), (before / 5).tanh() if which == 0 else (before / 5).squeeze(1))


@pytest.mark.parametrize(("resample", "size", "out"), [("", 8, 4), ("up", 16, 2), ("down", 8, 8)])
def test_a_bottleneck_adds_three_tenths_of_its_residual_path(resample, size, out):
    torch.manual_seed(0)
    block, x = Bottleneck(4, out, size, resample, norm=None), torch.randn(2, 4, 8, 8)
    added = block(x) - block.shortcut(x)
    assert added.shape == (2, out, *({"up": 16, "down": 4}.get(resample, 8),) * 2)
    assert_close(added, 0.3 * block.residual(x))
    assert torch.equal(block.shortcut(x), x) == (resample == "")


@pytest.mark.parametrize(("resample", "reached"), [("up", 4 * 64), ("down", 128 / 4)])
def test_shortcuts_start_by_glorots_rule_for_the_layer_they_replace(resample, reached):
    """Up: a convolution to four times the channels. Down: stride 2, where an input reaches a quarter of the outputs."""
    torch.manual_seed(0)
    block = Bottleneck(256, 64 if resample == "up" else 128, 8, resample, norm=None)
    weight = next(layer for layer in block.shortcut if isinstance(layer, nn.Conv2d)).weight
    # The deviation of 32,768 uniform weights or more has a standard error of 0.25 %; four of them are allowed.
    assert_close(weight.std().item(), (2 / (256 + reached)) ** 0.5, rtol=0.01, atol=0)


# Deviations in the programs: 0.02, or sqrt(4 / (inputs + outputs)) in convolutions, sqrt(2 / ...) in linear layers.
@pytest.mark.parametrize(
    ("name", "linear", "second"),
    [
        ("conv5", 0.02, 0.02),
        ("conv5_tanh", 0.02, 0.02),
        ("conv5_plain", 0.02, 0.02),
        ("dcgan_faces", 0.02, 0.02),
        ("lsgan", 0.02, 0.02),
        ("conv5_mnist", (2 / (128 + 16 * 64)) ** 0.5, (4 / (64 * 25 / 4 + 32 * 25)) ** 0.5),
        ("conv5_cifar", (2 / (128 + 16 * 64)) ** 0.5, (4 / (64 * 25 / 4 + 32 * 25)) ** 0.5),
        ("conv5_gated", (2 / (128 + 16 * 128)) ** 0.5, (4 / (64 * 25 / 4 + 64 * 25)) ** 0.5),
        ("conv5_constant", (2 / (128 + 16 * 32)) ** 0.5, (4 / (32 * 25 / 4 + 32 * 25)) ** 0.5),
    ],
)
def test_weights_start_as_in_the_program(name, linear, second):
    torch.manual_seed(0)
    generator, _ = pair(name, (1, 16, 16), width=32, latent_dim=128)
    layers = [layer for layer in generator if isinstance(layer, nn.Linear | nn.ConvTranspose2d)]
    # The deviation of at least 25,600 normal weights has a standard error of 0.44 %, of uniform ones less; four of
    # them are allowed.
    for layer, deviation in zip(layers, (linear, second), strict=False):
        assert_close(layer.weight.std().item(), deviation, rtol=0.018, atol=0)
        assert layer.bias is None or not layer.bias.any()


def test_lsgans_convolutions_start_within_twice_the_deviation_and_other_layers_do_not():
    """Of 1,000 normal weights or more, all are within two deviations once in 1e20."""
    torch.manual_seed(0)
    for network in pair("lsgan", (1, 32, 32), width=8):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and layer.weight.numel() > 1000:
                assert (layer.weight.abs().max() <= 0.04) == isinstance(layer, nn.Conv2d)


def near(weight: torch.Tensor, variance: float) -> None:
    """Check the deviation of n uniform weights within four of its relative errors, 0.45 / sqrt(n), and their bound."""
    assert_close(weight.std().item(), variance**0.5, rtol=4 * 0.45 * weight.numel() ** -0.5, atol=0)
    assert weight.abs().max() <= (3 * variance) ** 0.5


@pytest.mark.parametrize(("name", "size", "last"), [("resnet_good", 64, 4), ("resnet", 32, 2)])
def test_residual_networks_start_as_in_wgan_gps_program(name, size, last):
    """Variances are k / (inputs + outputs), with k = 4 in residual paths, where the program uses He's rule, else 2.

    The program starts the last convolution of the generator for 64 pixels by He's rule, but not that for 32 pixels.
    """
    torch.manual_seed(0)
    for network in pair(name, (3, size, size), width=32, latent_dim=128, norm="layer"):
        for path, layer in network.named_modules():
            if isinstance(layer, nn.Linear):
                near(layer.weight, 2 / (layer.in_features + layer.out_features))
            elif isinstance(layer, nn.Conv2d):
                k = 4 if ".convolution" in path or path.startswith("convolution") else last if "last" in path else 2
                near(layer.weight, k / (layer.kernel_size[0] ** 2 * (layer.in_channels + layer.out_channels)))
            if isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None:
                assert not layer.bias.any()


def test_a_critics_score_and_classes_start_as_two_layers():
    torch.manual_seed(0)
    *_, head = conditional.classifier("resnet", (3, 32, 32), 128, "none", num_classes=10).children()
    assert isinstance(head, nn.Linear)
    assert head.weight.shape == (11, 128) and not head.bias.any()
    near(head.weight[:1], 2 / (128 + 1))
    near(head.weight[1:], 2 / (128 + 10))
    # The deviation of 128 weights cannot tell 1 output from 11, but one weight is beyond the bound for 11 outputs.
    assert head.weight[:1].abs().max() > (6 / (128 + 11)) ** 0.5


def test_gains_of_dcgans_norms_for_faces_start_around_1():
    torch.manual_seed(0)
    generator, _ = pair("dcgan_faces", (1, 16, 16), width=32)
    gains = next(layer for layer in generator if isinstance(layer, nn.BatchNorm1d)).weight
    assert_close(gains.std().item(), 0.02, rtol=0.1, atol=0)  # 1,024 gains: four standard errors of 2.2 %
    assert_close(gains.mean().item(), 1.0, rtol=0.0026, atol=0)


@pytest.mark.slow  # sixty models, one step each
@pytest.mark.parametrize("objective", [GAN, LSGAN, WGAN, WGANGP])
@pytest.mark.parametrize("name", [*MAKES, "maxout"])
def test_every_objective_trains_every_architecture(objective, name):
    """Each parameter gets a finite gradient from the loss of its network."""
    size = 64 if 32 not in MAKES.get(name, {32}) else 32
    width = (10, 10) if name == "maxout" else 4
    torch.manual_seed(0)
    model = objective(image_shape=(1, size, size), latent_dim=6, architecture=name, width=width)
    image = torch.rand(3, 1, size, size) * 2 - 1
    for loss, network in ((model.discriminator_loss, model.discriminator), (model.generator_loss, model.generator)):
        model.zero_grad()
        sum(loss({"image": image}).values(), torch.zeros(())).backward()
        for parameter in network.parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all()
