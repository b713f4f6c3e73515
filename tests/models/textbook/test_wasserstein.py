"""WGAN, whose critic is clipped, and WGAN-GP, whose critic has a gradient penalty."""

from typing import Any

import pytest

from gan_zoo.models.wgan import WGAN
from gan_zoo.models.wgan_gp import WGANGP
from tests.models.textbook.tools import STEPS, Adam, Batch, RMSProp, compare, copied, noise, normal, penalty


@pytest.mark.parametrize("n", [1, 2])
def test_wgan(n: int):
    """Arjovsky 2017, as in its program, which clips every weight of the critic before each of its updates."""
    model = WGAN((1, 28, 28), 4, width=2, n_critic=5, warm_up=3)
    generator, critic = copied(model.generator), copied(model.discriminator)
    rmsprop_g, rmsprop_c = RMSProp(generator, 5e-5), RMSProp(critic, 5e-5)

    def step(_: int, minibatches: list[Batch]) -> None:
        assert len(minibatches) == 3, "steps 0 to 24 have `warm_up` updates of the critic"
        for batch in minibatches:
            for p in critic.parameters():
                p.data = p.data.clip(-0.01, 0.01)
            fake = generator(normal(n, 4)).detach()
            rmsprop_c.descend(-critic(batch["image"]).mean() + critic(fake).mean())
        rmsprop_g.descend(-critic(generator(normal(n, 4))).mean())

    networks = {"generator": generator, "discriminator": critic}
    compare(model, noise(STEPS, 3 * n, (1, 28, 28)), step, networks, rmsprop_g, rmsprop_c, minibatches=3)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize(("architecture", "size"), [("dcgan", 28), ("resnet", 32)])
def test_wgan_gp(n: int, architecture: str, size: int):
    """Gulrajani 2017, Algorithm 1, with a linear decay to 0. The critic has layer norm, or no norm."""
    arguments: dict[str, Any] = {
        "architecture": architecture,
        "width": 4,
        "n_critic": 2,
        "learning_rate": 1e-3,
        "decay_until": 5,
    }
    model = WGANGP((3, size, size), 4, **arguments)
    generator, critic = copied(model.generator), copied(model.discriminator)
    adam_g, adam_c = (Adam(network, rate=1e-3, betas=(0.0, 0.9)) for network in (generator, critic))

    def step(number: int, minibatches: list[Batch]) -> None:
        adam_g.rate = adam_c.rate = 1e-3 * (1 - number / 5)
        for batch in minibatches:
            real, fake = batch["image"], generator(normal(n, 4)).detach()
            adam_c.descend(critic(fake).mean() - critic(real).mean() + 10 * penalty(critic, real, fake))
        adam_g.descend(-critic(generator(normal(n, 4))).mean())

    networks = {"generator": generator, "discriminator": critic}
    compare(model, noise(STEPS, 2 * n, (3, size, size)), step, networks, adam_g, adam_c, minibatches=2)
