"""WGAN-GP: Improved Training of Wasserstein GANs.

Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville, 2017. https://arxiv.org/abs/1704.00028

WGAN keeps its critic 1-Lipschitz by clipping weights. WGAN-GP asks for it directly: on straight lines between real
and generated images, the critic's gradient should have norm 1. With x~ = G(z), z ~ N(0, I), the critic minimises

    E[D(x~)] - E[D(x)] + λ E[(||∇ D(x^)||₂ - 1)²]        (Eq. 3)        x^ = (1 - ε) x + ε x~,  ε ~ U[0, 1]

and the generator minimises -E[D(x~)]. The penalty is per image, so the critic must not use batch normalisation; layer
normalisation takes its place (section 4), or none does in the residual critic for CIFAR-10.

Defaults are Algorithm 1's; the architecture is the first of the paper's grid, with 4 x 4 convolutions. The grid as the
authors have it, with 5 x 5, is `conv5`, `conv5_constant`, `conv5_plain`, `conv5_gated`, `conv5_tanh` and `resnet101`,
and `mlp_he` for the generator alone; `conv5_mnist` and `conv5_cifar` are for those data, `resnet` (32 pixels) and
`resnet_good` (64) the residual networks. With `resnet` on CIFAR-10 the paper has Adam's step size 2e-4, which falls on
a line to 0 at update 100,000 of the generator (`decay_until`), and betas 0 and 0.9; grey levels are dequantised there.

Adam's betas differ from source to source. Algorithm 1 has 0 and 0.9, as have the authors' programs for 64 pixels and
for CIFAR-10's residual networks. Their programs for digits (`conv5_mnist`) and for CIFAR-10 without residual networks
(`conv5_cifar`) have 0.5 and 0.9, and so has the paper's appendix E for LSUN: `--model.betas [0.5,0.9]`.
Departures from the paper: none known.
"""

from typing import Literal

import torch
from torch import nn
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks, penalties, schedules
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams


class WGANGP(AdversarialModule):
    """Wasserstein GAN with gradient penalty.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: length of z.
        latent_law: distribution of z.
        architecture: the two networks; any objective can train any of them.
        generator_architecture: another name, or package.module:function, for the generator alone.
        discriminator_architecture: another name, or package.module:function, for the discriminator alone.
        width: channels next to the image (dcgan), or hidden widths (mlp).
        penalty_weight: λ in Eq. 3, of the gradient penalty.
        n_critic: critic updates per generator update, each on fresh images.
        learning_rate: Adam's α, for both networks.
        betas: Adam's β₁ and β₂, for both networks.
        decay_until: step at which the learning rates, falling on a line from the first step on, are 0 and the run ends;
            0: they are constant.
        average_half_life: of the generator's moving average, in images; 0: none, as in the paper.
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
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.penalty_weight = penalty_weight
        self.learning_rate, self.betas, self.decay_until = learning_rate, betas, decay_until
        residual = (discriminator_architecture or architecture) == "resnet"
        self.dequantize = residual
        self.generator, self.discriminator = networks.pair(
            architecture=architecture,
            generator_architecture=generator_architecture,
            discriminator_architecture=discriminator_architecture,
            image_shape=image_shape,
            latent_dim=latent_dim,
            width=width,
            discriminator_norm="none" if residual else "layer",
        )
        if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in self.discriminator.modules()):
            raise Mistake(
                "The discriminator has batch norm, under which the gradient penalty is not one image's own: "
                "use layer norm or none in it."
            )
        self.keep_average(average_half_life)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        return {
            "discriminator/wasserstein": losses.wasserstein_discriminator(
                real=self.discriminator(real), fake=self.discriminator(fake)
            ),
            "discriminator/penalty": self.penalty_weight * penalties.gradient_penalty(self.discriminator, real, fake),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        fake = self(self.latents(len(batch["image"])))
        return {"generator/wasserstein": losses.wasserstein_generator(fake=self.discriminator(fake))}

    def rate(self, step: int) -> float:
        return schedules.linear_decay(step, end=self.decay_until)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
