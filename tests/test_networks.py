"""DCGAN's networks and the fully connected ones: shapes, bounds and layers computed by hand."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo import networks
from gan_zoo.errors import Mistake
from tests.pairs import count, pair


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 56, 64, 112, 128])
def test_dcgan_makes_and_scores_images_of_its_sizes(size, channels):
    generator, discriminator = pair("dcgan", (channels, size, size), width=4, latent_dim=6)
    image = generator(torch.randn(3, 6))
    assert image.shape == (3, channels, size, size)
    assert image.is_contiguous(memory_format=torch.channels_last)
    assert image.abs().max() <= 1
    assert discriminator(image).shape == (3,)


@pytest.mark.parametrize("architecture", ["mlp", "mlp_relu", "mlp_he"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 17, 5), (2, 1, 1)])
def test_mlp_makes_and_scores_images_of_any_shape(architecture, shape):
    generator, discriminator = pair(architecture, shape, width=(8, 5), latent_dim=6)
    image = generator(torch.randn(3, 6))
    assert image.shape == (3, *shape)
    assert image.abs().max() <= 1
    assert discriminator(image).shape == (3,)


# The sizes are powers of two and seven times them, from two doublings on. These are neighbours, or not square.
@pytest.mark.parametrize(
    "size", [(1, 1), (4, 4), (7, 7), (8, 8), (14, 14), (15, 15), (27, 27), (29, 29), (31, 31), (33, 33), (48, 48),
             (63, 63), (65, 65), (32, 64), (28, 32)]
)  # fmt: skip
def test_dcgan_refuses_sizes_that_it_cannot_make_in_both_networks(size):
    message = f"28, 32, 56, 64.* {size[0]} x {size[1]}"
    with pytest.raises(Mistake, match=message):
        networks.GENERATORS["dcgan"](image_shape=(3, *size), latent_dim=3, width=4)
    with pytest.raises(Mistake, match=message):
        networks.DISCRIMINATORS["dcgan"](image_shape=(3, *size), width=4, norm="none")


@pytest.mark.parametrize("size", [16, 28])
def test_smallest_sizes_are_two_doublings_of_4_and_of_7(size):
    generator, discriminator = pair("dcgan", (1, size, size), width=2, latent_dim=3)
    assert discriminator(generator(torch.randn(2, 3))).shape == (2,)


def test_several_widths_are_refused_by_both_dcgan_networks():
    architecture, width, message = "dcgan", (64, 64), "one width"
    with pytest.raises(Mistake, match=message):
        networks.GENERATORS[architecture](image_shape=(1, 28, 28), latent_dim=3, width=width)
    with pytest.raises(Mistake, match=message):
        networks.DISCRIMINATORS[architecture](image_shape=(1, 28, 28), width=width, norm="none")


def test_generator_and_discriminator_are_chosen_apart():
    generator, discriminator = pair("mlp", (1, 28, 28), (128,), discriminator="mlp_relu")
    assert not any(isinstance(layer, nn.LeakyReLU) for layer in discriminator)
    assert any(isinstance(layer, nn.ReLU) for layer in discriminator)
    assert count(generator) == 114_064


def tiny_discriminator(*, image_shape, width, norm):
    """A discriminator as a user might write it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(image_shape[1] * image_shape[2], width), nn.Flatten(0))


def test_a_users_function_is_called_with_the_same_keywords():
    _, discriminator = pair("dcgan", (1, 28, 28), width=1, discriminator=f"{__name__}:tiny_discriminator")
    assert count(discriminator) == 785


@pytest.mark.parametrize(
    ("name", "message"),
    [("dcgann", "did you mean dcgan"), ("no.such:thing", "cannot be imported"), (":thing", "cannot be imported")],
)
def test_unknown_architecture_is_one_line(name, message):
    with pytest.raises(Mistake, match=message):
        pair(name, (1, 28, 28), width=4)
    with pytest.raises(Mistake, match=message):
        networks.discriminator(name, (1, 28, 28), 4, "batch")


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_dcgan_has_biases_only_where_it_has_no_norm_and_starts_as_the_paper_says(norm):
    torch.manual_seed(0)
    generator, discriminator = pair("dcgan", (3, 64, 64), width=32, norm=norm)
    for network in (generator, discriminator):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                if network is discriminator and norm == "none":
                    assert layer.bias is not None and not layer.bias.any()
                else:
                    assert layer.bias is None
                # The last layer has the fewest weights, 1,536, with a standard error of 2 %; four are allowed.
                assert_close(layer.weight.std().item(), 0.02, rtol=0.08, atol=0)
            if isinstance(layer, nn.BatchNorm2d):
                assert not layer.bias.any()
                assert (layer.weight - 1).abs().max() < 0.1 and layer.weight.std() > 0.01


KINDS = {"batch": nn.BatchNorm2d, "layer": nn.GroupNorm, "none": ()}


