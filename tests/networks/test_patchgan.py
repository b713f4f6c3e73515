"""PatchGAN: parameter counts and order of the authors' programs, and patch sizes measured by the gradient."""

import pytest
import torch
from torch import nn

from gan_zoo.networks.patchgan import least_side, patchgan
from tests.pairs import count

PATCHES = {0: 1, 1: 16, 2: 34, 3: 70, 4: 142, 5: 286}
"""Patch size in pixels, by number of convolutions of stride 2."""


@pytest.mark.parametrize(
    ("channels", "layers", "norm", "expected"),
    [
        (6, 3, "batch", 2_768_705),
        (6, 3, "instance", 2_767_809),
        (3, 3, "batch", 2_765_633),
        (3, 3, "instance", 2_764_737),
        (6, 0, "batch", 9_024),
        (6, 1, "batch", 139_585),
        (6, 5, "batch", 11_159_361),
    ],
)
def test_parameters_are_as_many_as_in_the_authors_program(channels, layers, norm, expected):
    with torch.device("meta"):
        assert count(patchgan(channels, layers=layers, norm=norm)) == expected


@pytest.mark.parametrize(("layers", "side"), [(0, 256), (1, 126), (2, 62), (3, 30), (4, 14), (5, 6)])
def test_a_score_for_each_patch_of_256_pixels(layers, side):
    assert patchgan(6, width=2, layers=layers)(torch.zeros(1, 6, 256, 256)).shape == (1, 1, side, side)


@pytest.mark.parametrize(("layers", "patch"), PATCHES.items())
def test_a_score_sees_its_patch_alone(layers, patch):
    """The rows and columns with a gradient are those of the patch.

    The network has no norm, which would see all of the image, and weights of 1, which never cancel.
    """
    network = nn.Sequential(*(layer for layer in patchgan(1, 1, layers) if not isinstance(layer, nn.BatchNorm2d)))
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    image = torch.zeros(1, 1, 384, 384, requires_grad=True)
    scores = network(image)
    middle = scores.shape[2] // 2
    scores[0, 0, middle, middle].backward()
    assert image.grad is not None
    pixels = image.grad[0, 0].nonzero()
    assert (pixels.amax(0) - pixels.amin(0) + 1).tolist() == [patch, patch]


def test_weights_come_in_the_authors_order():
    shapes = [tuple(value.shape) for name, value in patchgan(6).state_dict().items() if value.dim() == 4]
    assert shapes == [(64, 6, 4, 4), (128, 64, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4), (1, 512, 4, 4)]
    names = [type(layer).__name__ for layer in patchgan(6)]
    middle = ["Conv2d", "BatchNorm2d", "LeakyReLU"] * 3
    assert names == ["Conv2d", "LeakyReLU", *middle, "Conv2d"]


@pytest.mark.parametrize("layers", PATCHES)
def test_the_smallest_image_has_one_score_and_a_smaller_one_none(layers):
    """Also with instance norm, which cannot take statistics of a single number."""
    network, side = patchgan(1, 1, layers, "instance"), least_side(layers)
    if layers:
        assert network(torch.zeros(1, 1, side, side)).shape == (1, 1, 1, 1)
        with pytest.raises((RuntimeError, ValueError)):
            network(torch.zeros(1, 1, side - 1, side - 1))
    else:
        assert network(torch.zeros(1, 1, 2, 3)).shape == (1, 1, 2, 3)


def test_weights_start_as_the_papers_say():
    """Deviations: of 524,288 weights within 1 % of 0.02 (ten standard errors), of 256 gains within 20 % (five)."""
    torch.manual_seed(0)
    network = patchgan(6)
    convolution, norm = network[5], network[6]
    assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.01)
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.2)
    assert not norm.bias.any()
