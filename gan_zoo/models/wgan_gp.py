"""WGAN-GP: Improved Training of Wasserstein GANs.

Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville, 2017. https://arxiv.org/abs/1704.00028

WGAN keeps its critic 1-Lipschitz by clipping weights. WGAN-GP penalises the critic directly: on straight lines between
real and generated images, its gradient should have norm 1. With x~ = G(z), z ~ N(0, I), the critic minimises

    E[D(x~)] - E[D(x)] + λ E[(||∇ D(x^)||₂ - 1)²]        (Eq. 3)        x^ = (1 - ε) x + ε x~,  ε ~ U[0, 1]

and the generator minimises -E[D(x~)]. The penalty is computed for each image, so the critic must not use batch norm,
which mixes the images. It uses layer norm instead (section 4), or no norm in the residual critic for CIFAR-10.

Defaults: those of Algorithm 1, with the first architecture of the paper's grid, in 4 x 4 convolutions. The authors'
grid has 5 x 5 convolutions: `conv5`, `conv5_constant`, `conv5_plain`, `conv5_gated`, `conv5_tanh` and `resnet101`, and
`mlp_he` for the generator alone. `conv5_mnist` and `conv5_cifar` are the authors' networks for those data, `resnet` (32
pixels) and `resnet_good` (64) their residual networks. With `resnet` on CIFAR-10 the paper has Adam's step size 2e-4,
which falls linearly to 0 at update 100,000 of the generator (`decay_until`), betas 0 and 0.9, and dequantised grey
levels.

Adam's betas differ from source to source. Algorithm 1 has 0 and 0.9, and so have the authors' programs for 64 pixels
and for CIFAR-10's residual networks. Their programs for digits (`conv5_mnist`) and for CIFAR-10 without residual
networks (`conv5_cifar`) have 0.5 and 0.9, and so has the paper's appendix E for LSUN: `--model.betas [0.5,0.9]`.
Departures from the paper: none known.
"""

from typing import Literal

import torch
from torch import nn
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks, penalties, schedules
from gan_zoo.adversarial import AdversarialModule, halfway
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams


class WGANGP(AdversarialModule):
    """Wasserstein GAN with gradient penalty.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks; any objective can train any of them.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Number of channels next to the image (dcgan), or widths of the hidden layers (mlp).
        penalty_weight: λ in Eq. 3, the weight of the gradient penalty.
        n_critic: Number of critic updates per generator update, each on fresh images.
        learning_rate: Adam's step size α, for both networks.
        betas: Adam's decay rates β₁ and β₂, for both networks.
        decay_until: Step at which the learning rates, which fall linearly from the first step on, reach 0 and the run
            ends; 0: constant rates.
        average_half_life: Half-life of the generator's exponential moving average, in images; 0: no average, as in the
            paper.
        augment: Augmentation of all images that the discriminator sees.
        augment_probability: p of ADA: by the signs of the scores of real images, by a schedule, or a number.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 128,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        architecture: str = "dcgan",
        generator_architecture: str | None = None,
        discriminator_architecture: str | None = None,
        width: int | tuple[int, ...] = 64,
        penalty_weight: float = 10.0,
        n_critic: int = 5,
        learning_rate: float = 1e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        decay_until: int = 0,
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.penalty_weight = penalty_weight
        self.learning_rate, self.betas, self.decay_until = learning_rate, betas, decay_until
        residual = (discriminator_architecture or architecture) == "resnet"
        self.dequantize, norm = residual, "none" if residual else "layer"
        self.generator, self.discriminator = networks.pair(
            (architecture, generator_architecture, discriminator_architecture), image_shape, latent_dim, width, norm
        )
        if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in self.discriminator.modules()):
            raise Mistake(
                "The discriminator has batch norm, with which an image's gradient penalty depends on the other images: "
                "use layer norm or no norm in it."
            )
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        real_scores, fake_scores = self.judge(real), self.judge(fake)
        self.note(real_scores, boundary=halfway(real_scores, fake_scores))
        return {
            "discriminator/wasserstein": losses.wasserstein_discriminator(real=real_scores, fake=fake_scores),
            "discriminator/penalty": self.penalty_weight * penalties.gradient_penalty(self.judge, real, fake),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        fake = self(self.latents(len(batch["image"])))
        return {"generator/wasserstein": losses.wasserstein_generator(fake=self.judge(fake))}

    def rate(self, step: int) -> float:
        return schedules.linear_decay(step, end=self.decay_until)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