@pytest.mark.parametrize("norm", KINDS)
@pytest.mark.parametrize(("channels", "width"), [(3, 16), (1, 1), (8, 8)])
def test_discriminator_normalises_every_layer_but_the_first_and_the_last(norm, channels, width):
    """Also where the image has as many channels as the first layer, because the place decides."""
    _, discriminator = pair("dcgan", (channels, 32, 32), width=width, norm=norm)
    layers = list(discriminator)
    convolutions = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    follows = [isinstance(layers[i + 1], KINDS[norm]) for i in convolutions]
    assert follows == [False, norm != "none", norm != "none", False]


def test_generator_normalises_every_layer_but_the_last():
    generator, _ = pair("dcgan", (3, 32, 32), width=8)
    kinds = [type(layer).__name__ for layer in generator]
    assert kinds == ["ConvTranspose2d", "BatchNorm2d", "ReLU"] * 3 + ["ConvTranspose2d", "Tanh"]


def test_widths_double_at_each_halving():
    generator, discriminator = pair("dcgan", (3, 64, 64), width=8)
    inputs = [layer.in_channels for layer in generator if isinstance(layer, nn.ConvTranspose2d)]
    outputs = [layer.out_channels for layer in discriminator if isinstance(layer, nn.Conv2d)]
    assert inputs == [100, 64, 32, 16, 8]
    assert outputs == [8, 16, 32, 64, 1]


def test_layer_norm_is_over_channels_height_and_width_of_one_image_with_a_gain_and_bias_per_channel():
    torch.manual_seed(0)
    _, discriminator = pair("dcgan", (3, 32, 32), width=4, norm="layer")
    norm = next(layer for layer in discriminator if isinstance(layer, nn.GroupNorm)).double()
    with torch.no_grad():
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    x = torch.randn(5, 8, 6, 7, dtype=torch.float64) * 3 + 2
    expected = torch.empty_like(x)
    for i, maps in enumerate(x):
        centred = maps - maps.sum() / maps.numel()
        root = (centred.square().sum() / maps.numel() + 1e-5).sqrt()
        for c in range(8):
            expected[i, c] = centred[c] / root * norm.weight[c] + norm.bias[c]
    assert norm.weight.shape == norm.bias.shape == (8,)
    assert_close(norm(x), expected)


@pytest.mark.parametrize(("architecture", "slope"), [("mlp", 0.2), ("mlp_relu", 0.0), ("mlp_he", 0.2)])
def test_mlp_activations(architecture, slope):
    _, discriminator = pair(architecture, (1, 2, 2), width=(3, 5))
    hidden = [layer for layer in discriminator if isinstance(layer, nn.ReLU | nn.LeakyReLU)]
    assert [layer(torch.tensor(-1.0)).item() for layer in hidden] == pytest.approx([-slope] * 2)


def test_mlp_generator_mirrors_the_discriminator():
    generator, discriminator = pair("mlp", (1, 2, 2), width=(3, 5), latent_dim=7)
    for network, widths in ((generator, (7, 5, 3, 4)), (discriminator, (4, 3, 5, 1))):
        linear = [layer for layer in network if isinstance(layer, nn.Linear)]
        assert [(layer.in_features, layer.out_features) for layer in linear] == list(pairwise(widths))


@pytest.mark.parametrize("network", [0, 1])
def test_wgan_gps_mlp_starts_by_he_in_hidden_layers_and_by_glorot_in_the_last(network):
    """Uniform weights: variance 2 / inputs in hidden layers, 2 / (inputs + outputs) in the last; biases 0."""
    torch.manual_seed(0)
    layers = [
        layer for layer in pair("mlp_he", (3, 32, 32), 32, latent_dim=128)[network] if isinstance(layer, nn.Linear)
    ]
    for layer in layers:
        fans = layer.in_features + (layer.out_features if layer is layers[-1] else 0)
        # The deviation of n uniform weights has a relative error of 0.45 / sqrt(n). The score has 256 weights.
        assert_close(layer.weight.std().item(), (2 / fans) ** 0.5, rtol=4 * 0.45 * layer.weight.numel() ** -0.5, atol=0)
        assert layer.weight.abs().max() <= (6 / fans) ** 0.5 and not layer.bias.any()


def test_untrained_images_of_wgan_gps_mlp_vary():
    """He's rule keeps a mean square of 1 in hidden layers, so a pixel has 512 x 2 / (512 + pixels) before tanh.

    PyTorch's initial weights, of variance 1 / (3 inputs), divide the mean square by 6 in each hidden layer, and images
    vary 16 times less.
    """
    torch.manual_seed(0)
    generator, _ = pair("mlp_he", (3, 64, 64), 64, latent_dim=128)
    plain, _ = pair("mlp_relu", (3, 64, 64), 64, latent_dim=128)
    latents = torch.randn(256, 128)
    with torch.no_grad():
        square = generator[:-2](latents).square().mean().item()
        ratio = generator(latents).std(0).mean() / plain(latents).std(0).mean()
    # With 512 units, over ten seeds, the mean square was off by at most 18 %, and the ratio was 15.5 to 16.9.
    assert_close(square, 512 * 2 / (512 + 3 * 64**2), rtol=0.2, atol=0)
    assert 15 < ratio < 17.5
