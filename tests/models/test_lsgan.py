"""LSGAN: its targets reach the losses, its networks have the published counts, and its optimizers are the authors'."""

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
    """Each image is one grey, which is its score: 0.75 for real images, -0.5 for fakes."""
    model = LSGAN(**SMALL, targets=targets)
    a, b, c = targets
    model.generator = Grey(-0.5)
    model.discriminator = Mean()
    batch = {"image": torch.full((3, 1, 16, 16), 0.75)}
    discriminator, generator = model.discriminator_loss(batch), model.generator_loss(batch)
    assert_close(discriminator["discriminator/least_squares"].item(), ((0.75 - b) ** 2 + (-0.5 - a) ** 2) / 2)
    assert_close(generator["generator/least_squares"].item(), (-0.5 - c) ** 2 / 2)


class Grey(torch.nn.Module):
    """A generator of images that are one grey."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return torch.full((len(latents), 1, 16, 16), self.grey)


class Mean(torch.nn.Module):
    """A discriminator whose score is the image's mean."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.mean((1, 2, 3))


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
