"""GAN: Generative Adversarial Nets.

Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville and Bengio, 2014. https://arxiv.org/abs/1406.2661

A discriminator D learns to tell images of the data from images G(z) of a generator. The two play the game

    min_G max_D  E[log D(x)] + E[log(1 - D(G(z)))]        (Eq. 1)

The discriminator takes k steps for each step of the generator (Algorithm 1; `n_critic` here). Early in training D is
sure that the generated images are fake, and log(1 - D(G(z))) has almost no gradient. In practice the generator
therefore minimises -E[log D(G(z))], the non-saturating loss (section 3).

Defaults: k, the number of latents, the batch size and G, with layers of 100-1200-1200-784, are those of the authors'
program. With `architecture` maxout and the same width, D is the program's too: two layers of 240 maxout units, with
dropout.
Departures from the paper:

- By default, D mirrors G and has leaky ReLU.
- With maxout, G starts from grey images; the program starts from the mean image.
- Latents are uniform on [-1, 1]; the program draws them from [-sqrt 3, sqrt 3].
- Adam, with the settings that became usual, takes the place of momentum that rises during training.
- The learning rate is constant; the program divides it by 1.000004 in each step (`rate_divisor`).
- D is updated before G, each on its own latents, as in Algorithm 1; the program updates both at once.
- Images are in [-1, 1], after a tanh; the program's are in [0, 1], after a sigmoid.
"""

from typing import Literal

import torch
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks, schedules
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.bounds import bounded
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams


class GAN(AdversarialModule):
    """The original GAN, with the minimax or the non-saturating loss.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks; any objective can train any of them.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Number of channels next to the image (dcgan), or widths of the hidden layers (mlp, maxout).
        generator_objective: Loss that the generator minimises. The discriminator's loss is that of Eq. 1 in both cases.
        n_critic: k, the number of discriminator updates per generator update, each on fresh images.
        learning_rate: Adam's step size α, for both networks.
        betas: Adam's decay rates β₁ and β₂, for both networks.
        rate_divisor: Number by which the learning rates are divided in each step, down to 1e-5 of their first values;
            1: constant rates.
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
        architecture: str = "mlp",
        generator_architecture: str | None = None,
        discriminator_architecture: str | None = None,
        width: int | tuple[int, ...] = (1200, 1200),
        generator_objective: Literal["non_saturating", "minimax"] = "non_saturating",
        n_critic: int = 1,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        rate_divisor: float = 1.0,
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, rate_divisor=rate_divisor)
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.generator_objective = generator_objective
        self.learning_rate, self.betas, self.rate_divisor = learning_rate, betas, rate_divisor
        self.generator, self.discriminator = networks.pair(
            (architecture, generator_architecture, discriminator_architecture), image_shape, latent_dim, width, "batch"
        )
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        return {
            "discriminator/minimax": losses.minimax_discriminator(
                real=self.note(self.judge(real)), fake=self.judge(fake)
            )
        }

    def generator_loss(self, batch: Batch) -> Terms:
        scores = self.judge(self(self.latents(len(batch["image"]))))
        if self.generator_objective == "minimax":
            return {"generator/minimax": losses.minimax_generator(fake=scores)}
        return {"generator/non_saturating": losses.non_saturating_generator(fake=scores)}

    def rate(self, step: int) -> float:
        return schedules.exponential_decay(step, divisor=self.rate_divisor, least=1e-5)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
