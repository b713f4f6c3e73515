"""StyleGAN: A Style-Based Generator Architecture for Generative Adversarial Networks.

Karras, Laine and Aila, 2019. https://arxiv.org/abs/1812.04948

A mapping network f takes z to w = f(z). Each layer of the synthesis network adds noise to its maps and then gives them
the gain and the bias that an affine layer makes from w,

    AdaIN(x, y) = y_s (x - μ(x)) / σ(x) + y_b        (Eq. 1)

so a layer changes what its own resolution can show. In training, a share of the minibatches has the styles of two
latents, with the crossover at a random layer (section 3.1). The networks grow as ProGAN's do, from 8 x 8 pixels, with
a blur where they double or halve their maps. The discriminator minimises the logistic loss with R1 (Mescheder 2018)

    -E[log D(x)] - E[log(1 - D(x~))] + γ / 2 E[||∇ D(x)||²]        γ = 10

and the generator minimises -E[log D(x~)]. For CelebA-HQ the paper keeps WGAN-GP's loss with λ = 10, which is
`objective: wasserstein` here. Images are drawn with w moved towards the mean of all w, w' = w_mean + ψ (w - w_mean), in
the first layers (section B): `truncation` when sampling, and 1 for scores.

Defaults are those of the authors' program for FFHQ on eight GPUs: 600,000 images a resolution and as many a fade,
batches of 256 at 8 pixels, 128, 64 and then 32, Adam with betas 0 and 0.99 and a rate of 0.001, which is 0.0015 at 128
pixels, 0.002 at 256 and 0.003 from there on. The rate of the mapping network is a hundredth of it.
Departures from the paper: the blend moves in each step; the half-life of the moving average is at most 5 % of the
images shown so far; no classes.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_zoo import bounds, losses, penalties
from gan_zoo.adversarial import halfway
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.bounds import bounded
from gan_zoo.distributed.strategy import mean_over_processes
from gan_zoo.growing import GrowingModule, by_resolution, enlarged
from gan_zoo.images import Batch
from gan_zoo.layers import at_least_float32
from gan_zoo.module import Terms
from gan_zoo.networks import progressive, style
from gan_zoo.sampling import Inputs
from gan_zoo.step.growth import Growth
from gan_zoo.step.optimizers import adams


class StyleGAN(GrowingModule):
    """A generator whose layers are steered by styles, in a growing pair.

    Args:
        image_shape: (channels, height, width) of the training images at the last resolution, a power of two.
        latent_dim: Length of z and of w.
        latent_law: Distribution of z.
        width: Channels up to 32 pixels; each further doubling halves them.
        mapping_layers: Fully connected layers from z to w.
        first_resolution: Side of the images that training starts with, in pixels.
        stable_images: Real images shown at each resolution after its fade.
        fade_images: Real images shown while a resolution is faded in.
        batch_size: Images of a step, over all devices: one number, or one for each resolution from the first on.
        stddev_group: Images over which the deviation of a minibatch is taken.
        objective: The losses: `logistic` with R1, or `wasserstein` with WGAN-GP's penalty.
        penalty_weight: γ of R1, or λ of WGAN-GP's penalty.
        mixing_probability: Share of the minibatches that have the styles of two latents.
        truncation_layers: Number of first layers that `truncation` moves when images are sampled.
        learning_rate: Adam's step size: one number, or one for each resolution from the first on.
        betas: Adam's decay rates, for both networks.
        average_half_life: Half-life of the generator's moving average, in images; 0: none.
        augment: Augmentation of all images that the discriminator sees.
        augment_probability: p of ADA: by the signs of the scores of real images, by a schedule, or a number.
    """

    generator: style.Generator

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 512,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        width: int = 512,
        mapping_layers: int = 8,
        first_resolution: int = 8,
        stable_images: int = 600_000,
        fade_images: int = 600_000,
        batch_size: int | tuple[int, ...] = (256, 128, 64, 32),
        stddev_group: int = 4,
        objective: Literal["logistic", "wasserstein"] = "logistic",
        penalty_weight: float = 10.0,
        mixing_probability: float = 0.9,
        truncation_layers: int = 8,
        learning_rate: float | tuple[float, ...] = (1e-3, 1e-3, 1e-3, 1e-3, 1.5e-3, 2e-3, 3e-3),
        betas: tuple[float, float] = (0.0, 0.99),
        average_half_life: int = 10_000,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=0, truncation_layers=truncation_layers)
        self.latent_dim, self.latent_law, self.objective = latent_dim, latent_law, objective
        self.penalty_weight, self.mixing_probability = penalty_weight, mixing_probability
        self.truncation_layers = truncation_layers
        self.learning_rates, self.betas = by_resolution("learning_rate", learning_rate), betas
        batch_sizes = by_resolution("batch_size", batch_size)
        self.growth = Growth(first_resolution, image_shape[1], stable_images, fade_images, batch_sizes)
        self.generator = style.generator(image_shape, latent_dim, width, mapping_layers)
        self.discriminator = progressive.discriminator(image_shape, width, stddev_group, blur=True)
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)
        self._means: list[Tensor] = []

    def take_step(self, minibatches: list[Batch]) -> None:
        super().take_step(minibatches)
        self.generator.track(mean_over_processes(torch.stack(self._means).mean(0)))
        self._means.clear()

    def styles(self, n: int) -> style.Styles:
        """Draw the styles of `n` training images, some of them mixed of two latents."""
        first, second = (self.generator.spread(self.generator.mapping(self.latents(n))) for _ in range(2))
        layers = self.generator.layers
        crossover = torch.randint(1, layers, (), device=self.device)
        mixed = torch.rand((), device=self.device) < self.mixing_probability
        return style.mixed_styles(first, second, torch.where(mixed, crossover, layers))

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self.generator.synthesise(self.styles(len(real)), style.random_noise)
        if self.objective == "wasserstein":
            penalty = penalties.gradient_penalty(self.judge, real, fake)
            scores, fake_scores = self.judge(real), self.judge(fake)
            self.note(scores, boundary=halfway(scores, fake_scores))
            return {
                "discriminator/wasserstein": losses.wasserstein_discriminator(real=scores, fake=fake_scores),
                "discriminator/penalty": self.penalty_weight * penalty,
            }
        with penalties.full_precision(real.device):
            real = real.detach().requires_grad_()
            scores = self.note(self.judge(real))
            r1 = penalties.zero_centred(scores, real)
        return {
            "discriminator/logistic": losses.minimax_discriminator(real=scores, fake=self.judge(fake)),
            "discriminator/r1": self.penalty_weight / 2 * r1,
        }

    def generator_loss(self, batch: Batch) -> Terms:
        styles = self.styles(len(batch["image"]))
        self._means.append(at_least_float32(styles[:, 0].detach()).mean(0))
        scores = self.judge(self.generator.synthesise(styles, style.random_noise))
        if self.objective == "wasserstein":
            return {"generator/wasserstein": losses.wasserstein_generator(fake=scores)}
        return {"generator/logistic": losses.non_saturating_generator(fake=scores)}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rates[0], betas=self.betas)

    def render(self, network: nn.Module, inputs: Inputs) -> Float[Tensor, " n c h w"]:
        """Make images at the last resolution, each with its own noise, by styles that are truncated if asked.

        Raises:
            Mistake: A truncation before the first step, when there is no mean of the styles.
        """
        assert isinstance(network, style.Generator)
        styles = network.sampled_styles(inputs.latents, truncation=inputs.truncation, layers=self.truncation_layers)
        numbers = inputs.noise(network.numbers_of_noise()).to(inputs.latents.device)
        return enlarged(network.synthesise(styles, style.given_noise(numbers)), self.growth.last)
