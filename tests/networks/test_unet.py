"""The U-Net: counts and order of the authors' program, levels with dropout, the same results in both modes."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo.networks.unet import Level, UNet, dropout
from tests.pairs import count


def noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def draws(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("halvings", "norm", "expected"),
    [
        (8, "batch", 54_413_955),
        (8, "instance", 54_409_603),
        (7, "batch", 41_828_995),
        (7, "instance", 41_825_667),
    ],
)
def test_parameters_are_as_many_as_in_the_authors_program(halvings, norm, expected):
    with torch.device("meta"):
        assert count(UNet(3, 3, halvings=halvings, norm=norm)) == expected


@pytest.mark.parametrize(
    ("halvings", "size"), [(8, (256, 256)), (8, (256, 512)), (7, (128, 128)), (6, (64, 64)), (2, (4, 8))]
)
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_an_image_comes_out_at_its_size(halvings, size, norm):
    image = UNet(3, 2, width=2, halvings=halvings, norm=norm)(noise(1, 3, *size))
    assert image.shape == (1, 2, *size)
    assert image.abs().max() <= 1


def test_weights_come_in_the_authors_order_with_skipped_maps_beside_those_from_below():
    """The order is down from the image, then up from the innermost level.

    The first axis of a transposed convolution is its input.
    """
    with torch.device("meta"):
        shapes = [tuple(p.shape[:2]) for p in UNet(3, 3).parameters() if p.dim() == 4]
    down = [(64, 3), (128, 64), (256, 128), (512, 256), (512, 512), (512, 512), (512, 512), (512, 512)]
    up = [(512, 512), (1024, 512), (1024, 512), (1024, 512), (1024, 256), (512, 128), (256, 64), (128, 3)]
    assert shapes == down + up


@pytest.mark.parametrize(("halvings", "sides"), [(8, {4, 8, 16}), (7, {4, 8}), (6, {4}), (5, set())])
def test_maps_that_lose_half_are_those_of_the_authors_later_program(halvings, sides):
    network, dropped = UNet(1, 1, width=1, halvings=halvings), set()
    for level in network.modules():
        if isinstance(level, Level) and level.drops:
            level.up.register_forward_hook(lambda _, __, maps: dropped.add(maps.shape[2]))
    network(noise(1, 1, 2**halvings, 2**halvings))
    assert dropped == sides


def test_half_is_dropped_and_the_rest_doubled():
    """There are 40,000 numbers; 0.0125 is five standard errors of the share that is kept."""
    maps = dropout(torch.ones(10, 4, 10, 100), draws(0))
    assert set(maps.unique().tolist()) == {0.0, 2.0}
    assert maps.mean().item() / 2 == pytest.approx(0.5, abs=0.0125)
    assert torch.equal(maps, dropout(torch.ones(10, 4, 10, 100), draws(0)))
    assert not torch.equal(maps, dropout(torch.ones(10, 4, 10, 100), draws(1)))


def test_evaluation_changes_nothing():
    network, image = UNet(3, 3, width=2, halvings=6), noise(1, 3, 64, 64)
    trained = network(image, draws(3))
    assert_close(network.eval()(image, draws(3)), trained, rtol=0, atol=0)
    assert not torch.equal(network(image, draws(4)), trained), "dropout stays on"
    assert not [name for name, _ in network.named_buffers()], "no running statistics"


def test_batch_norm_of_one_image_is_instance_norm():
    """For one image, the statistics are the same. Batch norm's gains are set to 1, its biases to 0."""
    batch, instance = (UNet(3, 3, width=2, halvings=4, norm=norm) for norm in ("batch", "instance"))
    weights = batch.state_dict()
    for layer in batch.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    instance.load_state_dict({k: v for k, v in weights.items() if v.dim() == 4 or k.startswith("last")}, strict=False)
    assert_close(batch(noise(1, 3, 16, 16)), instance(noise(1, 3, 16, 16)))
    assert not torch.equal(batch(noise(2, 3, 16, 16)), instance(noise(2, 3, 16, 16)))
