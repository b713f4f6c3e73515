"""AdaIN: the decoder, its training, and images in one or more styles."""

import pytest
import torch
import torchvision
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.layers import adaptive_instance_norm, channel_moments
from gan_zoo.models.adain import DEPTHS, AdaIN, decoder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), file)
    return str(file)


@pytest.fixture(scope="module")
def model(weights):
    torch.manual_seed(1)
    return AdaIN(network="vgg16", vgg_weights=weights)


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_decoders_have_the_authors_count():
    """VGG-19 has 3,505,219. VGG-16 lacks one convolution of 256 channels, which has 256 x 256 x 9 + 256."""
    assert count(decoder("vgg19")) == 3_505_219
    assert count(decoder("vgg16")) == 3_505_219 - (256 * 256 * 9 + 256)


def test_encoder_has_the_authors_count_but_for_their_colour_layer(model):
    """Theirs has 3,505,740 with a 1 x 1 layer of 3 x 3 + 3, which torchvision lacks. VGG-16 lacks a convolution too."""
    numbers = sum(buffer.numel() for layer in model.encoder.convolutions for buffer in layer.buffers())
    assert numbers == 3_505_740 - 12 - (256 * 256 * 9 + 256)


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
def test_decoder_mirrors_sizes_with_reflection_and_no_norm(network):
    layers = list(decoder(network).children())
    convolutions = [layer for layer in layers if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.padding_mode for layer in convolutions] == ["reflect"] * len(convolutions)
    assert (convolutions[0].in_channels, convolutions[-1].out_channels) == (512, 3)
    assert [layer.mode for layer in layers if isinstance(layer, torch.nn.Upsample)] == ["nearest"] * 3
    kinds = {type(layer) for layer in layers}
    assert kinds == {torch.nn.Conv2d, torch.nn.ReLU, torch.nn.Upsample}
    assert isinstance(layers[-1], torch.nn.Conv2d), "no ReLU at the end"
    assert decoder(network)(torch.zeros(1, 512, 4, 5)).shape == (1, 3, 32, 40)


def test_terms_are_those_of_equation_11(model):
    batch = {"a": noise(2, 3, 32, 32), "b": noise(2, 3, 32, 32, seed=1)}
    terms = model.loss(batch)
    content, style = model.encoder(batch["a"])[DEPTHS[-1]], model.encoder(batch["b"])
    target = adaptive_instance_norm(content, *channel_moments(style[DEPTHS[-1]]))
    result = model.encoder(model.generator(target))
    assert_close(terms["generator/content"], (result[DEPTHS[-1]] - target).square().mean() / target.square().mean())
    expected = 0.0
    for name in DEPTHS:
        for moment, target in zip(channel_moments(result[name]), channel_moments(style[name]), strict=True):
            expected += (moment - target).square().mean() / target.square().mean()
    assert_close(terms["generator/style"], torch.as_tensor(expected))


def test_only_the_decoder_is_trained_and_saved(model):
    before = [buffer.clone() for buffer in model.encoder.buffers()]
    optimizer = model.configure_optimizers()
    owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert owned == {id(p) for p in model.parameters()} == {id(p) for p in model.generator.parameters()}
    assert {name.split(".")[0] for name in model.state_dict()} == {"generator"}
    terms = model.loss({"a": noise(1, 3, 16, 16), "b": noise(1, 3, 16, 16, seed=1)})
    torch.stack(list(terms.values())).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.generator.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, model.encoder.buffers(), strict=True))


def test_the_rate_decays_as_in_the_authors_program(model):
    assert model.rate(0) == 1 and model.rate(20_000) == pytest.approx(0.5)


@pytest.mark.parametrize("size", [(64, 64), (50, 71), (17, 16)])
def test_the_result_has_the_size_of_the_content(model, size):
    result = model.stylize(noise(2, 3, *size), [noise(1, 3, 40, 30, seed=1)])
    assert result.shape == (2, 3, *size)
    assert result.min() >= -1 and result.max() <= 1


def test_a_result_does_not_depend_on_the_other_images(model):
    contents, style = noise(3, 3, 32, 32), [noise(1, 3, 32, 32, seed=1)]
    assert_close(model.stylize(contents, style)[1:2], model.stylize(contents[1:2], style))


