"""LSGAN: Least Squares Generative Adversarial Networks.

Mao, Li, Xie, Lau, Wang and Smolley, 2016. https://arxiv.org/abs/1611.04076

GAN's sigmoid cross entropy has no gradient for fakes on the right side of D's boundary, however far from the data they
are. In LSGAN, D learns to return the value b for images of the data and a for generated ones, and G learns to make
images for which D returns c:

    min_D  1/2 E[(D(x) - b)²] + 1/2 E[(D(G(z)) - a)²]        (Eq. 2)
    min_G  1/2 E[(D(G(z)) - c)²]

At p_g = p_data the best D is (a + b) / 2 everywhere. The paper has two choices of (a, b, c), here `targets`:

    (-1, 1, 0)  b - c = 1 and b - a = 2: G minimises the Pearson χ² divergence of p_data + p_g and 2 p_g   (Eq. 8)
    (0, 1, 1)   the 0-1 coding: G aims at the value of real images                                         (Eq. 9)

Defaults: the 0-1 coding, the step size 1e-3, β₁ 0.5 and the distribution of the latents are those of the authors'
program (github.com/xudonmao/LSGAN). Its networks for 112 x 112 pixels are `architecture` lsgan, with 1024 latents; the
default networks are DCGAN's, with DCGAN's 100 latents. For DCGAN at 64 x 64 (the study of stability) the authors use a
step size of 2e-4.
Departures from the paper: G's update draws its own latents, where the program uses the same latents in both updates;
squares are averaged over a batch, where the program sums them (with Adam, this only changes the effect of its epsilon).
"""

from math import isfinite
from typing import Literal

import torch
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams


class LSGAN(AdversarialModule):
    """Least-squares GAN, with either of the paper's choices for the three targets.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks; any objective can train any of them.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Number of channels next to the image (dcgan), or widths of the hidden layers (mlp).
        targets: (a, b, c): D's target for generated images, its target for real images, and the value that G aims at.
            (0, 1, 1): 0-1 coding; (-1, 1, 0): Pearson χ².
        n_critic: Number of discriminator updates per generator update, each on fresh images.
        learning_rate: Adam's step size α, for both networks.
        betas: Adam's decay rates β₁ and β₂, for both networks.
        average_half_life: Half-life of the generator's exponential moving average, in images; 0: no average, as in the
            paper.
        augment: Augmentation of all images that the discriminator sees.
        augment_probability: p of ADA: by the signs of the scores of real images, by a schedule, or a number.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 100,
        latent_law: Literal["normal", "uniform", "sphere"] = "uniform",
        architecture: str = "dcgan",
        generator_architecture: str | None = None,
        discriminator_architecture: str | None = None,
        width: int | tuple[int, ...] = 64,
        targets: tuple[float, float, float] = (0.0, 1.0, 1.0),
        n_critic: int = 1,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.5, 0.999),
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        if len(targets) != 3 or not all(map(isfinite, targets)) or targets[0] == targets[1]:
            raise Mistake(f"model.targets is {targets}: it must be three finite numbers a, b and c, a other than b.")
        self.targets = targets
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.learning_rate, self.betas = learning_rate, betas
        self.generator, self.discriminator = networks.pair(
            (architecture, generator_architecture, discriminator_architecture), image_shape, latent_dim, width, "batch"
        )
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        a, b, _ = self.targets
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        return {
            "discriminator/least_squares": losses.least_squares_discriminator(
                real=self.note(self.judge(real), boundary=(a + b) / 2), fake=self.judge(fake), a=a, b=b
            )
        }

    def generator_loss(self, batch: Batch) -> Terms:
        _, _, c = self.targets
        scores = self.judge(self(self.latents(len(batch["image"]))))
        return {"generator/least_squares": losses.least_squares_generator(fake=scores, c=c)}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
