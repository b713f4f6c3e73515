"""VAE: one update of both networks, with a loss in nats per image."""

import math
from typing import Any

import pytest
import torch

from gan_zoo.models.vae import VAE
from tests.models.textbook.tools import STEPS, Adam, Batch, compare, copied, noise

CASES: dict[str, dict[str, Any]] = {
    "bernoulli": {"width": (7,)},
    "gaussian": {"architecture": "dcgan", "width": 2, "likelihood": "gaussian", "deviation": 0.3},
}


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("likelihood", CASES)
def test_vae(n: int, likelihood: str):
    """Kingma and Welling 2013, Eq. 10 with L = 1, summed over pixels and latents, averaged over images."""
    model = VAE((1, 28, 28), 4, **CASES[likelihood])
    encoder, generator = copied(model.encoder), copied(model.generator)
    adam = Adam(encoder, generator, rate=1e-3, betas=(0.9, 0.999))

    def step(_: int, minibatches: list[Batch]) -> None:
        x = minibatches[0]["image"]
        moments = encoder(x).reshape(n, 8)
        mean, log_variance = moments[:, :4], moments[:, 4:]
        z = mean + torch.exp(log_variance) ** 0.5 * torch.randn(n, 4)
        y = generator[0](z)
        if likelihood == "bernoulli":
            level, p = (x + 1) / 2, 1 / (1 + torch.exp(-y))
            reconstruction = level * torch.log(p) + (1 - level) * torch.log(1 - p)
        else:
            reconstruction = -((x - y) ** 2) / (2 * 0.3**2) - math.log(0.3 * math.sqrt(2 * math.pi))
        kl = (mean**2 + torch.exp(log_variance) - log_variance - 1).sum(1) / 2
        adam.descend((kl - reconstruction.sum((1, 2, 3))).mean())

    compare(model, noise(STEPS, n, (1, 28, 28)), step, {"encoder": encoder, "generator": generator}, adam)
