"""The bound on the log-likelihood, for a model whose likelihood is known."""

import pytest
import torch

from datamodules.images import InMemory
from gan_zoo import images
from gan_zoo.metrics.likelihood import log_likelihood
from gan_zoo.metrics.names import direction, title
from gan_zoo.models.vae import VAE
from tests.models.test_vae import Posterior

CPU = torch.device("cpu")
COUNT = 300  # more than one chunk


@pytest.fixture(scope="module")
def grey() -> InMemory:
    image = torch.randint(256, (COUNT, 1, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return InMemory("noise_300", image=image)


@pytest.fixture(scope="module")
def linear() -> VAE:
    """A VAE with a linear Gaussian decoder, so that x ~ N(b, W W' + d^2 I)."""
    torch.manual_seed(0)
    model = VAE(image_shape=(1, 6, 6), latent_dim=2, width=(8,), likelihood="gaussian", deviation=0.7)
    layer = torch.nn.Linear(2, 36)
    with torch.no_grad():
        layer.weight.copy_(torch.linalg.qr(torch.randn(36, 2))[0] * torch.tensor([0.5, 2.0]))
    decoder = torch.nn.Sequential(layer, torch.nn.Unflatten(1, (1, 6, 6)))
    model.generator = torch.nn.Sequential(decoder, torch.nn.Identity())
    return model.eval()


def exact(model: VAE, grey: InMemory) -> float:
    layer = next(part for part in model.generator.modules() if isinstance(part, torch.nn.Linear))
    covariance = layer.weight @ layer.weight.mT + model.deviation**2 * torch.eye(36)
    law = torch.distributions.MultivariateNormal(layer.bias, covariance)
    return float(law.log_prob(images.to_float(grey.tensors["image"]).flatten(1)).mean().detach())


def test_the_bound_is_the_likelihood_if_the_encoder_is_exact(linear: VAE, grey: InMemory) -> None:
    truth = exact(linear, grey)
    coarse, finer = (log_likelihood(linear, grey, CPU, draws)[0].value for draws in (1, 200))
    assert coarse < finer < truth, "with an untrained encoder the bound is lower, and rises with more draws"
    layer = next(part for part in linear.generator.modules() if isinstance(part, torch.nn.Linear))
    untrained, linear.encoder = linear.encoder, Posterior(layer, linear.deviation)
    for draws in (1, 5):
        value, protocol = log_likelihood(linear, grey, CPU, draws, split="test")
        assert value.value == pytest.approx(truth, abs=1e-3)  # nats; float32 has errors near 1e-5 of 60
        assert (protocol.real, protocol.draws, protocol.likelihood, protocol.split) == (
            COUNT,
            draws,
            "gaussian",
            "test",
        )
    low, high = value.interval or (0.0, 0.0)
    assert low < value.value < high
    linear.encoder = untrained


def test_draws_follow_the_seed_and_count_limits_the_images(linear: VAE, grey: InMemory) -> None:
    first, again, other = (log_likelihood(linear, grey, CPU, 1, seed=seed)[0].value for seed in (0, 0, 1))
    assert first == again != other
    assert log_likelihood(linear, grey, CPU, 1, count=100)[1].real == 100


def test_more_is_better_in_nats() -> None:
    assert direction("log_likelihood_10k") == "higher" and "likelihood (10k)" in title("log_likelihood_10k")
