"""CycleGAN: the step, the image pools and the networks of its program."""

import pytest
import torch
from torch import Tensor, nn

from gan_zoo.models.cyclegan import CycleGAN
from tests.models.textbook.official import cycle_discriminator, cycle_generator
from tests.models.textbook.tools import Adam, Batch, compare, noise

STEPS = 9
"""Enough steps that, at batch 1, pools of two images return both old and new images."""


class Pool:
    """Shrivastava 2017, as in the program: a full pool returns the new image, or swaps it for one of its own."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []
        self.returned = {"new": 0, "old": 0}

    def query(self, images: Tensor) -> Tensor:
        return torch.cat([self._query(image) for image in images.detach().split(1)])

    def _query(self, image: Tensor) -> Tensor:
        if len(self.images) < 2:
            self.images.append(image)
            return image
        if torch.rand(()) >= 0.5:
            place = int(torch.randint(2, ()))
            old, self.images[place] = self.images[place], image
            self.returned["old"] += 1
            return old
        self.returned["new"] += 1
        return image


@pytest.mark.parametrize("n", [1, 2])
def test_cyclegan(n: int):
    """One Adam updates both generators, then another both discriminators, on fakes from before the first update."""
    model = CycleGAN((3, 24, 24), width=2, blocks=2, discriminator_width=2, discriminator_layers=2, pool_size=2)
    a2b, b2a = cycle_generator(2, 2), cycle_generator(2, 2)
    d_a, d_b = cycle_discriminator(2, 2), cycle_discriminator(2, 2)
    generator = nn.ModuleDict({"a2b": a2b, "b2a": b2a})
    discriminator = nn.ModuleDict({"a": d_a, "b": d_b})
    generator.load_state_dict(model.generator.state_dict())
    discriminator.load_state_dict(model.discriminator.state_dict())
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))
    pool_a, pool_b = Pool(), Pool()

    def l1(x: Tensor, y: Tensor) -> Tensor:
        return (x - y).abs().mean()

    def least_squares(discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        return (((discriminator(real) - 1) ** 2).mean() + (discriminator(fake) ** 2).mean()) * 0.5

    def step(_: int, minibatches: list[Batch]) -> None:
        a, b = minibatches[0]["a"], minibatches[0]["b"]
        fake_b, fake_a = a2b(a), b2a(b)
        loss = ((d_b(fake_b) - 1) ** 2).mean() + ((d_a(fake_a) - 1) ** 2).mean()
        loss = loss + 10 * l1(b2a(fake_b), a) + 10 * l1(a2b(fake_a), b)
        adam_g.descend(loss + 5 * l1(a2b(b), b) + 5 * l1(b2a(a), a))
        loss_b = least_squares(d_b, b, pool_b.query(fake_b))
        adam_d.descend(loss_b + least_squares(d_a, a, pool_a.query(fake_a)))

    batches = noise(STEPS, n, (3, 24, 24), keys=("a", "b"))
    compare(model, batches, step, {"generator": generator, "discriminator": discriminator}, adam_g, adam_d)
    for pool in (pool_a, pool_b):
        assert min(pool.returned.values()) > 0, pool.returned
