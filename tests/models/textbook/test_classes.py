"""The models with classes: cGAN, ACGAN and WGAN-GP with classes."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_zoo.models.acgan import ACGAN
from gan_zoo.models.cgan import CGAN
from gan_zoo.models.wgan_gp_classes import WGANGPWithClasses
from tests.models.textbook.tools import (
    STEPS,
    Adam,
    Batch,
    compare,
    copied,
    log_class,
    log_fake,
    log_real,
    noise,
    normal,
    penalty,
    uniform,
)

CLASSES = 3


class Dropout(nn.Module):
    """Sets half of the values to 0 and doubles the others. The draws follow the memory layout of our maps."""

    def forward(self, x: Tensor) -> Tensor:
        layout = torch.channels_last if x.ndim == 4 else torch.contiguous_format
        return x * 2 * torch.empty(x.shape).contiguous(memory_format=layout).bernoulli_(0.5)


def with_dropout(network: nn.Module) -> Any:
    """Return a copy of `network` that uses the textbook's dropout."""
    book = copied(network)
    for parent in [*book.modules()]:
        for name, layer in parent.named_children():
            if isinstance(layer, nn.Dropout):
                setattr(parent, name, Dropout())
    return book


def drawn(generator: Any, n: int, latents: int) -> tuple[Tensor, Tensor]:
    """Draw classes, and return images of these classes, and the classes."""
    label = torch.randint(CLASSES, (n,))
    return generator(uniform(n, latents), label), label


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("architecture", ["paper", "mlp"])
def test_cgan(n: int, architecture: str):
    """Mirza 2014, Eq. 2: the discriminator sees each image with its class."""
    small: dict[str, Any] = {"widths": (5, 6, 7), "units": (5, 6, 4), "width": (6, 5)}
    model = CGAN((1, 6, 5), CLASSES, 4, architecture=architecture, **small)  # type: ignore[arg-type]
    generator, discriminator = with_dropout(model.generator), with_dropout(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def step(_: int, minibatches: list[Batch]) -> None:
        (batch,) = minibatches
        fake, label = drawn(generator, n, 4)
        real = discriminator(batch["image"], batch["label"])
        adam_d.descend(-log_real(real) - log_fake(discriminator(fake.detach(), label)))
        adam_g.descend(-log_real(discriminator(*drawn(generator, n, 4))))

    networks = {"generator": generator, "discriminator": discriminator}
    compare(model, noise(STEPS, n, (1, 6, 5), classes=CLASSES), step, networks, adam_g, adam_d)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("class_loss_on", ["both", "real"])
def test_acgan(n: int, class_loss_on: str):
    """Odena 2017, Eq. 2 and 3: the discriminator maximises L_S + L_C, and the generator L_C - L_S."""
    model = ACGAN((3, 32, 32), CLASSES, 4, width=2, class_loss_on=class_loss_on, class_weight=0.7)  # type: ignore[arg-type]
    generator, discriminator = with_dropout(model.generator), with_dropout(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def step(_: int, minibatches: list[Batch]) -> None:
        (batch,) = minibatches
        image, label = drawn(generator, n, 4)
        real, fake = discriminator(batch["image"]), discriminator(image.detach())
        source = log_real(real[:, 0]) + log_fake(fake[:, 0])
        classes = log_class(real[:, 1:], batch["label"])
        if class_loss_on == "both":
            classes = classes + log_class(fake[:, 1:], label)
        adam_d.descend(-source - 0.7 * classes)
        image, label = drawn(generator, n, 4)
        outputs = discriminator(image)
        adam_g.descend(-log_real(outputs[:, 0]) - 0.7 * log_class(outputs[:, 1:], label))

    networks = {"generator": generator, "discriminator": discriminator}
    compare(model, noise(STEPS, n, (3, 32, 32), classes=CLASSES), step, networks, adam_g, adam_d)


@pytest.mark.parametrize("n", [1, 2])
def test_wgan_gp_with_classes(n: int):
    """WGAN-GP's program: the critic's fakes have the classes of the real images; only real images train its classes."""
    arguments: dict[str, Any] = {"width": 4, "n_critic": 2, "decay_until": 5}
    model = WGANGPWithClasses((3, 32, 32), CLASSES, 4, **arguments)
    generator, critic = copied(model.generator), copied(model.discriminator)
    adam_g, adam_c = (Adam(network, rate=2e-4, betas=(0.0, 0.9)) for network in (generator, critic))

    def step(number: int, minibatches: list[Batch]) -> None:
        adam_g.rate = adam_c.rate = 2e-4 * (1 - number / 5)
        for batch in minibatches:
            real, label = batch["image"], batch["label"]
            fake = generator(normal(n, 4), label).detach()
            outputs = critic(real)
            loss = critic(fake)[:, 0].mean() - outputs[:, 0].mean() - log_class(outputs[:, 1:], label)
            adam_c.descend(loss + 10 * penalty(lambda x: critic(x)[:, 0], real, fake))
        label = torch.randint(CLASSES, (2 * n,))
        outputs = critic(generator(normal(2 * n, 4), label))
        adam_g.descend(-outputs[:, 0].mean() - 0.1 * log_class(outputs[:, 1:], label))

    networks = {"generator": generator, "discriminator": critic}
    batches = noise(STEPS, 2 * n, (3, 32, 32), classes=CLASSES)
    compare(model, batches, step, networks, adam_g, adam_c, minibatches=2)
