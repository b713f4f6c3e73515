"""SNGAN: sigma of the normalised weights, projection, conditional batch norm, parameter counts, the hinge losses."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo import losses
from gan_zoo.errors import Mistake
from gan_zoo.layers import ConditionalBatchNorm2d, spectrally_normalised
from gan_zoo.models.sngan import SNGAN
from gan_zoo.networks.conditional import Projected
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy

SMALL = {"image_shape": (1, 32, 32), "num_classes": 0, "latent_dim": 6, "width": 8, "discriminator_width": 8}


def sngan(**changed):
    torch.manual_seed(0)
    return SNGAN(**SMALL | changed)


def count(network):
    return sum(p.numel() for p in network.parameters())


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def normalised_layers(network) -> list[Any]:
    return [layer for layer in network.modules() if hasattr(layer, "parametrizations")]


@pytest.mark.parametrize(
    ("arguments", "generator", "discriminator"),
    [
        ({"image_shape": (3, 32, 32)}, 4_276_739, 1_053_825),  # the program's score has no bias: 1,053,824
        ({"image_shape": (3, 48, 48), "width": 64, "discriminator_width": 64}, 4_878_083, 10_141_441),
        ({"image_shape": (3, 64, 64), "width": 64, "discriminator_width": 64}, 12_220_675, 10_141_441),
        ({"image_shape": (3, 128, 128), "width": 64, "discriminator_width": 64}, 32_150_787, 29_017_857),
        (
            {"image_shape": (3, 32, 32), "architecture": "sngan_cnn", "width": 64, "discriminator_width": 64},
            3_812_355,
            2_935_873,
        ),
        ({"image_shape": (3, 32, 32), "projection": True, "num_classes": 10}, 4_304_387, 1_055_105),
        (
            {
                "image_shape": (3, 64, 64),
                "projection": True,
                "num_classes": 1000,
                "width": 64,
                "discriminator_width": 64,
            },
            17_974_915,
            11_165_441,
        ),
        (
            {
                "image_shape": (3, 128, 128),
                "projection": True,
                "num_classes": 1000,
                "width": 64,
                "discriminator_width": 64,
            },
            41_996_931,
            30_041_857,
        ),
    ],
)
def test_networks_have_the_published_counts(arguments, generator, discriminator, monkeypatch):
    """On the meta device nothing is drawn or computed, so the power iteration is left out too."""
    monkeypatch.setattr("gan_zoo.models.sngan.spectrally_normalised", lambda network: network)
    with torch.device("meta"):
        model = SNGAN(**{"num_classes": 0} | arguments)
    assert count(model.generator) == generator
    assert count(model.discriminator) == discriminator


def test_sigma_of_each_normalised_weight_is_one_after_a_few_passes():
    """1.00 to 1.05: the power iteration estimates sigma from below, so the divisor is at most the true sigma."""
    discriminator = sngan(projection=True, num_classes=3).discriminator
    for i in range(5):
        discriminator(noise(4, 1, 32, 32, seed=i), torch.tensor([0, 1, 2, 0]))
    layers = normalised_layers(discriminator.eval())
    assert {type(layer).__name__ for layer in layers} == {
        "ParametrizedConv2d",
        "ParametrizedLinear",
        "ParametrizedEmbedding",
    }
    for layer in layers:
        sigma = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
        assert 1.0 - 1e-5 <= sigma <= 1.05


def test_every_layer_with_a_weight_is_normalised_in_the_discriminator_alone():
    model = sngan(projection=True, num_classes=3)
    kinds = (nn.Conv2d, nn.Linear, nn.Embedding)
    assert len(normalised_layers(model.discriminator)) == sum(
        isinstance(m, kinds) for m in model.discriminator.modules()
    )
    assert not normalised_layers(model.generator)


def test_training_moves_the_iteration_and_eval_does_not():
    layer = spectrally_normalised(nn.Conv2d(3, 4, 3))
    start = [buffer.clone() for buffer in layer.buffers()]
    layer.eval()
    assert layer.weight.shape == (4, 3, 3, 3)
    assert all(torch.equal(a, b) for a, b in zip(start, layer.buffers(), strict=True))
    layer.train()
    assert layer.weight.shape == (4, 3, 3, 3)  # reading it is a pass
    assert not all(torch.equal(a, b) for a, b in zip(start, layer.buffers(), strict=True))


def test_gradient_is_that_of_a_constant_direction():
    """With u and v constant, <W / u'Wv, uv'> is 1 whatever W is, so its gradient is 0."""
    layer: Any = spectrally_normalised(nn.Linear(5, 4, bias=False).double()).eval()
    u, v = layer.parametrizations.weight[0]._u, layer.parametrizations.weight[0]._v
    (gradient,) = torch.autograd.grad((layer.weight * torch.outer(u, v)).sum(), layer.parametrizations.weight.original)
    assert_close(gradient, torch.zeros_like(gradient))


def test_a_zero_embedding_is_the_unconditional_discriminator():
    torch.manual_seed(0)
    network = Projected(nn.Flatten(), 16, num_classes=3)
    image = noise(4, 1, 4, 4)
    nn.init.zeros_(network.embedding.weight)
    assert_close(network(image, torch.tensor([0, 1, 2, 0])), network.score(image.flatten(1)).squeeze(1))


def test_labels_change_the_score_through_the_embedding_alone():
    """D(x, a) - D(x, b) is the inner product of the embeddings' difference with the features."""
    network: Any = sngan(projection=True, num_classes=3).discriminator.eval()
    image, a, b = noise(4, 1, 32, 32), torch.tensor([0, 1, 2, 0]), torch.tensor([2, 2, 1, 1])
    rows = network.embedding.weight
    assert_close(network(image, a) - network(image, b), ((rows[a] - rows[b]) * network.features(image)).sum(1))


