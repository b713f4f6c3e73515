"""cGAN and ACGAN: networks that are told a class, and one that names it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_zoo.models.acgan import ACGAN
from gan_zoo.models.cgan import CGAN
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
    uniform,
)

CLASSES = 3


class Dropout(nn.Module):
    """Hides half of the numbers and doubles the others, drawn in the order in which our maps lie in memory."""

    def forward(self, x: Tensor) -> Tensor:
        layout = torch.channels_last if x.ndim == 4 else torch.contiguous_format
        return x * 2 * torch.empty(x.shape).contiguous(memory_format=layout).bernoulli_(0.5)


def with_dropout(network: nn.Module) -> Any:
    """Return a copy for the textbook whose dropout is the textbook's."""
    book = copied(network)
    for parent in [*book.modules()]:
        for name, layer in parent.named_children():
            if isinstance(layer, nn.Dropout):
                setattr(parent, name, Dropout())
    return book


def drawn(generator: Any, n: int, latents: int) -> tuple[Tensor, Tensor]:
    """Return images of classes that are drawn first, and these."""
    label = torch.randint(CLASSES, (n,))
    return generator(uniform(n, latents), label), label


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("architecture", ["paper", "mlp"])
def test_cgan(n: int, architecture: str):
    """Mirza 2014, Eq. 2: each image is judged beside the class that it is of, or was made of."""
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
