"""LSGAN: its targets reach the losses, its networks are those of the counts, and its optimizers the authors'."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.models.lsgan import LSGAN

SMALL = {"image_shape": (1, 16, 16), "latent_dim": 6, "width": 4}


def test_default_is_the_authors_coding():
    assert LSGAN(**SMALL).targets == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("targets", [(-1.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.25, -3.0, 2.0)])
def test_each_target_is_the_value_that_its_scores_are_pulled_to(targets):
    """A discriminator of one constant score: a and b show in D's loss, c in G's alone."""
    model = LSGAN(**SMALL, targets=targets)
    a, b, c = targets
    score = 0.7
    linear = torch.nn.Linear(256, 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.constant_(linear.bias, score)
    model.discriminator = torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))
    batch = {"image": torch.zeros(3, 1, 16, 16)}
    discriminator, generator = model.discriminator_loss(batch), model.generator_loss(batch)
    assert_close(discriminator["discriminator/least_squares"].item(), ((score - b) ** 2 + (score - a) ** 2) / 2)
    assert_close(generator["generator/least_squares"].item(), (score - c) ** 2 / 2)


@pytest.mark.parametrize("targets", [(1.0, 1.0, 0.0), (0.0, float("nan"), 1.0), (0.0, 1.0, float("inf"))])
def test_targets_that_tell_nothing_apart_are_refused(targets):
    with pytest.raises(Mistake, match=r"model\.targets is .*a other than b"):
        LSGAN(**SMALL, targets=targets)


def test_optimizers_are_the_authors():
    for optimizer in LSGAN(**SMALL).configure_optimizers():
        assert isinstance(optimizer, torch.optim.Adam)
        assert optimizer.defaults["lr"] == 1e-3 and optimizer.defaults["betas"] == (0.5, 0.999)


def test_networks_are_dcgans_of_64_by_default():
    model = LSGAN(image_shape=(3, 64, 64))
    assert sum(p.numel() for p in model.generator.parameters()) == 3_576_704
    assert sum(p.numel() for p in model.discriminator.parameters()) == 2_765_568
