"""VGG's features by name, compared with torchvision's, and the losses on them, with values computed by hand."""

import pytest
import torch
import torchvision
from torch import nn
from torch.testing import assert_close

from gan_zoo import perceptual
from gan_zoo.errors import Mistake
from gan_zoo.layers import adaptive_instance_norm, channel_moments
from gan_zoo.perceptual import Features


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory):
    """torchvision's VGG-16 with random weights, and the file of these weights."""
    torch.manual_seed(0)
    network = torchvision.models.vgg16(weights=None).eval()
    file = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save({name: value for name, value in network.state_dict().items() if name.startswith("features")}, file)
    return network, str(file)


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_features_are_torchvisions_by_name(vgg16):
    """In `features` of torchvision's VGG-16, relu1_1 has index 1, relu4_2 index 20, and relu5_3 index 29."""
    network, file = vgg16
    image = noise(2, 3, 48, 40)
    mean, deviation = (torch.tensor(colour)[:, None, None] for colour in (perceptual.MEAN, perceptual.DEVIATION))
    features = Features(("relu1_1", "relu4_2", "relu5_3"), "vgg16", file)(image)
    normal = ((image + 1) / 2 - mean) / deviation
    for name, last in (("relu1_1", 1), ("relu4_2", 20), ("relu5_3", 29)):
        assert_close(features[name], network.features[: last + 1](normal))


def test_average_pooling_replaces_max_pooling(vgg16):
    network, file = vgg16
    image = noise(1, 3, 32, 32)
    averaging = [nn.AvgPool2d(2) if isinstance(layer, nn.MaxPool2d) else layer for layer in network.features[:12]]
    features = Features(("relu1_1", "relu3_1"), "vgg16", file, pooling="average")
    normal = ((image + 1) / 2 - features.mean) / features.deviation
    assert_close(features(image)["relu3_1"], nn.Sequential(*averaging)(normal))


def test_relu_taps_are_not_overwritten(vgg16):
    """With a ReLU in place, an earlier feature would be overwritten by a later one."""
    _, file = vgg16
    features = Features(("relu1_1", "relu1_2"), "vgg16", file)
    maps = features(noise(1, 3, 16, 16))
    again = features.convolutions[1](maps["relu1_1"])
    assert_close(maps["relu1_2"], again)
    assert (maps["relu1_1"] >= 0).all() and not torch.equal(maps["relu1_1"], maps["relu1_2"])


@pytest.mark.parametrize(
    ("network", "whole", "to_relu5_1"), [("vgg19", 20_024_384, 12_944_960), ("vgg16", 14_714_688, 9_995_072)]
)
def test_convolutions_have_as_many_weights_as_torchvisions(network, whole, to_relu5_1):
    sizes = [out * into * 9 + out for _, into, out in perceptual.plan(network)]
    assert sum(sizes) == whole == sum(p.numel() for p in getattr(torchvision.models, network)().features.parameters())
    assert sum(sizes[: perceptual.layer_names(network).index("relu5_1") + 1]) == to_relu5_1


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
def test_places_are_torchvisions(network):
    theirs = getattr(torchvision.models, network)().features
    assert perceptual.places(network) == [i for i, layer in enumerate(theirs) if isinstance(layer, torch.nn.Conv2d)]


def test_the_network_is_neither_saved_nor_trained(vgg16):
    features = Features(("relu2_1",), "vgg16", vgg16[1])
    assert not features.state_dict() and not list(features.parameters())


def test_gradients_reach_the_image(vgg16):
    image = noise(1, 3, 16, 16).requires_grad_()
    Features(("relu2_1",), "vgg16", vgg16[1])(image)["relu2_1"].sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0


def test_half_precision_and_features_alone_are_read_too(vgg16, tmp_path):
    network, file = vgg16
    torch.save({name: value.half() for name, value in network.state_dict().items()}, tmp_path / "half.pth")
    torch.save(network.features.state_dict(), tmp_path / "bare.pth")
    image, taps = noise(1, 3, 16, 16), ("relu2_2",)
    expected = Features(taps, "vgg16", file)(image)["relu2_2"]
    assert torch.equal(Features(taps, "vgg16", str(tmp_path / "bare.pth"))(image)["relu2_2"], expected)
    half = Features(taps, "vgg16", str(tmp_path / "half.pth"))(image)["relu2_2"]
    assert half.dtype == torch.float32
    assert_close(half, expected, rtol=2e-3, atol=2e-3)  # half precision has 11 bits


def test_weights_of_another_network_are_refused(vgg16):
    with pytest.raises(Mistake, match="not of vgg19: it holds vgg16"):
        Features(("relu1_1",), "vgg19", vgg16[1])


@pytest.mark.parametrize(
    ("content", "message"), [({"a": torch.zeros(3)}, "not of vgg16"), ([1, 2], "a list, not a state dict")]
)
def test_other_files_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(Mistake, match=message):
        Features(("relu1_1",), "vgg16", str(tmp_path / "x.pth"))


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(Mistake, match=r"no file .*gone\.pth"):
        Features(("relu1_1",), "vgg16", str(tmp_path / "gone.pth"))
    (tmp_path / "x.pth").write_bytes(b"not a file of torch's")
    with pytest.raises(Mistake, match=r"x\.pth is not a state dict"):
        Features(("relu1_1",), "vgg16", str(tmp_path / "x.pth"))


