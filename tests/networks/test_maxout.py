"""The original GAN's networks: units computed by hand, places of dropout, initial weights, accepted widths."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.networks.maxout import Maxout
from tests.pairs import pair


def test_a_unit_is_the_greatest_of_its_linear_functions():
    torch.manual_seed(0)
    layer, x = Maxout(3, units=4, pieces=5), torch.randn(7, 3)
    weight, bias = layer.linear.weight.view(4, 5, 3), layer.linear.bias.view(4, 5)
    expected = torch.stack(
        [torch.stack([max(weight[u, k] @ row + bias[u, k] for k in range(5)) for u in range(4)]) for row in x]
    )
    assert_close(layer(x), expected)


def test_only_the_greatest_piece_gets_a_gradient():
    layer = Maxout(1, units=1, pieces=3)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [3.0], [2.0]]))
        layer.linear.bias.zero_()
    layer(torch.ones(1, 1)).sum().backward()
    assert layer.linear.bias.grad is not None
    assert layer.linear.bias.grad.tolist() == [0, 1, 0]


def test_dropout_is_before_each_layer_of_the_discriminator_and_nowhere_else():
    generator, discriminator = pair("maxout", (1, 28, 28), (1200, 1200))
    kinds = [type(layer).__name__ for layer in discriminator]
    assert kinds == ["Flatten", "Dropout", "Maxout", "Dropout", "Maxout", "Dropout", "Linear", "Flatten"]
    assert [layer.p for layer in discriminator if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]
    assert [type(layer).__name__ for layer in generator] == ["Linear", "ReLU"] * 2 + ["Linear", "Tanh", "Unflatten"]


@pytest.mark.parametrize(("place", "scale"), [(1, 1.25), (3, 2.0), (5, 2.0)])
def test_kept_values_are_scaled_up_in_training_only(place, scale):
    _, discriminator = pair("maxout", (1, 28, 28), (1200, 1200))
    torch.manual_seed(0)
    dropped = discriminator[place](torch.ones(1, 10_000))
    assert_close(dropped.unique(), torch.tensor([0.0, scale]))
    # The share of 10,000 draws has a standard error of at most 0.005; four of them are allowed.
    assert (dropped > 0).float().mean().item() == pytest.approx(1 / scale, abs=0.02)
    assert_close(discriminator.eval()[place](torch.ones(2, 3)), torch.ones(2, 3))


def test_weights_start_within_the_programs_bounds():
    torch.manual_seed(0)
    for network, bound in zip(pair("maxout", (1, 28, 28), (1200, 1200)), (0.05, 0.005), strict=True):
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                # The largest of 240 or more weights is below 9/10 of the bound once in 1e11.
                assert 0.9 * bound < layer.weight.abs().max() <= bound
                assert not layer.bias.any()


@pytest.mark.parametrize("width", [64, (1200, 1201), (4,)])
def test_widths_that_are_not_multiples_of_the_pieces_are_refused_by_both(width):
    with pytest.raises(Mistake, match="multiples of 5"):
        pair("mlp", (1, 28, 28), width, generator="maxout")
    with pytest.raises(Mistake, match="multiples of 5"):
        pair("mlp", (1, 28, 28), width, discriminator="maxout")


def test_images_of_any_shape_are_made_and_scored():
    generator, discriminator = pair("maxout", (3, 17, 5), (10, 5), latent_dim=6)
    image = generator(torch.randn(3, 6))
    assert image.shape == (3, 3, 17, 5)
    assert discriminator(image).shape == (3,)
