"""ProGAN: Progressive Growing of GANs for Improved Quality, Stability, and Variation.

Karras, Aila, Laine and Lehtinen, 2018. https://arxiv.org/abs/1710.10196

Both networks start at 4 x 4 pixels. Once they have learnt this resolution, layers for the next one are added to both,
and faded in: with alpha rising from 0 to 1, the generator makes

    (1 - alpha) upsampled(old image) + alpha new image

the discriminator blends its input in the same way, and so are the real images blended. The discriminator minimises
WGAN-GP's loss with one more term, which keeps its scores from drifting away (appendix A.1)

    E[D(x~)] - E[D(x)] + λ E[(||∇ D(x^)||₂ - 1)²] + ε E[D(x)²]        λ = 10, ε = 0.001

and the generator minimises -E[D(x~)]. Three devices keep the pair in balance: an equalised learning rate, the pixel
norm of the generator (both section 4), and a map that tells the discriminator how much a minibatch varies (section 3).

Defaults are those of the paper: 800,000 images a resolution and as many a fade, Adam 0.001 with betas 0 and 0.99,
batches of 16, then 14 at 256, 6 at 512 and 3 at 1024 pixels. The authors' faster preset has 600,000 images each, for
one GPU batches of 128, 128, 128, 64, 32, 16, 8, 4, 4 and a rate of 0.0015 at 1024 pixels. Adam starts anew where a
fade begins and where it ends.
Departures from the paper: the blend moves in each step, where the program moves it in every fourth; the moving average
has a half-life in images (0.999 a step of 16 images is one of 11,085), which is at most 5 % of the images shown so far;
no classes (the program has ACGAN's terms).
"""

from typing import Literal

import torch
from torch.optim import Optimizer

from gan_zoo import bounds, losses, penalties
from gan_zoo.adversarial import halfway
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.bounds import bounded
from gan_zoo.growing import GrowingModule, by_resolution
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks import progressive
from gan_zoo.step.growth import Growth
from gan_zoo.step.optimizers import adams


class ProGAN(GrowingModule):
    """Progressive GAN: the networks and their images grow during training.

    Args:
        image_shape: (channels, height, width) of the training images at the last resolution, a power of two.
        latent_dim: Length of z.
        latent_law: Distribution of z.
        width: Channels up to 32 pixels; each further doubling halves them.
        first_resolution: Side of the images that training starts with, in pixels.
        stable_images: Real images shown at each resolution after its fade.
        fade_images: Real images shown while a resolution is faded in.
        batch_size: Images of a step, over all devices: one number, or one for each resolution from the first on.
        stddev_group: Images over which the deviation of a minibatch is taken.
        penalty_weight: λ, of the gradient penalty.
        drift_weight: ε, of the squared scores of real images.
        learning_rate: Adam's step size: one number, or one for each resolution from the first on.
        betas: Adam's decay rates, for both networks.
        average_half_life: Half-life of the generator's moving average, in images; 0: none.
        augment: Augmentation of all images that the discriminator sees.
        augment_probability: p of ADA: by the signs of the scores of real images, by a schedule, or a number.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 512,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        width: int = 512,
        first_resolution: int = 4,
        stable_images: int = 800_000,
        fade_images: int = 800_000,
        batch_size: int | tuple[int, ...] = (16, 16, 16, 16, 16, 16, 14, 6, 3),
        stddev_group: int = 16,
        penalty_weight: float = 10.0,
        drift_weight: float = 0.001,
        learning_rate: float | tuple[float, ...] = 1e-3,
        betas: tuple[float, float] = (0.0, 0.99),
        average_half_life: int = 11_085,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=0, drift_weight=drift_weight)
        self.latent_dim, self.latent_law = latent_dim, latent_law
        self.penalty_weight, self.drift_weight = penalty_weight, drift_weight
        self.learning_rates, self.betas = by_resolution("learning_rate", learning_rate), betas
        batch_sizes = by_resolution("batch_size", batch_size)
        self.growth = Growth(first_resolution, image_shape[1], stable_images, fade_images, batch_sizes)
        self.generator = progressive.generator(image_shape, latent_dim, width)
        self.discriminator = progressive.discriminator(image_shape, width, stddev_group)
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        scores, fake_scores = self.judge(real), self.judge(fake)
        self.note(scores, boundary=halfway(scores, fake_scores))
        return {
            "discriminator/wasserstein": losses.wasserstein_discriminator(real=scores, fake=fake_scores),
            "discriminator/penalty": self.penalty_weight * penalties.gradient_penalty(self.judge, real, fake),
            "discriminator/drift": self.drift_weight * penalties.drift(scores),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        fake = self(self.latents(len(batch["image"])))
        return {"generator/wasserstein": losses.wasserstein_generator(fake=self.judge(fake))}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rates[0], betas=self.betas)