def test_weights_that_are_not_finite_are_refused(vgg16, tmp_path):
    state = torch.load(vgg16[1])
    name = next(name for name in state if name.endswith("7.weight"))
    for wrong in (float("nan"), float("inf")):
        broken = state | {name: state[name].index_fill(0, torch.tensor([3]), wrong)}
        torch.save(broken, tmp_path / "x.pth")
        with pytest.raises(Mistake, match=r"infinite or NaN values in .*7\.weight"):
            Features(("relu1_1",), "vgg16", str(tmp_path / "x.pth"))


def test_a_failed_download_names_the_file_and_its_address(tmp_path, monkeypatch):
    """A proxy at an address where nothing listens stands for a missing network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    where = r"fetch https://download\.pytorch\.org/models/vgg19-dcbb9e9d\.pth and name the file with --vgg-weights"
    with pytest.raises(Mistake, match=where):
        Features(("relu1_1",), "vgg19")


def test_an_unknown_layer_names_the_closest(vgg16):
    with pytest.raises(Mistake, match=r"no layer relu3_4 \(did you mean relu3_"):
        Features(("relu3_4",), "vgg16", vgg16[1])


def test_too_small_an_image_is_refused_and_the_smallest_is_not(vgg16):
    features = Features(("relu4_1",), "vgg16", vgg16[1])
    assert features(noise(1, 3, 8, 8))["relu4_1"].shape[2:] == (1, 1)
    with pytest.raises(Mistake, match="20 x 7 pixels is too small for relu4_1: it needs at least 8"):
        features(noise(1, 3, 7, 20))


def test_gram_is_the_sum_of_outer_products():
    """F has 3 channels and 2 pixels; the result is F times its transpose."""
    flat = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    by_hand = torch.outer(flat[:, 0], flat[:, 0]) + torch.outer(flat[:, 1], flat[:, 1])
    assert_close(by_hand, torch.tensor([[5.0, 11.0, 17.0], [11.0, 25.0, 39.0], [17.0, 39.0, 61.0]]))
    assert_close(perceptual.gram(flat[None, :, :, None])[0], by_hand)


def test_gram_is_unchanged_by_a_circular_shift():
    maps = noise(2, 5, 6, 7)
    assert_close(perceptual.gram(maps.roll((2, 3), dims=(2, 3))), perceptual.gram(maps))


def test_losses_are_0_for_their_target_and_1_for_zeros():
    maps = noise(2, 5, 6, 7)
    for loss in (perceptual.content_loss, perceptual.gram_loss):
        assert loss(maps, maps) == 0
        assert_close(loss(torch.zeros_like(maps), maps), torch.tensor(1.0))
    assert perceptual.moments_loss(maps, maps) == 0


def test_losses_do_not_depend_on_the_scale_of_features_nor_gram_on_their_size():
    a, b = noise(1, 5, 6, 7), noise(1, 5, 6, 7, seed=1)
    for loss in (perceptual.content_loss, perceptual.gram_loss):
        assert_close(loss(a * 100, b * 100), loss(a, b))
    assert_close(perceptual.gram_loss(a.repeat(1, 1, 2, 3), b), perceptual.gram_loss(a, b))


def test_total_variation_of_a_ramp():
    """The ramp rises by 0.1 per column, which gives 0.01 across and 0 down."""
    ramp = (torch.arange(6) * 0.1).expand(1, 3, 4, 6)
    assert_close(perceptual.total_variation(ramp), torch.tensor(0.01))


def test_adain_with_its_own_moments_changes_nothing():
    maps = noise(2, 5, 6, 7).double()
    assert_close(adaptive_instance_norm(maps, *channel_moments(maps)), maps)


def test_adain_has_the_styles_moments_per_image_and_channel():
    """The 1e-5 that is added to the variance changes the deviations by about 1e-5 of their value."""
    content, style = noise(2, 5, 16, 16).double(), noise(2, 5, 9, 4, seed=1).double() * 3 + 1
    result = adaptive_instance_norm(content, *channel_moments(style))
    for i in range(2):
        for channel in range(5):
            assert_close(result[i, channel].mean(), style[i, channel].mean())
            assert_close(result[i, channel].std(correction=0), style[i, channel].std(correction=0), rtol=1e-4, atol=0)


def test_the_norms_differ_only_in_their_axes():
    """torch's batch, layer and instance norm are compared with moments over these axes."""
    x = noise(3, 4, 5, 6) * 2 + 1

    def by_hand(*axes):
        return (x - x.mean(axes, keepdim=True)) / (x.var(axes, correction=0, keepdim=True) + 1e-5).sqrt()

    assert_close(torch.nn.BatchNorm2d(4)(x), by_hand(0, 2, 3))
    assert_close(torch.nn.GroupNorm(1, 4)(x), by_hand(1, 2, 3))
    assert_close(torch.nn.InstanceNorm2d(4)(x), by_hand(2, 3))
    zeros, ones = torch.zeros(3, 4, 1, 1), torch.ones(3, 4, 1, 1)
    assert_close(adaptive_instance_norm(x, zeros, ones), by_hand(2, 3))