def test_strength_0_is_the_decoded_content_and_1_the_style(model):
    content, style = noise(1, 3, 32, 32), noise(1, 3, 32, 32, seed=1)
    with torch.no_grad():
        plain = model.generator(model.encoder(content)[DEPTHS[-1]]).clamp(-1, 1)
    assert_close(model.stylize(content, [style], strength=0.0), plain)
    assert not torch.equal(model.stylize(content, [style]), plain)


def test_weights_mix_styles_and_are_relative(model):
    content, styles = noise(1, 3, 32, 32), [noise(1, 3, 32, 32, seed=1), noise(1, 3, 24, 40, seed=2)]
    first = model.stylize(content, styles, weights=(1.0, 0.0))
    assert_close(first, model.stylize(content, styles[:1]))
    assert_close(model.stylize(content, styles, weights=(2.0, 6.0)), model.stylize(content, styles, weights=(1.0, 3.0)))
    assert_close(model.stylize(content, styles), model.stylize(content, styles, weights=(1.0, 1.0)))
    assert not torch.equal(model.stylize(content, styles), first)


def test_masks_give_each_region_its_style(model):
    """Far enough from the border between the halves for the decoder's convolutions, each half has only its style."""
    content, styles = noise(1, 3, 32, 192), [noise(1, 3, 32, 32, seed=1), noise(1, 3, 32, 32, seed=2)]
    left = torch.zeros(32, 192)
    left[:, :96] = 1
    both = model.stylize(content, styles, masks=torch.stack([left, 1 - left]))
    assert_close(both[..., :48], model.stylize(content, styles[:1])[..., :48])
    assert_close(both[..., -48:], model.stylize(content, styles[1:])[..., -48:])


@pytest.mark.parametrize("mixture", [(1.0,), (1.0, -1.0), (0.0, 0.0)])
def test_weights_that_do_not_match_are_refused(model, mixture):
    with pytest.raises(Mistake, match=r"Weights .* for 2 style"):
        model.stylize(noise(1, 3, 32, 32), [noise(1, 3, 32, 32)] * 2, weights=mixture)


def test_a_grid_has_one_row_per_content_and_one_column_per_style(model):
    """The first row is a white image and the styles. The first column shows the contents."""
    batch = {"a": noise(2, 3, 32, 32, seed=3), "b": noise(2, 3, 32, 32, seed=4)}
    shown, columns = model.show(9, 0, lambda count: {key: image[:count] for key, image in batch.items()})
    assert columns == 3 and shown.shape == (9, 3, 32, 32)
    assert (shown[0] == 1).all() and torch.equal(shown[1:3], batch["b"]) and torch.equal(shown[3::3], batch["a"])
    for row, content in enumerate(batch["a"].split(1)):
        for column, style in enumerate(batch["b"].split(1)):
            result = shown[3 * (row + 1) + column + 1]
            assert_close(result, model.stylize(content, [style])[0], rtol=0, atol=1e-5)


def test_black_masks_leave_the_content_and_white_ones_share_equally(model):
    content, styles = noise(1, 3, 32, 32), [noise(1, 3, 32, 32), noise(1, 3, 24, 24, seed=2)]
    black, white = torch.zeros(2, 32, 32), torch.ones(2, 32, 32)
    assert_close(model.stylize(content, styles, masks=black), model.stylize(content, styles, strength=0.0))
    assert_close(model.stylize(content, styles, masks=white), model.stylize(content, styles, weights=(1.0, 1.0)))
    with pytest.raises(Mistake, match="Weights and masks"):
        model.stylize(content, styles, weights=(1.0, 1.0), masks=white)


def test_masks_that_do_not_match_and_small_images_are_refused(model):
    with pytest.raises(Mistake, match="give one mask for each style"):
        model.stylize(noise(1, 3, 32, 32), [noise(1, 3, 32, 32)], masks=torch.ones(1, 16, 16))
    with pytest.raises(Mistake, match="40 x 15 pixels is too small"):
        model.stylize(noise(1, 3, 15, 40), [noise(1, 3, 32, 32)])
