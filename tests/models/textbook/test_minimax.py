"""GAN, DCGAN and LSGAN: the discriminator's updates, each with new latents, then the generator's update."""

import pytest

from gan_zoo.models.dcgan import DCGAN
from gan_zoo.models.gan import GAN
from gan_zoo.models.lsgan import LSGAN
from tests.models.textbook.tools import STEPS, Adam, Batch, compare, copied, log_fake, log_real, noise, uniform


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("objective", ["non_saturating", "minimax"])
def test_gan(n: int, objective: str):
    """Goodfellow 2014, Algorithm 1 with k = 2 and Adam, and the program's rate, which is divided in each step."""
    model = GAN((1, 6, 5), 4, width=(7, 6), generator_objective=objective, n_critic=2, rate_divisor=1.5)  # type: ignore[arg-type]
    generator, discriminator = copied(model.generator), copied(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def step(number: int, minibatches: list[Batch]) -> None:
        adam_g.rate = adam_d.rate = 2e-4 / 1.5**number
        for batch in minibatches:
            fake = generator(uniform(n, 4)).detach()
            adam_d.descend(-log_real(discriminator(batch["image"])) - log_fake(discriminator(fake)))
        scores = discriminator(generator(uniform(n, 4)))
        adam_g.descend(log_fake(scores) if objective == "minimax" else -log_real(scores))

    networks = {"generator": generator, "discriminator": discriminator}
    compare(model, noise(STEPS, 2 * n, (1, 6, 5)), step, networks, adam_g, adam_d, minibatches=2)


@pytest.mark.parametrize("n", [1, 2])
def test_dcgan(n: int):
    """Radford 2015: real and generated images pass through the discriminator apart, each with their own statistics."""
    model = DCGAN((1, 32, 32), 4, width=2)
    generator, discriminator = copied(model.generator), copied(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def step(_: int, minibatches: list[Batch]) -> None:
        real, fake = minibatches[0]["image"], generator(uniform(n, 4)).detach()
        adam_d.descend(-log_real(discriminator(real)) - log_fake(discriminator(fake)))
        adam_g.descend(-log_real(discriminator(generator(uniform(n, 4)))))

    compare(
        model,
        noise(STEPS, n, (1, 32, 32)),
        step,
        {"generator": generator, "discriminator": discriminator},
        adam_g,
        adam_d,
    )


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("targets", [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0)])
def test_lsgan(n: int, targets: tuple[float, float, float]):
    """Mao 2016, Eq. 2, in which both losses are halved."""
    a, b, c = targets
    model = LSGAN((1, 28, 28), 4, width=2, targets=targets)
    generator, discriminator = copied(model.generator), copied(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=1e-3, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def step(_: int, minibatches: list[Batch]) -> None:
        real, fake = minibatches[0]["image"], generator(uniform(n, 4)).detach()
        adam_d.descend(((discriminator(real) - b) ** 2).mean() / 2 + ((discriminator(fake) - a) ** 2).mean() / 2)
        adam_g.descend(((discriminator(generator(uniform(n, 4))) - c) ** 2).mean() / 2)

    compare(
        model,
        noise(STEPS, n, (1, 28, 28)),
        step,
        {"generator": generator, "discriminator": discriminator},
        adam_g,
        adam_d,
    )
