"""WGAN-GP with classes: the conditional form of Improved Training of Wasserstein GANs.

Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville, 2017. https://arxiv.org/abs/1704.00028 (section 5.4)

The generator receives a class by conditional batch norm. The critic has ACGAN's head (Odena 2017), which also predicts
the class, and learns this on real images only. With L_W of Eq. 3, including its penalty (models/wgan_gp.py), and
L_C = -E[log P(c | x)],

    critic: L_W + 1.0 L_C(real)        generator: -E[D(x~)] + 0.1 L_C(fake)

Defaults: the residual networks for CIFAR-10, Adam's settings, the weights of the terms and the generator's batch, twice
the critic's, are those of the authors' program. Its learning rate falls linearly to 0 at step 100,000 (`decay_until`).
As in the program, the critic's fakes have the classes of its real images, and the classes of the generator's update are
drawn uniformly.
Departures from the paper: none known.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

from gan_zoo import bounds, losses, penalties, schedules
from gan_zoo.adversarial import AdversarialModule, halfway
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks import conditional
from gan_zoo.step.optimizers import adams


class WGANGPWithClasses(AdversarialModule):
    """Wasserstein GAN with gradient penalty whose generator receives the class and whose critic predicts it.

    Args:
        image_shape: (channels, height, width) of the training images.
        num_classes: Number of classes in the data.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks: resnet (32 to 128 pixels) or dcgan.
        width: Number of channels in every block (resnet at 32 pixels), or next to the image (larger images, and dcgan).
        penalty_weight: λ in Eq. 3, the weight of the gradient penalty.
        class_weight: Weight of the critic's class loss, on real images.
        generator_class_weight: Weight of the generator's class loss.
        generator_batch: Number of images in a generator update for each image in a critic update.
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

    dequantize = True

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_classes: int,
        latent_dim: int = 128,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        architecture: Literal["resnet", "dcgan"] = "resnet",
        width: int = 128,
        penalty_weight: float = 10.0,
        class_weight: float = 1.0,
        generator_class_weight: float = 0.1,
        generator_batch: int = 2,
        n_critic: int = 5,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        decay_until: int = 0,
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        conditional.need_classes(num_classes, "WGANGPWithClasses")
        bounds.refuse_unusable(self.hparams)
        self.latent_dim, self.latent_law, self.num_classes = latent_dim, latent_law, num_classes
        self.n_critic = n_critic
        self.penalty_weight, self.generator_batch = penalty_weight, generator_batch
        self.class_weight, self.generator_class_weight = class_weight, generator_class_weight
        self.learning_rate, self.betas, self.decay_until = learning_rate, betas, decay_until
        self.generator = conditional.generator(architecture, image_shape, latent_dim, width, num_classes)
        norm = "none" if architecture == "resnet" else "layer"
        self.discriminator = conditional.classifier(architecture, image_shape, width, norm, num_classes)
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)), batch["label"])
        outputs, fake_scores = self.judge(real), self.critic(fake)
        scores, logits = outputs[:, 0], outputs[:, 1:]
        self.note(scores, boundary=halfway(scores, fake_scores))
        return {
            "discriminator/wasserstein": losses.wasserstein_discriminator(real=scores, fake=fake_scores),
            "discriminator/penalty": self.penalty_weight * penalties.gradient_penalty(self.critic, real, fake),
            "discriminator/class": self.class_weight * losses.auxiliary_class(logits=logits, label=batch["label"]),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        fake, label = self.labelled_fakes(len(batch["image"]) * self.generator_batch)
        outputs = self.judge(fake)
        class_loss = losses.auxiliary_class(logits=outputs[:, 1:], label=label)
        return {
            "generator/wasserstein": losses.wasserstein_generator(fake=outputs[:, 0]),
            "generator/class": self.generator_class_weight * class_loss,
        }

    def critic(self, image: Tensor) -> Float[Tensor, " n"]:
        """Return the critic's scores, without the logits of the classes."""
        return self.judge(image)[:, 0]

    def rate(self, step: int) -> float:
        return schedules.linear_decay(step, end=self.decay_until)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
