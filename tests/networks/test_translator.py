"""CycleGAN's generator: the authors' parameter counts and names, and the sizes that it can return."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.networks.translator import Residual, check_size, translator
from tests.pairs import count


@pytest.mark.parametrize(
    ("blocks", "norm", "parameters"),
    [(9, "instance", 11_378_179), (9, "batch", 11_383_427), (6, "instance", 7_837_699), (6, "batch", 7_841_411)],
)
def test_has_the_authors_count(blocks, norm, parameters):
    with torch.device("meta"):
        assert count(translator(3, 3, blocks=blocks, norm=norm)) == parameters


@pytest.mark.parametrize("side", [128, 256])
def test_layers_have_the_authors_names_and_shapes(side):
    """The names are those of a state dict of their program, without `model.`. Each weight has a bias."""
    blocks = {128: 6, 256: 9}[side]
    inside = {f"{10 + i}.conv_block.{place}": (256, 256, 3, 3) for i in range(blocks) for place in (1, 5)}
    after = 10 + blocks
    expected = {
        **{"1": (64, 3, 7, 7), "4": (128, 64, 3, 3), "7": (256, 128, 3, 3)},
        **inside,
        **{f"{after}": (256, 128, 3, 3), f"{after + 3}": (128, 64, 3, 3), f"{after + 7}": (3, 64, 7, 7)},
    }
    with torch.device("meta"):
        state = translator(3, 3, blocks=blocks).state_dict()
    assert {name.removesuffix(".weight"): tuple(w.shape) for name, w in state.items() if "bias" not in name} == expected
    assert {name.removesuffix(".bias") for name in state if "bias" in name} == set(expected)


@pytest.mark.parametrize("norm", ["instance", "batch", "layer"])
def test_norms_keep_no_running_statistics(norm):
    network = translator(3, 3, width=2, blocks=2, norm=norm)
    assert not list(network.buffers())
    kind = nn.BatchNorm2d if norm == "batch" else nn.GroupNorm
    norms = [layer for layer in network.modules() if isinstance(layer, kind)]
    assert len(norms) == 3 + 2 * 2 + 2
    if norm != "batch":  # instance norm is a group for each map, layer norm one group of all maps
        assert all(layer.num_groups == (layer.num_channels if norm == "instance" else 1) for layer in norms)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (12, 32), (64, 64)])
def test_returns_images_of_the_same_size(height, width):
    check_size(height, width)
    image = translator(1, 3, width=2, blocks=1)(torch.randn(2, 1, height, width))
    assert image.shape == (2, 3, height, width)
    assert image.abs().max() <= 1


@pytest.mark.parametrize(("height", "width"), [(30, 32), (32, 33), (4, 32), (0, 0)])
def test_refuses_a_size_that_it_would_change(height, width):
    with pytest.raises(Mistake, match=f"{width} x {height} pixels: .* multiples of 4, 8 or more"):
        check_size(height, width)


@pytest.mark.parametrize("norm", ["instance", "layer"])
def test_images_are_independent_except_under_batch_norm(norm):
    """Other images do not change it, in training mode too. 1e-6: sums over other batch sizes have another order."""
    torch.manual_seed(0)
    network, image = translator(3, 3, width=4, blocks=2, norm=norm), torch.randn(3, 3, 16, 16)
    assert_close(network(image)[1:2], network(image[1:2]), rtol=0, atol=1e-6)


def test_mean_colour_and_contrast_are_lost_to_instance_norm():
    """The result is the same without them. 1e-3: the norm's epsilon beside a variance of 0.01."""
    torch.manual_seed(0)
    network, image = translator(3, 3, width=4, blocks=1), torch.randn(1, 3, 16, 16)
    changed = 0.5 * image + torch.tensor([0.2, -0.3, 0.0])[:, None, None]
    with torch.no_grad():
        assert_close(network(changed), network(image), rtol=0, atol=1e-3)
        assert (network(image.flip(2)) - network(image)).abs().max() > 0.01


@pytest.mark.parametrize(("scale", "colour"), [(1.0, 0.3), (0.5, 0.0)], ids=["colour", "contrast"])
def test_layer_norm_leaves_mean_colour_and_contrast(scale, colour):
    """Contrast is kept through the convolutions' biases, which start at 0 and are trained. Here they are random."""
    torch.manual_seed(0)
    network, image = translator(3, 3, width=4, blocks=1, norm="layer"), torch.randn(1, 3, 16, 16)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            for p in layer.parameters():
                nn.init.normal_(p, std=0.2)
    with torch.no_grad():
        changed = network(scale * image + torch.tensor([colour, 0.0, 0.0])[:, None, None])
        assert (changed - network(image)).abs().mean() > 0.01


def test_a_block_adds_to_its_input():
    """It adds nothing if its convolutions are 0."""
    block, maps = Residual(4, "instance"), torch.randn(2, 4, 6, 6)
    for p in block.parameters():
        nn.init.zeros_(p)
    assert torch.equal(block(maps), maps)


def test_borders_are_reflected():
    """This holds for all convolutions but the halvings, which are padded with zeros, as in the authors' program."""
    network = translator(1, 1, width=4, blocks=2)
    halving = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2)]
    padded = {type(layer).__name__ for layer in network.modules() if "Pad" in type(layer).__name__}
    assert padded == {"ReflectionPad2d"}
    others = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and layer not in halving]
    assert {layer.padding for layer in others} == {(0, 0)} and {layer.padding for layer in halving} == {(1, 1)}


def test_starts_from_the_authors_weights():
    """N(0, 0.02), biases 0. The deviation of 147,456 weights is within 1 %, about five standard errors."""
    torch.manual_seed(0)
    network = translator(3, 3, width=32, blocks=1)
    weight = network.get_parameter("10.conv_block.1.weight")
    assert_close(weight.std(), torch.tensor(0.02), rtol=0.01, atol=0)
    assert abs(weight.mean()) < 0.02 / weight.numel() ** 0.5 * 4
    assert all((bias == 0).all() for name, bias in network.named_parameters() if "bias" in name)
