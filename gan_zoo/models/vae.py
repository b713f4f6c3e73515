"""VAE: Auto-Encoding Variational Bayes.

Kingma and Welling, 2013. https://arxiv.org/abs/1312.6114

An encoder q(z|x) = N(μ(x), σ²(x)) and a decoder p(x|z) are trained together to raise a lower bound on the likelihood
of the data,

    log p(x) ≥ E_q[log p(x|z)] - KL(q(z|x) ‖ N(0, I))        (Eq. 3)
    KL = -1/2 Σ_j (1 + log σ_j² - μ_j² - σ_j²)        (appendix B)

with z = μ + σ ε, ε ~ N(0, I), so that the gradient reaches μ and σ (Eq. 9). New images are decoded from z ~ N(0, I).
To compare models, several draws of z with importance weights give a tighter bound (Burda 2015, arXiv 1509.00519):

    log p(x) ≥ E[log 1/K Σ_k p(x, z_k) / q(z_k|x)]        (Burda's Eq. 8)

All values are in nats per image, summed over pixels and over latents. An average over pixels would multiply the weight
of the KL term by the number of pixels. With `kl_weight` 0 and `noise` false, the model is a plain auto-encoder.

Defaults: the widths, the latents and Adam's 1e-3 are those of PyTorch's VAE example, which is the one in common use.
Batches have 128 images.
Departures from the paper: the defaults (the paper has 500 tanh units, Adagrad and batches of 100; `width` (500,) gives
its numbers of units); ReLU in place of tanh.
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
        latent_dim: Length of the latent vector z.
        architecture: Architecture of both networks: fully connected layers, or DCGAN's convolutions.
        width: Widths of the hidden layers, from the image on (mlp), or number of channels next to the image (dcgan).
        likelihood: bernoulli: each grey level, scaled to [0, 1], is a probability; gaussian: each is normally
            distributed, with a fixed standard deviation.
        deviation: Standard deviation of the Gaussian likelihood, for pixels in [-1, 1]. With a smaller one, the pixels
            count more.
        kl_weight: Weight of the KL term; 1 gives the bound of the paper.
        noise: Whether z is drawn from q(z|x); if not, z is its mean.
        learning_rate: Adam's step size α.
        betas: Adam's decay rates β₁ and β₂.
        average_half_life: Half-life of the decoder's exponential moving average, in images; 0: no average, as in the
            paper.
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
        build = mlp_networks if architecture == "mlp" else dcgan_networks
        self.encoder, decoder = build(image_shape, latent_dim, width)
        self.generator = nn.Sequential(decoder, Squashed() if likelihood == "bernoulli" else nn.Identity())
        self.keep_average(average_half_life)

    @property
    def decoder(self) -> nn.Module:
        """The network from latents to the logit (bernoulli) or the mean (gaussian) of each pixel."""
        return self.generator[0]  # pyright: ignore[reportIndexIssue]

    def forward(self, latents: Latents) -> Images:
        """Decode latents into images in [-1, 1], which are the means of the likelihood."""
        return self.generator(latents)

    def encode(self, image: Images) -> tuple[Latents, Latents]:
        """Return μ and log σ² of q(z|x)."""
        mean, log_variance = at_least_float32(self.encoder(image)).flatten(1).chunk(2, dim=1)
        return mean, log_variance

    def loss(self, batch: Batch) -> Terms:
        """Return minus the two terms of Eq. 3, in nats per image, with one draw of z for each image."""
        mean, log_variance = self.encode(batch["image"])
        z = drawn(mean, log_variance) if self.noise else mean
        return {
            "generator/reconstruction": -self.log_probability(batch["image"], z).mean(),
            "generator/kl": self.kl_weight * divergence(mean, log_variance).mean(),
        }

    def log_probability(self, image: Images, z: Latents) -> Nats:
        """Return log p(x|z) in nats, summed over pixels."""
        prediction = at_least_float32(self.decoder(z))
        if self.likelihood == "bernoulli":
            return -binary_cross_entropy_with_logits(prediction, (image + 1) / 2, reduction="none").flatten(1).sum(1)
        return gaussian(image, prediction, 2 * math.log(self.deviation)).flatten(1).sum(1)

    @torch.no_grad()
    def bound(self, image: Images, draws: int, generator: torch.Generator) -> Nats:
        """Return the importance-sampled bound on log p(x), in nats. More draws make it tighter (Burda 2015, Eq. 8).

        Args:
            image: Images in [-1, 1].
            draws: K, the number of draws of z per image; 1 is the bound of Eq. 3 with its KL term by Monte Carlo.
            generator: Random state on the CPU from which z is drawn.
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
        parameters = [*self.encoder.parameters(), *self.generator.parameters()]
        return Adam(parameters, lr=self.learning_rate, betas=self.betas, fused=True)


class Squashed(nn.Module):
    """The probability of a logit, mapped from [0, 1] to [-1, 1]."""

    def forward(self, logit: Tensor) -> Tensor:
        return (logit / 2).tanh()  # 2 sigmoid(x) - 1


def divergence(mean: Latents, log_variance: Latents) -> Nats:
    """Return KL(N(μ, σ²) ‖ N(0, I)) in nats (Kingma and Welling 2013, appendix B)."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1)


def drawn(mean: Latents, log_variance: Latents) -> Latents:
    """Draw z = μ + σ ε, ε ~ N(0, I), from the device's own random state (Eq. 9)."""
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)


def gaussian(x: Tensor, mean: Tensor, log_variance: Tensor | float) -> Tensor:
    """Return log N(x; mean, e^log_variance) of each number, in nats."""
    variance = log_variance.exp() if isinstance(log_variance, Tensor) else math.exp(log_variance)
    return -0.5 * (math.log(2 * math.pi) + log_variance + (x - mean).square() / variance)


def mlp_networks(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]
) -> tuple[nn.Module, nn.Module]:
    """Return encoder (pixels > width[0] > ... > μ and log σ²) and decoder (the reverse), with ReLU between layers."""
    widths = width if isinstance(width, tuple) else (width,)
    pixels = math.prod(image_shape)
    return (
        nn.Sequential(nn.Flatten(), *mlp.hidden((pixels, *widths), nn.ReLU), nn.Linear(widths[-1], 2 * latent_dim)),
        nn.Sequential(
            *mlp.hidden((latent_dim, *reversed(widths)), nn.ReLU),
            nn.Linear(widths[0], pixels),
            nn.Unflatten(1, image_shape),
        ),
    )


def dcgan_networks(
    image_shape: tuple[int, int, int], latent_dim: int, width: int | tuple[int, ...]
) -> tuple[nn.Module, nn.Module]:
    """Return DCGAN's discriminator, with μ and log σ² in place of its score, and DCGAN's generator."""
    encoder = dcgan.encoder(image_shape, 2 * latent_dim, width, "batch", bias=False)
    return encoder, dcgan.decoder(image_shape, latent_dim, width)
