"""StyleGAN2 with its lazy regularisers, corrected Adam, and moving averages, by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from gan_zoo.augment.ada import ada
from gan_zoo.models.stylegan2 import StyleGAN2
from tests.models.textbook.tools import Adam, Batch, compare, copied, log_fake, log_real, noise, normal

LATENT, SHAPE, CLASSES, STEPS = 5, (2, 8, 8), 3, 4
PENALTY_EVERY, PATH_EVERY = 2, 3
HALF_LIFE = 12


class Corrected(Adam):
    """Adam of a network with a lazy regulariser (Karras 2020, appendix B), each weight with a count of its own.

    A weight that a loss does not depend on, such as the last bias for R1, stays where it is.
    """

    def __init__(self, network: Any, rate: float, betas: tuple[float, float], every: int) -> None:
        c = every / (every + 1)
        super().__init__(network, rate=rate * c, betas=(betas[0] ** c, betas[1] ** c))
        self.counts = [0] * len(self.parameters)

    def descend(self, loss: Tensor) -> None:
        b1, b2 = self.betas
        for i, g in enumerate(torch.autograd.grad(loss, self.parameters, allow_unused=True)):
            if g is not None:
                self.counts[i] += 1
                self.m[i].copy_(b1 * self.m[i] + (1 - b1) * g)
                self.v[i].copy_(b2 * self.v[i] + (1 - b2) * g**2)
                first, second = self.m[i] / (1 - b1 ** self.counts[i]), self.v[i] / (1 - b2 ** self.counts[i])
                self.parameters[i].data -= self.rate * first / (second**0.5 + 1e-8)


@pytest.mark.parametrize(
    ("n", "conditional", "probability"),
    [(1, False, 0.0), (2, False, 0.0), (2, True, 0.0), (2, False, 0.7)],
    ids=["1", "2", "classes", "augmented"],
)
def test_stylegan2(n: int, conditional: bool, probability: float):
    """The regularisers are multiplied by their intervals, and R1 is of images before the augmentation, through it."""
    augment: dict[str, Any] = {"augment": "ada_bg", "augment_probability": probability} if probability else {}
    model = StyleGAN2(
        SHAPE, CLASSES, conditional, LATENT, width=6, wide_until=4, mapping_layers=2, penalty_weight=3.0,
        penalty_every=PENALTY_EVERY, path_every=PATH_EVERY, learning_rate=1e-3, betas=(0.1, 0.99),
        average_half_life=HALF_LIFE, **augment,
    )  # fmt: skip
    for name, p in model.generator.named_parameters():
        if name.endswith("strength"):
            p.data.fill_(0.3)
    model.keep_average(HALF_LIFE)
    generator, discriminator, average = map(copied, (model.generator, model.discriminator, model.generator))
    adam_g = Corrected(generator, 1e-3, (0.1, 0.99), PATH_EVERY)
    adam_d = Corrected(discriminator, 1e-3, (0.1, 0.99), PENALTY_EVERY)
    mean_length = torch.zeros(())

    def classes(n: int) -> tuple[Tensor, ...]:
        return (torch.randint(CLASSES, (n,)),) if conditional else ()

    def draw(label: tuple[Tensor, ...], n: int) -> tuple[Tensor, Tensor]:
        """Images and their styles."""
        first, second = generator.mapping(normal(n, LATENT), *label), generator.mapping(normal(n, LATENT), *label)
        crossover, chance = int(torch.randint(1, 4, ())), float(torch.rand(()))
        if chance >= 0.9:
            crossover = 4
        styles = torch.stack([first if layer < crossover else second for layer in range(4)], 1)
        return generator.synthesise(styles, lambda style, size: torch.randn(n, 1, size, size)), styles

    def scores(image: Tensor, label: tuple[Tensor, ...]) -> Tensor:
        return discriminator(ada(image, probability, ("blit", "geometric")) if probability else image, *label)

    def step(number: int, minibatches: list[Batch]) -> None:
        nonlocal mean_length
        real = minibatches[0]["image"]
        label = (minibatches[0]["label"],) if conditional else ()
        drawn = classes(n)
        fake = draw(drawn, n)[0].detach()
        adam_d.descend(-log_real(scores(real, label)) - log_fake(scores(fake, drawn)))
        if number in (0, 2):
            x = real.clone().requires_grad_()
            (slope,) = torch.autograd.grad(scores(x, label).sum(), x, create_graph=True)
            adam_d.descend(PENALTY_EVERY * 3.0 / 2 * (slope**2).sum((1, 2, 3)).mean())
        drawn = classes(n)
        image, styles = draw(drawn, n)
        adam_g.descend(-log_real(scores(image, drawn)))
        if number in (0, 3):
            image, w = draw(classes(1), 1)  # half of two, and at least one
            y = torch.randn(1, *SHAPE) / 8
            (slope,) = torch.autograd.grad((image * y).sum(), w, create_graph=True)
            lengths = (slope**2).sum(2).mean(1) ** 0.5
            adam_g.descend(PATH_EVERY * 2 * ((lengths - mean_length) ** 2).mean())
            mean_length = mean_length + 0.01 * (lengths.detach().mean() - mean_length)
        generator.mean_style = 0.995 * generator.mean_style + 0.005 * styles[:, 0].detach().mean(0)
        generator.tracked += 1
        weight = 0.5 ** (n / min(HALF_LIFE, 0.05 * n * (number + 1)))
        for mine, newest in zip(average.parameters(), generator.parameters(), strict=True):
            mine.data = weight * mine.data + (1 - weight) * newest.data
        average.mean_style, average.tracked = generator.mean_style, generator.tracked

    networks = {"generator": generator, "discriminator": discriminator, "moving_average": average}
    batches = noise(STEPS, n, SHAPE, classes=CLASSES if conditional else 0)
    compare(model, batches, step, networks, adam_g, adam_d)
    assert_close(model.path_mean, mean_length)
    assert mean_length > 0
