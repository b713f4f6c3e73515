"""VAE: its two terms in closed form and by Monte Carlo, its counts, its bound, and the plain auto-encoder."""

import math
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.models.vae import VAE, divergence, drawn, gaussian

DIGIT = (1, 28, 28)


def vae(**changed):
    torch.manual_seed(0)
    return VAE(**{"image_shape": (1, 8, 8), "latent_dim": 3, "width": (16,)} | changed)


def picture(n=4, size=8):
    return torch.rand(n, 1, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def count(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("width", "latent_dim", "expected"),
    [
        ((400,), 20, 652_824),
        ((500,), 2, 788_788),
        ((500,), 5, 793_294),
        ((500,), 10, 800_804),
        ((500,), 20, 815_824),
        ((500,), 200, 1_086_184),
    ],
)
def test_networks_have_the_published_counts(width, latent_dim, expected):
    assert count(VAE(image_shape=DIGIT, width=width, latent_dim=latent_dim)) == expected


def test_kl_is_that_of_monte_carlo():
    """The mean of E_q[log q(z) - log p(z)] over a million draws has a standard error near 2e-3; 1e-2 is allowed."""
    mean, log_variance = torch.tensor([[0.7, -1.2, 0.1]]), torch.tensor([[0.3, -0.8, 0.0]])
    torch.manual_seed(0)
    z = drawn(mean.expand(1_000_000, -1), log_variance.expand(1_000_000, -1))
    sampled = (gaussian(z, mean, log_variance) - gaussian(z, torch.zeros_like(z), 0.0)).sum(1).mean()
    assert_close(divergence(mean, log_variance)[0], sampled, rtol=0, atol=1e-2)
    assert divergence(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_gaussian_is_torchs():
    x, mean, log_variance = torch.randn(3, 5), torch.randn(3, 5), torch.randn(3, 5)
    expected = torch.distributions.Normal(mean, (log_variance / 2).exp()).log_prob(x)
    assert_close(gaussian(x, mean, log_variance), expected)


def test_bernoulli_term_is_cross_entropy_summed_over_pixels():
    model, image = vae(), picture()
    z = torch.randn(4, 3)
    p, x = (model(z) + 1) / 2, (image + 1) / 2
    expected = (x * p.log() + (1 - x) * (1 - p).log()).sum((1, 2, 3))
    assert_close(model.log_probability(image, z), expected)


def test_gaussian_term_is_the_density_in_units_of_minus_one_to_one():
    model, image = vae(likelihood="gaussian", deviation=0.3), picture()
    z = torch.randn(4, 3)
    expected = torch.distributions.Normal(model(z), 0.3).log_prob(image).sum((1, 2, 3))
    assert_close(model.log_probability(image, z), expected)


def test_terms_are_means_over_images_and_kl_has_its_weight():
    model, image = vae(kl_weight=0.25), picture()
    mean, log_variance = model.encode(image)
    torch.manual_seed(5)
    z = drawn(mean, log_variance)
    torch.manual_seed(5)
    terms = model.loss({"image": image})
    assert_close(terms["generator/reconstruction"], -model.log_probability(image, z).mean())
    assert_close(terms["generator/kl"], 0.25 * divergence(mean, log_variance).mean())


def test_gradient_reaches_mean_and_deviation():
    """This is the reconstruction's gradient alone: the KL term, which needs no draw, has weight 0."""
    model = vae(kl_weight=0.0)
    model.loss({"image": picture()})["generator/reconstruction"].backward()
    heads = gradient_of_heads(model)
    assert heads[:3].abs().sum() > 0 and heads[3:].abs().sum() > 0


def test_without_noise_and_kl_it_is_an_auto_encoder():
    model = vae(kl_weight=0.0, noise=False)
    first, second = (model.loss({"image": picture()}) for _ in range(2))
    assert torch.equal(first["generator/reconstruction"], second["generator/reconstruction"])
    assert first["generator/kl"] == 0
    first["generator/reconstruction"].backward()
    assert gradient_of_heads(model)[3:].abs().sum() == 0, "the deviation is not used"


def gradient_of_heads(model) -> Any:
    """Return the gradient of the rows that make the means, then of those that make the log variances."""
    return list(model.encoder.parameters())[-2].grad


class Posterior(torch.nn.Module):
    """The exact posterior p(z|x) of a linear Gaussian decoder with orthogonal columns, as an encoder."""

    def __init__(self, layer: torch.nn.Linear, deviation: float) -> None:
        super().__init__()
        self.layer, self.noise = layer, deviation**2

    def forward(self, image):
        variance = 1 / (1 + self.layer.weight.square().sum(0) / self.noise)
        mean = variance * ((image.flatten(1) - self.layer.bias) @ self.layer.weight) / self.noise
        return torch.cat([mean, variance.log().expand_as(mean)], dim=1)


def test_bound_is_the_likelihood_where_the_encoder_is_right_and_below_it_elsewhere():
    """p(x) of a decoder that is linear and Gaussian is known: x ~ N(b, W W' + d^2 I)."""
    torch.manual_seed(0)
    model, image = vae(likelihood="gaussian", deviation=0.5).double(), picture(2).double()
    layer = torch.nn.Linear(3, 64).double()
    with torch.no_grad():
        layer.weight.copy_(torch.linalg.qr(torch.randn(64, 3, dtype=torch.float64))[0] * torch.tensor([0.5, 1.0, 2.0]))
    model.generator = torch.nn.Sequential(
        torch.nn.Sequential(layer, torch.nn.Unflatten(1, (1, 8, 8))), torch.nn.Identity()
    )
    identity = torch.eye(64, dtype=torch.float64)
    law = torch.distributions.MultivariateNormal(layer.bias, layer.weight @ layer.weight.mT + 0.25 * identity)
    exact = law.log_prob(image.flatten(1)).detach()
    wrong = [model.bound(image, draws, torch.Generator().manual_seed(0)) for draws in (1, 1000)]
    model.encoder = Posterior(layer, 0.5)
    for draws in (1, 7):
        assert_close(model.bound(image, draws, torch.Generator().manual_seed(0)), exact)
    assert (wrong[0] < wrong[1]).all() and ((wrong[1] - exact).abs() < (exact - wrong[0])).all(), "more are tighter"


def test_images_are_the_likelihoods_means():
    model, z = vae(), torch.randn(2, 3)
    assert_close(model(z), 2 * torch.sigmoid(model.decoder(z)) - 1)
    assert model.sample(5).shape == (5, 1, 8, 8)
    gauss = vae(likelihood="gaussian")
    assert torch.equal(gauss(z), gauss.decoder(z))


@pytest.mark.parametrize("size", [28, 32])
def test_convolutional_networks_mirror_each_other(size):
    model = vae(image_shape=(1, size, size), architecture="dcgan", width=4)
    mean, log_variance = model.encode(picture(2, size))
    assert mean.shape == log_variance.shape == (2, 3)
    assert model(mean).shape == (2, 1, size, size)
    assert math.isfinite(sum(float(term.detach()) for term in model.loss({"image": picture(2, size)}).values()))


def test_one_optimizer_has_both_networks():
    model = vae()
    owned = {id(p) for group in model.configure_optimizers().param_groups for p in group["params"]}
    assert owned == {id(p) for p in model.parameters()}


@pytest.mark.parametrize(("name", "value"), [("deviation", 0.0), ("kl_weight", -1.0), ("latent_dim", 0)])
def test_settings_out_of_bounds_are_refused(name, value):
    with pytest.raises(Mistake, match=rf"model\.{name} is"):
        vae(**{name: value})
