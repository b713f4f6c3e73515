"""LSGAN: Least Squares Generative Adversarial Networks.

Mao, Li, Xie, Lau, Wang and Smolley, 2016. https://arxiv.org/abs/1611.04076

The sigmoid cross entropy of GAN is flat for fakes on the right side of D's boundary, however far from the data they
lie. LSGAN asks D for the value b on images of the data and a on generated ones, and G for fakes that D gives c:

    min_D  1/2 E[(D(x) - b)²] + 1/2 E[(D(G(z)) - a)²]        (Eq. 2)
    min_G  1/2 E[(D(G(z)) - c)²]

At p_g = p_data the best D is (a + b) / 2 everywhere. The paper has two choices of (a, b, c), here `targets`:

    (-1, 1, 0)  b - c = 1 and b - a = 2: G minimises the Pearson χ² divergence of p_data + p_g and 2 p_g   (Eq. 8)
    (0, 1, 1)   the 0-1 coding: G wants its fakes at the value of real images                              (Eq. 9)

Defaults: the 0-1 coding, step size 1e-3 and β₁ 0.5 are the authors' program's (github.com/xudonmao/LSGAN), and so is
the law of the latents. Its networks for 112 x 112 pixels are `architecture` lsgan, with 1024 latents; the default is
DCGAN's, with DCGAN's 100. For DCGAN at 64 x 64 (the study of stability) the authors take a step size of 2e-4.
Departures from the paper: G's update draws its own latents, where the program gives both updates the same; squares are
averaged over a batch, where the program sums them (with Adam the same but for its epsilon).
"""

from math import isfinite
from typing import Literal

import torch
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams


class LSGAN(AdversarialModule):
    """Least-squares GAN, with either choice of the paper for the three targets.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: length of z.
        latent_law: distribution of z.
        architecture: the two networks; any objective can train any of them.
        generator_architecture: another name, or package.module:function, for the generator alone.
        discriminator_architecture: another name, or package.module:function, for the discriminator alone.
        width: channels next to the image (dcgan), or hidden widths (mlp).
        targets: (a, b, c): what D gives generated images, what it gives real ones, what G wants D to give its own.
            (0, 1, 1): 0-1 coding; (-1, 1, 0): Pearson χ².
        n_critic: discriminator updates per generator update, each on fresh images.
        learning_rate: Adam's step size, for both networks.
        betas: Adam's decay rates, for both networks.
        average_half_life: of the generator's moving average, in images; 0: none, as in the paper.
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
        a, b, _ = self.targets
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        return {
            "discriminator/least_squares": losses.least_squares_discriminator(
                real=self.discriminator(real), fake=self.discriminator(fake), a=a, b=b
            )
        }

    def generator_loss(self, batch: Batch) -> Terms:
        _, _, c = self.targets
        scores = self.discriminator(self(self.latents(len(batch["image"]))))
        return {"generator/least_squares": losses.least_squares_generator(fake=scores, c=c)}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
