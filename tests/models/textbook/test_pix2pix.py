"""pix2pix: a U-Net with dropout as noise, and a discriminator of patches that also sees the source."""

import pytest
import torch

from gan_zoo.models.pix2pix import Pix2Pix
from tests.models.textbook.official import UNet
from tests.models.textbook.tools import STEPS, Adam, Batch, compare, copied, log_fake, log_real, noise


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("direction", ["a2b", "b2a"])
def test_pix2pix(n: int, direction: str):
    """Isola 2017, section 3.3: the discriminator's loss is halved; the generator's is -log D plus 100 times L1."""
    model = Pix2Pix((3, 64, 64), direction, halvings=6, width=2, discriminator_width=2)  # type: ignore[arg-type]
    generator, discriminator = UNet(2, 6), copied(model.discriminator)
    generator.load_state_dict(model.generator.state_dict())
    assert sum(getattr(level, "drops", False) for level in generator.modules()) == 1
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def step(_: int, minibatches: list[Batch]) -> None:
        x, y = minibatches[0]["source"], minibatches[0]["target"]
        if direction == "b2a":
            x, y = y, x
        fake = generator(x).detach()
        real_scores, fake_scores = (discriminator(torch.cat([x, image], 1)) for image in (y, fake))
        adam_d.descend(-(log_real(real_scores) + log_fake(fake_scores)) / 2)
        fake = generator(x)
        adam_g.descend(-log_real(discriminator(torch.cat([x, fake], 1))) + 100 * (y - fake).abs().mean())

    networks = {"generator": generator, "discriminator": discriminator}
    compare(model, noise(STEPS, n, (3, 64, 64), keys=("source", "target")), step, networks, adam_g, adam_d)
