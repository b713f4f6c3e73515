"""VAE: Auto-Encoding Variational Bayes.

Kingma and Welling, 2013. https://arxiv.org/abs/1312.6114

An encoder q(z|x) = N(μ(x), σ²(x)) and a decoder p(x|z) are trained together to raise a bound on the data's likelihood,

    log p(x) ≥ E_q[log p(x|z)] - KL(q(z|x) ‖ N(0, I))        (Eq. 3)
    KL = -1/2 Σ_j (1 + log σ_j² - μ_j² - σ_j²)        (appendix B)

with z = μ + σ ε, ε ~ N(0, I), so that the gradient reaches μ and σ (Eq. 9). New images are decoded from z ~ N(0, I).
More draws of z, weighted by importance, give a tighter bound to compare models by (Burda 2015, arXiv 1509.00519):

    log p(x) ≥ E[log 1/K Σ_k p(x, z_k) / q(z_k|x)]        (Burda's Eq. 8)

Everything is in nats per image, summed over pixels and over latents: an average over pixels would weigh the KL term by
their number. With `kl_weight` 0 and `noise` false this is the plain auto-encoder.

Defaults: widths, latents and Adam's 1e-3 are those of PyTorch's example, which everybody runs; batch 128.
Departures from the paper: those (its own: 500 tanh units, Adagrad, batch 100; `width` (500,) has its counts); ReLU.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam, Optimizer

from gan_zoo import bounds
from gan_zoo.bounds import bounded
from gan_zoo.images import Batch
from gan_zoo.layers import at_least_float32
from gan_zoo.module import GenerativeModule, Terms
from gan_zoo.networks import dcgan, mlp

Images = Float[Tensor, "n c h w"]
Latents = Float[Tensor, "n z"]
Nats = Float[Tensor, " n"]


class VAE(GenerativeModule):
    """Variational auto-encoder.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: length of z.
        architecture: of both networks: fully connected, or DCGAN's convolutions.
        width: hidden widths from the image on (mlp), or channels next to the image (dcgan).
        likelihood: bernoulli: each grey level in [0, 1] as a probability; gaussian: of fixed deviation around it.
        deviation: of the Gaussian likelihood, in units of [-1, 1]; the smaller, the more the pixels count.
        kl_weight: of the KL term; 1: the bound.
        noise: whether z is drawn from q(z|x), or is its mean.
        learning_rate: Adam's α.
        betas: Adam's β₁ and β₂.
        average_half_life: of the decoder's moving average, in images; 0: none, as in the paper.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 20,
        architecture: Literal["mlp", "dcgan"] = "mlp",
        width: int | tuple[int, ...] = (400,),
        likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
        deviation: float = 0.1,
        kl_weight: float = 1.0,
        noise: bool = True,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        average_half_life: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=0, kl_weight=kl_weight)
        bounded("model.", above=0, deviation=deviation)
        self.latent_dim, self.likelihood, self.deviation = latent_dim, likelihood, deviation
        self.kl_weight, self.noise = kl_weight, noise
        self.learning_rate, self.betas = learning_rate, betas
        make = mlp_networks if architecture == "mlp" else dcgan_networks
        self.encoder, decoder = make(image_shape, latent_dim, width)
        self.generator = nn.Sequential(decoder, Squashed() if likelihood == "bernoulli" else nn.Identity())
        self.keep_average(average_half_life)

    @property
    def decoder(self) -> nn.Module:
        """From latents to each pixel's logit (bernoulli) or mean (gaussian); `generator` makes images of these."""
        return self.generator[0]  # pyright: ignore[reportIndexIssue]

    def forward(self, latents: Latents) -> Images:
        """Images in [-1, 1], the likelihood's means."""
        return self.generator(latents)

    def encode(self, image: Images) -> tuple[Latents, Latents]:
        """μ and log σ² of q(z|x)."""
        mean, log_variance = at_least_float32(self.encoder(image)).flatten(1).chunk(2, dim=1)
        return mean, log_variance

    def loss(self, batch: Batch) -> Terms:
        """Minus the two terms of Eq. 3, in nats per image, with one draw of z for each."""
        mean, log_variance = self.encode(batch["image"])
        z = drawn(mean, log_variance) if self.noise else mean
        return {
            "generator/reconstruction": -self.log_probability(batch["image"], z).mean(),
            "generator/kl": self.kl_weight * divergence(mean, log_variance).mean(),
        }

    def log_probability(self, image: Images, z: Latents) -> Nats:
        """log p(x|z) in nats, summed over pixels."""
        seen = at_least_float32(self.decoder(z))
        if self.likelihood == "bernoulli":
            return -binary_cross_entropy_with_logits(seen, (image + 1) / 2, reduction="none").flatten(1).sum(1)
        return gaussian(image, seen, 2 * math.log(self.deviation)).flatten(1).sum(1)

    @torch.no_grad()
    def bound(self, image: Images, draws: int, generator: torch.Generator) -> Nats:
        """The importance-sampled bound on log p(x), in nats: the more draws, the tighter (Burda 2015, Eq. 8).

        Args:
            image: in [-1, 1].
            draws: K; 1 is Eq. 3's bound with its KL term by Monte Carlo.
            generator: of the draws, on the CPU.
        """
        mean, log_variance = self.encode(image)
        weights = []
        for _ in range(draws):
            noise = torch.randn(mean.shape, generator=generator).to(mean)
            z = mean + (log_variance / 2).exp() * noise
            prior = gaussian(z, torch.zeros_like(z), 0.0).sum(1)
            posterior = gaussian(z, mean, log_variance).sum(1)
            weights.append(self.log_probability(image, z) + prior - posterior)
        return torch.stack(weights).logsumexp(0) - math.log(draws)

    def take_step(self, minibatches: list[Batch]) -> None:
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        self.update(optimizer, self.loss, minibatches[0])

    def configure_optimizers(self) -> Optimizer:
        both = [*self.encoder.parameters(), *self.generator.parameters()]
        return Adam(both, lr=self.learning_rate, betas=self.betas, fused=True)


