"""ProGAN and StyleGAN over the end of a level: real images blended, Adam started anew, and their losses by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from gan_zoo.errors import Mistake
from gan_zoo.models.progan import ProGAN
from gan_zoo.models.stylegan import StyleGAN
from tests.models.textbook.tools import Adam, Batch, compare, copied, log_fake, log_real, normal, penalty

LATENT, SHAPE = 5, (2, 8, 8)
RATES = (1e-3, 2e-3)
STAGES = ((4, 1.0), (8, 0.0), (8, 0.5), (8, 1.0))
"""One step at 4 x 4 pixels, two that fade 8 x 8 in, and one after the fade."""
SMALL: dict[str, Any] = {
    "latent_dim": LATENT,
    "width": 6,
    "first_resolution": 4,
    "stddev_group": 4,
    "learning_rate": RATES,
    "average_half_life": 0,
}


class Restarting(Adam):
    """Adam that can begin anew, with the parameters that the loss depends on then."""

    def __init__(self, network: nn.Module, rate: float, betas: tuple[float, float]) -> None:
        super().__init__(network, rate=rate, betas=betas)
        self.all = self.parameters

    def restart(self, rate: float) -> None:
        self.parameters, self.rate, self.t = [], rate, 0

    def descend(self, loss: Tensor) -> None:
        if not self.parameters:
            gradients = torch.autograd.grad(loss, self.all, allow_unused=True, retain_graph=True)
            self.parameters = [p for p, gradient in zip(self.all, gradients, strict=True) if gradient is not None]
            self.m, self.v = ([torch.zeros_like(p) for p in self.parameters] for _ in range(2))
        super().descend(loss)


def batches(n: int) -> list[Batch]:
    draw = torch.Generator().manual_seed(1)
    return [{"image": torch.rand(n, 2, side, side, generator=draw) * 2 - 1} for side, _ in STAGES]


def begin(number: int, networks: list[Any], adams: list[Restarting]) -> float:
    """Set the networks to the stage of a step, start Adam anew where the paper does, and return alpha."""
    side, alpha = STAGES[number]
    for network, adam in zip(networks, adams, strict=True):
        network.grow(side, alpha)
        if number in (0, 1, 3):
            adam.restart(rate=RATES[side == 8])
    return alpha


def blended(image: Tensor, alpha: float) -> Tensor:
    """The real images while a level comes in, with the mean of each square of four in its four pixels."""
    return alpha * image + (1 - alpha) * avg_pool2d(image, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)


@pytest.mark.parametrize("n", [1, 2])
def test_progan(n: int):
    model = ProGAN(SHAPE, **SMALL, batch_size=n, stable_images=n, fade_images=2 * n)
    generator, critic = copied(model.generator), copied(model.discriminator)
    adams = [Restarting(network, rate=1e-3, betas=(0.0, 0.99)) for network in (generator, critic)]

    def step(number: int, minibatches: list[Batch]) -> None:
        real = blended(minibatches[0]["image"], begin(number, [generator, critic], adams))
        fake = generator(normal(n, LATENT)).detach()
        scores = critic(real)
        drift = 0.001 * (scores**2).mean()
        adams[1].descend(critic(fake).mean() - scores.mean() + 10 * penalty(critic, real, fake) + drift)
        adams[0].descend(-critic(generator(normal(n, LATENT))).mean())

    compare(model, batches(n), step, {"generator": generator, "discriminator": critic}, *adams)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("objective", ["logistic", "wasserstein"])
def test_stylegan(n: int, objective: Any):
    """Karras 2019: w of two latents before and after a random layer, R1 with gamma / 2, and the mean of w."""
    model = StyleGAN(
        SHAPE, **SMALL, batch_size=n, stable_images=n, fade_images=2 * n, mapping_layers=2, objective=objective
    )
    nn.init.normal_(model.generator.constant)  # flat, its norm would multiply rounding by 10,000
    generator, discriminator = copied(model.generator), copied(model.discriminator)
    adams = [Restarting(network, rate=1e-3, betas=(0.0, 0.99)) for network in (generator, discriminator)]

    def draw(side: int) -> tuple[Tensor, Tensor]:
        """Images, and the styles of their first layer."""
        first, second = generator.mapping(normal(n, LATENT)), generator.mapping(normal(n, LATENT))
        layers = 2 if side == 4 else 4
        crossover, chance = int(torch.randint(1, layers, ())), float(torch.rand(()))
        if chance >= 0.9:
            crossover = layers
        styles = torch.stack([first if layer < crossover else second for layer in range(layers)], 1)
        return generator.synthesise(styles, lambda style, size: torch.randn(n, 1, size, size)), first

    def step(number: int, minibatches: list[Batch]) -> None:
        alpha = begin(number, [generator, discriminator], adams)
        side = STAGES[number][0]
        real = blended(minibatches[0]["image"], alpha).requires_grad_()
        fake = draw(side)[0].detach()
        if objective == "wasserstein":
            slope = 10 * penalty(discriminator, real.detach(), fake)
            adams[1].descend(discriminator(fake).mean() - discriminator(real).mean() + slope)
        else:
            (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
            r1 = 10 / 2 * (gradient**2).sum((1, 2, 3)).mean()
            adams[1].descend(-log_real(discriminator(real)) - log_fake(discriminator(fake)) + r1)
        image, w = draw(side)
        scores = discriminator(image)
        adams[0].descend(-scores.mean() if objective == "wasserstein" else -log_real(scores))
        generator.mean_style = 0.995 * generator.mean_style + 0.005 * w.detach().mean(0)
        generator.tracked += 1

    compare(model, batches(n), step, {"generator": generator, "discriminator": discriminator}, *adams)


@pytest.mark.parametrize("name", ["batch_size", "learning_rate"])
def test_a_list_without_a_number_is_refused(name: str):
    options: dict[str, Any] = {**SMALL, name: ()}
    with pytest.raises(Mistake, match=rf"model\.{name} is an empty list"):
        ProGAN(SHAPE, **options)