def test_conditional_batch_norm_starts_at_gain_one_and_has_a_row_for_each_class():
    norm, x, label = ConditionalBatchNorm2d(3, 4), noise(6, 4, 5, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    assert_close(norm(x, label), nn.BatchNorm2d(4)(x))
    with torch.no_grad():
        norm.gain[1], norm.bias[2] = 3.0, 5.0
    expected = nn.BatchNorm2d(4)(x)
    expected[[1, 4]] *= 3
    expected[[2, 5]] += 5
    assert_close(norm(x, label), expected)


def test_the_last_norm_of_the_generator_knows_no_class():
    generator: Any = sngan(projection=True, num_classes=3).generator
    assert isinstance(generator.last[0], nn.BatchNorm2d)
    assert sum(isinstance(layer, ConditionalBatchNorm2d) for layer in generator.modules()) == 6


@pytest.mark.parametrize("objective", ["hinge", "non_saturating"])
def test_terms_are_those_of_the_paper(objective):
    model, image = sngan(objective=objective), noise(4, 1, 32, 32)
    model.discriminator.eval()  # so that the two passes below see the same weights
    torch.manual_seed(0)
    (term,) = model.discriminator_loss({"image": image}).values()
    torch.manual_seed(0)
    fake = model.discriminator(model(model.latents(4)))
    real = model.discriminator(image)
    if objective == "hinge":
        expected = torch.clamp(1 - real, min=0).mean() + torch.clamp(1 + fake, min=0).mean()
    else:
        expected = losses.minimax_discriminator(real=real, fake=fake)
    assert_close(term, expected)


def test_hinge_by_hand():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.25])
    assert_close(losses.hinge_discriminator(real=real, fake=fake), torch.tensor((0 + 0.5) / 2 + (0 + 1.25) / 2))
    assert losses.hinge_discriminator(real=torch.full((2,), 1.0), fake=torch.full((2,), -1.0)) == 0


def test_the_generators_batch_has_its_own_size():
    model, sizes = sngan(generator_batch=3), []
    model.discriminator.register_forward_hook(lambda _, inputs, __: sizes.append(len(inputs[0])))
    model.discriminator_loss({"image": noise(4, 1, 32, 32)})
    model.generator_loss({"image": noise(4, 1, 32, 32)})
    assert sizes == [4, 4, 12]


def test_an_images_score_depends_on_no_other_image():
    """The discriminator has no norm over the batch."""
    model, image = sngan(), noise(3, 1, 32, 32).requires_grad_()
    (gradient,) = torch.autograd.grad(model.discriminator(image)[0], image)
    assert gradient[0].abs().sum() > 0 and gradient[1:].abs().sum() == 0


def test_networks_that_cannot_be_made_are_refused():
    with pytest.raises(Mistake, match=r"model\.projection needs labelled data"):
        sngan(projection=True, num_classes=0)
    with pytest.raises(Mistake, match="resnet makes square images of 32, 48, 64, 128 pixels; the data's are 28 x 28"):
        sngan(image_shape=(1, 28, 28))
    with pytest.raises(Mistake, match="No discriminator_architecture is called mlp"):
        sngan(projection=True, num_classes=3, discriminator_architecture="mlp")


def test_the_rate_falls_to_zero_at_decay_until():
    assert sngan().rate(10**6) == 1
    model = sngan(decay_until=50)
    assert (model.rate(0), model.rate(25), model.rate(50)) == (1.0, 0.5, 0.0)


@pytest.mark.parametrize(("discriminator", "more"), [("sngan_cnn", {}), ("dcgan", {"projection": True})])
def test_the_standard_cnn_trains_and_samples(discriminator: str, more: dict[str, Any]) -> None:
    """Its generator once called itself endlessly. With `projection`, only the generator is of this family."""
    trainer = Trainer(seed=1, max_steps=1, accelerator="cpu", enable_progress_bar=False)
    chosen = {"architecture": "sngan_cnn", "discriminator_architecture": discriminator, "width": 2} | more
    model = SNGAN(image_shape=(1, 16, 16), num_classes=10, latent_dim=3, discriminator_width=2, n_critic=1, **chosen)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    trainer.fit(model, Toy(keys=("image", "label"), shape=(1, 16, 16)))
    moved = [not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True)]
    assert sum(moved) > 0.9 * len(moved)
    assert model.sample(2).isfinite().all()
