"""DCGAN: its rules on each of our networks, each rule broken by one change, its terms by hand, its defaults."""

import pytest
import torch
from torch import nn
from torch.nn.functional import logsigmoid
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.models.dcgan import DCGAN, RULES, broken_rules
from tests.pairs import pair

POOLING, BATCH_NORM, DENSE, RELU, LEAKY = RULES


@pytest.mark.parametrize("size", [32, 64, 128])
def test_its_networks_keep_the_rules_at_the_papers_sizes(size):
    assert broken_rules(*pair("dcgan", (3, size, size), width=2)) == []


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("dcgan_faces", []),
        ("conv5", []),
        ("lsgan", []),
        ("dcgan_plain", [BATCH_NORM]),
        ("conv5_plain", [BATCH_NORM]),
        ("conv5_constant", [BATCH_NORM]),
        ("conv5_gated", [RELU, LEAKY]),
        ("conv5_tanh", [RELU, LEAKY]),
        ("mlp", [BATCH_NORM, DENSE]),
        ("mlp_relu", [BATCH_NORM, DENSE, LEAKY]),
    ],
)
def test_which_rules_other_networks_break(name, broken):
    assert broken_rules(*pair(name, (3, 64, 64), width=4, latent_dim=6)) == broken


def generator():
    return [
        *(nn.Linear(6, 64), nn.Unflatten(1, (4, 4, 4)), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.ConvTranspose2d(4, 4, 4, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1), nn.Tanh()),
    ]


def discriminator():
    return [
        *(nn.Conv2d(1, 4, 4, stride=2, padding=1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(4, 4, 4, stride=2, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0)),
    ]


def test_a_small_pair_keeps_the_rules():
    assert broken_rules(nn.Sequential(*generator()), nn.Sequential(*discriminator())) == []


@pytest.mark.parametrize(
    ("network", "place", "layers", "broken"),
    [
        ("generator", 4, [nn.Upsample(scale_factor=2.0), nn.Conv2d(4, 4, 3, padding=1)], POOLING),
        ("discriminator", 0, [nn.AvgPool2d(2), nn.Conv2d(1, 4, 3, padding=1)], POOLING),
        ("discriminator", 4, [nn.LeakyReLU(0.2), nn.MaxPool2d(2)], POOLING),
        ("generator", 2, [], BATCH_NORM),
        ("generator", 5, [nn.InstanceNorm2d(4)], BATCH_NORM),
        ("generator", 8, [nn.BatchNorm2d(1), nn.Tanh()], BATCH_NORM),
        ("discriminator", 3, [], BATCH_NORM),
        ("discriminator", 3, [nn.GroupNorm(1, 4)], BATCH_NORM),
        ("discriminator", 1, [nn.BatchNorm2d(4), nn.LeakyReLU(0.2)], BATCH_NORM),
        ("discriminator", 6, [nn.Linear(64, 1), nn.BatchNorm1d(1)], BATCH_NORM),
        ("generator", 0, [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 64)], DENSE),
        (
            "discriminator",
            6,
            [nn.Linear(64, 8), nn.BatchNorm1d(8), nn.LeakyReLU(0.2), nn.Linear(8, 1)],
            DENSE,
        ),
        ("generator", 6, [nn.LeakyReLU(0.2)], RELU),
        ("generator", 3, [], RELU),
        ("generator", 8, [nn.Sigmoid()], RELU),
        ("discriminator", 1, [nn.ReLU()], LEAKY),
        ("discriminator", 4, [], LEAKY),
    ],
)
def test_each_rule_is_broken_by_one_change_and_no_other_is(network, place, layers, broken):
    networks = {"generator": generator(), "discriminator": discriminator()}
    networks[network][place : place + 1] = layers
    changed = [nn.Sequential(*networks[name]) for name in ("generator", "discriminator")]
    assert broken_rules(*changed) == [broken]


def relu_discriminator(*, image_shape, width, norm):
    """A user's discriminator."""
    layers = discriminator()
    return nn.Sequential(layers[0], nn.ReLU(), *layers[2:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"architecture": "mlp"}, "no fully connected hidden layers"),
        ({"generator_architecture": "conv5_plain"}, "batch norm after every layer"),
        ({"discriminator_architecture": f"{__name__}:relu_discriminator"}, "leaky ReLU"),
    ],
)
def test_networks_that_break_the_rules_are_refused_with_the_model_that_takes_them(arguments, message):
    with pytest.raises(Mistake, match=f"{message}.*gan_zoo.models.gan.GAN") as caught:
        DCGAN(**{"image_shape": (1, 16, 16), "width": 4} | arguments)
    assert "\n" not in str(caught.value)


def test_a_size_that_it_cannot_make_is_refused_and_the_message_lists_its_sizes():
    with pytest.raises(Mistake, match=r"28, 32, 56, 64.* 48 x 48"):
        DCGAN(image_shape=(3, 48, 48))


def test_terms_are_those_of_the_paper_with_real_and_fake_images_apart():
    """They are recomputed with the same draws. Batch norm would make one joint batch differ from two."""
    torch.manual_seed(0)
    model, image = DCGAN(image_shape=(1, 16, 16), latent_dim=6, width=4), torch.rand(5, 1, 16, 16) * 2 - 1
    torch.manual_seed(1)
    terms = [model.discriminator_loss({"image": image}), model.generator_loss({"image": image})]
    torch.manual_seed(1)
    real, fake = model.discriminator(image), model.discriminator(model.generator(torch.rand(5, 6) * 2 - 1))
    again = model.discriminator(model.generator(torch.rand(5, 6) * 2 - 1))
    assert [list(names) for names in terms] == [["discriminator/minimax"], ["generator/non_saturating"]]
    assert_close(terms[0]["discriminator/minimax"], -logsigmoid(real).mean() - logsigmoid(-fake).mean())
    assert_close(terms[1]["generator/non_saturating"], -logsigmoid(again).mean())


def test_defaults_are_the_papers():
    model = DCGAN(image_shape=(3, 64, 64))
    assert (model.latent_dim, model.latent_law, model.n_critic) == (100, "uniform", 1)
    for optimizer in model.configure_optimizers():
        [group] = optimizer.param_groups
        assert (group["lr"], group["betas"]) == (2e-4, (0.5, 0.999))
