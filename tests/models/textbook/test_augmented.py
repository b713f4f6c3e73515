"""WGAN-GP whose critic sees augmented images alone, in both updates and under the penalty, each with new draws."""

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from gan_zoo.augment.ada import ada
from gan_zoo.augment.diffaugment import diffaugment
from gan_zoo.models.wgan_gp import WGANGP
from tests.models.textbook.tools import STEPS, Adam, Batch, compare, copied, noise, normal, penalty

AUGMENTED: dict[str, Callable[[Tensor], Tensor]] = {"diffaugment": diffaugment, "ada": lambda image: ada(image, 0.7)}


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("name", AUGMENTED)
def test_wgan_gp_sees_augmented_images(n: int, name: str):
    """Zhao 2020, Eq. 4 to 6: real and generated images, in D's step and in G's. The penalty is on images as they are.

    Each image's transforms are proven in tests/augment. This is about where they come in, and in what order.
    """
    fixed: dict[str, Any] = {"augment_probability": 0.7} if name == "ada" else {}
    model = WGANGP((3, 16, 16), 4, width=4, n_critic=2, learning_rate=1e-3, augment=name, **fixed)  # type: ignore[arg-type]
    generator, critic = copied(model.generator), copied(model.discriminator)
    adam_g, adam_c = (Adam(network, rate=1e-3, betas=(0.0, 0.9)) for network in (generator, critic))

    def scores(image: Tensor) -> Tensor:
        return critic(AUGMENTED[name](image))

    def step(_: int, minibatches: list[Batch]) -> None:
        for batch in minibatches:
            real, fake = batch["image"], generator(normal(n, 4)).detach()
            of_real, of_fake = scores(real).mean(), scores(fake).mean()
            adam_c.descend(of_fake - of_real + 10 * penalty(scores, real, fake))
        adam_g.descend(-scores(generator(normal(n, 4))).mean())

    networks = {"generator": generator, "discriminator": critic}
    compare(model, noise(STEPS, 2 * n, (3, 16, 16)), step, networks, adam_g, adam_c, minibatches=2)
