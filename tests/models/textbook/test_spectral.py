"""SNGAN: the discriminator's weights divided by their largest singular values, with and without classes."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrize

from gan_zoo.models.sngan import SNGAN
from tests.models.textbook.tools import STEPS, Adam, Batch, compare, copied, log_fake, log_real, noise, normal


class Divided:
    """Miyato 2018, Algorithm 1: each pass does one power iteration for every weight and divides it by the estimate.

    The vector that is kept between passes is that of the inputs, as in PyTorch. The paper keeps that of the outputs,
    which is the same algorithm for the transposed weight. Gradients do not pass through the two vectors.

    Args:
        network: Our discriminator, whose weights and vectors are copied.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network: Any = copied(network)
        self.kept: dict[str, Tensor] = {}
        for name, layer in [*self.network.named_modules()]:
            if parametrize.is_parametrized(layer):
                norm = layer._modules.pop("parametrizations")["weight"]
                self.kept[name] = norm[0]._v
                layer.__class__ = type(layer).__bases__[0]  # PyTorch's own removal changes the class of all copies
                layer.weight = norm.original
        layers = (nn.Conv2d, nn.Linear, nn.Embedding)
        assert len(self.kept) == sum(isinstance(layer, layers) for layer in self.network.modules())

    def __call__(self, *inputs: Tensor) -> Tensor:
        names = [f"{name}.weight" for name in self.kept]
        weights = {name: self.divided(name, self.network.get_parameter(name)) for name in names}
        return functional_call(self.network, weights, inputs)

    def divided(self, name: str, weight: Tensor) -> Tensor:
        matrix, layer = weight.reshape(len(weight), -1), name.removesuffix(".weight")
        with torch.no_grad():
            u = matrix @ self.kept[layer]
            u = u / (u**2).sum() ** 0.5
            v = matrix.T @ u
            self.kept[layer] = v = v / (v**2).sum() ** 0.5
        return weight / (u @ matrix @ v)


CASES: dict[str, dict[str, Any]] = {
    "hinge": {"objective": "hinge"},
    "non_saturating": {"objective": "non_saturating"},
    "projection": {"projection": True},
}


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_sngan(n: int, case: str):
    """The discriminator has two updates, then the generator one on twice as many images. The rate decays to 0."""
    arguments: dict[str, Any] = {"width": 3, "discriminator_width": 4, "n_critic": 2, "decay_until": 5} | CASES[case]
    model = SNGAN((3, 32, 32), 3, latent_dim=4, **arguments)
    generator, discriminator = copied(model.generator), Divided(model.discriminator)
    adam_g, adam_d = (Adam(network, rate=2e-4, betas=(0.0, 0.9)) for network in (generator, discriminator.network))

    def fakes(count: int) -> tuple[Tensor, ...]:
        label = (torch.randint(3, (count,)),) if case == "projection" else ()
        return (generator(normal(count, 4), *label), *label)

    def step(number: int, minibatches: list[Batch]) -> None:
        adam_g.rate = adam_d.rate = 2e-4 * (1 - number / 5)
        for batch in minibatches:
            label = (batch["label"],) if case == "projection" else ()
            image, *drawn = fakes(n)
            real, fake = discriminator(batch["image"], *label), discriminator(image.detach(), *drawn)
            if case == "non_saturating":
                adam_d.descend(-log_real(real) - log_fake(fake))
            else:
                adam_d.descend(torch.clip(1 - real, min=0).mean() + torch.clip(1 + fake, min=0).mean())
        scores = discriminator(*fakes(2 * n))
        adam_g.descend(-log_real(scores) if case == "non_saturating" else -scores.mean())

    networks = {"generator": generator, "discriminator": discriminator.network}
    compare(model, noise(STEPS, 2 * n, (3, 32, 32), classes=3), step, networks, adam_g, adam_d, minibatches=2)
    for name, vector in discriminator.kept.items():
        ours = model.discriminator.get_submodule(name).parametrizations["weight"][0]._v  # type: ignore[index]
        torch.testing.assert_close(ours, vector, rtol=0, atol=1e-9)