class Squashed(nn.Module):
    """A logit as its probability, in [-1, 1] for [0, 1]."""

    def forward(self, logit: Tensor) -> Tensor:
        return (logit / 2).tanh()  # 2 sigmoid(x) - 1


def divergence(mean: Latents, log_variance: Latents) -> Nats:
    """KL(N(μ, σ²) ‖ N(0, I)) in nats (Kingma and Welling 2013, appendix B)."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1)


def drawn(mean: Latents, log_variance: Latents) -> Latents:
    """z = μ + σ ε, ε ~ N(0, I) from the device's own random state (Eq. 9)."""
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)


def gaussian(x: Tensor, mean: Tensor, log_variance: Tensor | float) -> Tensor:
    """log N(x; mean, e^log_variance) of each number, in nats."""
    variance = log_variance.exp() if isinstance(log_variance, Tensor) else math.exp(log_variance)
    return -0.5 * (math.log(2 * math.pi) + log_variance + (x - mean).square() / variance)


def mlp_networks(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]
) -> tuple[nn.Module, nn.Module]:
    """pixels > width[0] > ... > μ and log σ², and back: ReLU between."""
    widths = width if isinstance(width, tuple) else (width,)
    pixels, last = math.prod(image_shape), 2 * latent_dim
    return (
        nn.Sequential(nn.Flatten(), *mlp.hidden((pixels, *widths), nn.ReLU), nn.Linear(widths[-1], last)),
        nn.Sequential(
            *mlp.hidden((latent_dim, *reversed(widths)), nn.ReLU),
            nn.Linear(widths[0], pixels),
            nn.Unflatten(1, image_shape),
        ),
    )


def dcgan_networks(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]
) -> tuple[nn.Module, nn.Module]:
    """DCGAN's discriminator with μ and log σ² for a score, and its generator."""
    encoder = dcgan.encoder(image_shape, 2 * latent_dim, width, "batch", bias=False)
    return encoder, dcgan.decoder(image_shape, latent_dim, width)
