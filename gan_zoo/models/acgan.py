"""ACGAN: Conditional Image Synthesis with Auxiliary Classifier GANs.

Odena, Olah and Shlens, 2017. https://arxiv.org/abs/1610.09585

The generator receives a class c beside z. The discriminator predicts whether an image is real, S, and its class, C.
With

    L_S = E[log P(S = real | x)] + E[log P(S = fake | G(z, c))]        (Eq. 2)
    L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))]        (Eq. 3)

the discriminator maximises L_S + L_C and the generator L_C - L_S. Later programs leave the fakes out of the
discriminator's L_C (`class_loss_on`), because it would learn from bad images there.

Defaults: the paper's networks for CIFAR-10, N(0, 0.02) weights, batches of 100, Adam's step size 2e-4 (from a grid of
three) and β₁ = 0.5.
Departures from the paper: the generator minimises -log P(S = real) in place of log P(S = fake), which has no gradient
where the discriminator is sure; no noise is added to activations (0 is one of the paper's three values).
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

from gan_zoo import bounds, losses
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks import conditional
from gan_zoo.step.optimizers import adams


class ACGAN(AdversarialModule):
    """GAN whose discriminator also predicts the class.

    Args:
        image_shape: (channels, height, width) of the training images.
        num_classes: Number of classes in the data.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks; any objective can train any of them.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Unit in which the paper's tables count channels (acgan), or number of channels next to the image.
        class_weight: Weight of the class terms in both networks' losses.
        class_loss_on: Images whose class the discriminator learns: real and generated (as in the paper), or real only.
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
        num_classes: int,
        latent_dim: int = 100,
        latent_law: Literal["normal", "uniform", "sphere"] = "uniform",
        architecture: str = "acgan",
        generator_architecture: str | None = None,
        discriminator_architecture: str | None = None,
        width: int | tuple[int, ...] = 16,
        class_weight: float = 1.0,
        class_loss_on: Literal["both", "real"] = "both",
        n_critic: int = 1,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        conditional.need_classes(num_classes, "ACGAN")
        bounds.refuse_unusable(self.hparams)
        self.latent_dim, self.latent_law, self.num_classes = latent_dim, latent_law, num_classes
        self.n_critic = n_critic
        self.class_weight, self.class_loss_on = class_weight, class_loss_on
        self.learning_rate, self.betas = learning_rate, betas
        self.generator = conditional.generator(
            generator_architecture or architecture, image_shape, latent_dim, width, num_classes
        )
        self.discriminator = conditional.classifier(
            discriminator_architecture or architecture, image_shape, width, "batch", num_classes
        )
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            fake, fake_label = self.labelled_fakes(len(batch["image"]))
        real_scores, real_logits = self.scores_and_logits(batch["image"])
        fake_scores, fake_logits = self.scores_and_logits(fake)
        class_loss = losses.auxiliary_class(logits=real_logits, label=batch["label"])
        if self.class_loss_on == "both":
            class_loss = class_loss + losses.auxiliary_class(logits=fake_logits, label=fake_label)
        return {
            "discriminator/minimax": losses.minimax_discriminator(real=self.note(real_scores), fake=fake_scores),
            "discriminator/class": self.class_weight * class_loss,
        }

    def generator_loss(self, batch: Batch) -> Terms:
        fake, fake_label = self.labelled_fakes(len(batch["image"]))
        scores, logits = self.scores_and_logits(fake)
        return {
            "generator/non_saturating": losses.non_saturating_generator(fake=scores),
            "generator/class": self.class_weight * losses.auxiliary_class(logits=logits, label=fake_label),
        }

    def scores_and_logits(self, image: Tensor) -> tuple[Float[Tensor, " n"], Float[Tensor, "n k"]]:
        """Return the discriminator's score of S and logits of C."""
        outputs = self.judge(image)
        return outputs[:, 0], outputs[:, 1:]

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
