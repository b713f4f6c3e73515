"""R1 and R2 on the forward pass of the loss. Their weight and Adam's betas follow schedules, as R3GAN has them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_zoo import losses, penalties, schedules
from gan_zoo.images import Batch
from gan_zoo.models.gan import GAN
from gan_zoo.module import Terms
from tests.models.textbook.tools import STEPS, Adam, compare, copied, log_fake, log_real, noise, uniform

GAMMA, BETA2 = (10.0, 2.0), (0.9, 0.99)
"""First and last values of R1's and R2's weight and of Adam's second decay rate."""


class Regularised(GAN):
    """A GAN whose discriminator runs once for its loss and both penalties. It counts its forward passes."""

    passes = 0

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            fake = self(self.latents(len(batch["image"])))
        real, fake = (image.detach().requires_grad_() for image in (batch["image"], fake))
        real_scores, fake_scores = self.scores(real), self.scores(fake)
        gamma = schedules.half_cosine(self.current_step, end=2, first=GAMMA[0], last=GAMMA[1])
        return {
            "discriminator/minimax": losses.minimax_discriminator(real=real_scores, fake=fake_scores),
            "discriminator/r1": gamma / 2 * penalties.zero_centred(real_scores, real),
            "discriminator/r2": gamma / 2 * penalties.zero_centred(fake_scores, fake),
        }

    def scores(self, image: Tensor) -> Tensor:
        self.passes += 1
        return self.discriminator(image)

    def optimizer_options(self, step: int) -> dict[str, Any]:
        return {"betas": (0.0, schedules.half_cosine(step, end=2, first=BETA2[0], last=BETA2[1]))}


def squared_slope(critic: Any, image: Tensor) -> Tensor:
    """Mescheder 2018, Eq. 9, without gamma / 2, by a forward pass of its own."""
    x = image.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (slope**2).sum((1, 2, 3)).mean()


def cosine(number: int, first: float, last: float) -> float:
    return first + (last - first) * (1 - math.cos(math.pi * min(number, 2) / 2)) / 2


@pytest.mark.parametrize("n", [1, 2])
def test_r1_and_r2_share_the_forward_pass_and_follow_schedules(n: int):
    model = Regularised((1, 6, 5), 4, width=(7, 6), betas=(0.0, 0.9))
    generator, discriminator = copied(model.generator), copied(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.0, 0.9)) for network in (generator, discriminator))

    def step(number: int, minibatches: list[Batch]) -> None:
        adam_g.betas = adam_d.betas = (0.0, cosine(number, *BETA2))
        gamma = cosine(number, *GAMMA)
        real, fake = minibatches[0]["image"], generator(uniform(n, 4)).detach()
        slopes = squared_slope(discriminator, real) + squared_slope(discriminator, fake)
        adam_d.descend(-log_real(discriminator(real)) - log_fake(discriminator(fake)) + gamma / 2 * slopes)
        adam_g.descend(-log_real(discriminator(generator(uniform(n, 4)))))

    networks = {"generator": generator, "discriminator": discriminator}
    compare(model, noise(STEPS, n, (1, 6, 5)), step, networks, adam_g, adam_d)
    assert model.passes == 2 * STEPS, "one pass of the real and one of the generated images in each step"
