"""GAN: Generative Adversarial Nets.

Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville and Bengio, 2014. https://arxiv.org/abs/1406.2661

A discriminator D tells images of the data from images G(z) of a generator; the two play

    min_G max_D  E[log D(x)] + E[log(1 - D(G(z)))]        (Eq. 1)

The discriminator takes k steps for each of the generator's (Algorithm 1; `n_critic` here). Early on D is sure of the
fakes and log(1 - D(G(z))) is flat, so in practice the generator minimises -E[log D(G(z))] instead (section 3), the
non-saturating loss.

Defaults: k, the number of latents, batch and G, 100-1200-1200-784, are the paper's program's. `architecture` maxout,
with the same width, is its D too: two layers of 240 maxout units, with dropout.
Departures from the paper: D is by default G's mirror, with leaky ReLU; with maxout, G starts from grey, where the
program starts from the mean image; uniform latents within 1 of 0, where the program's are within sqrt 3; Adam, with the
settings that became usual, in place of momentum that rises; a constant learning rate, where the program divides its own
by 1.000004 in each step (`rate_divisor`); D's update comes before G's and on its own latents, as in Algorithm 1, where
the program stepped both at once; tanh and [-1, 1] for sigmoid and [0, 1].
"""

from typing import Literal

import torch
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks, schedules
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.bounds import bounded
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams


class GAN(AdversarialModule):
    """The first adversarial pair, with the minimax or the non-saturating loss.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: length of z.
        latent_law: distribution of z.
        architecture: the two networks; any objective can train any of them.
        generator_architecture: another name, or package.module:function, for the generator alone.
        discriminator_architecture: another name, or package.module:function, for the discriminator alone.
        width: channels next to the image (dcgan), or hidden widths (mlp, maxout).
        generator_objective: what the generator minimises; the discriminator's loss is Eq. 1 in both cases.
        n_critic: k, discriminator updates per generator update, each on fresh images.
        learning_rate: Adam's step size, for both networks.
        betas: Adam's decay rates, for both networks.
        rate_divisor: what the learning rates are divided by in each step, down to 1e-5 of the first; 1: constant.
        average_half_life: of the generator's moving average, in images; 0: none, as in the paper.
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
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, rate_divisor=rate_divisor)
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.generator_objective = generator_objective
        self.learning_rate, self.betas, self.rate_divisor = learning_rate, betas, rate_divisor
        self.generator, self.discriminator = networks.pair(
            architecture=architecture,
            generator_architecture=generator_architecture,
            discriminator_architecture=discriminator_architecture,
            image_shape=image_shape,
            latent_dim=latent_dim,
            width=width,
            discriminator_norm="batch",
        )
        self.keep_average(average_half_life)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        return {
            "discriminator/minimax": losses.minimax_discriminator(
                real=self.discriminator(real), fake=self.discriminator(fake)
            )
        }

    def generator_loss(self, batch: Batch) -> Terms:
        scores = self.discriminator(self(self.latents(len(batch["image"]))))
        if self.generator_objective == "minimax":
            return {"generator/minimax": losses.minimax_generator(fake=scores)}
        return {"generator/non_saturating": losses.non_saturating_generator(fake=scores)}

    def rate(self, step: int) -> float:
        return schedules.exponential_decay(step, divisor=self.rate_divisor, least=1e-5)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
