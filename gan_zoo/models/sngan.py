"""SNGAN: Spectral Normalization for Generative Adversarial Networks; and the projection discriminator.

Miyato, Kataoka, Koyama and Yoshida, 2018. https://arxiv.org/abs/1802.05957
Miyato and Koyama, 2018: cGANs with Projection Discriminator. https://arxiv.org/abs/1802.05637

Every weight W of the discriminator is divided by its largest singular value, W / σ(W), so that each layer, and with it
the discriminator, is 1-Lipschitz. One power iteration per forward pass keeps the estimate of σ up to date (Algorithm
1). The two networks minimise the hinge losses

    D: E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]        G: -E[D(G(z))]        (Eq. 16 and 17)

With `projection`, the class enters the generator by conditional batch norm. It enters the discriminator as the inner
product of its embedding and the image's features, D(x, y) = ψ(h) + <V y, h> (Eq. 2 of the second paper). The classes of
generated images are drawn uniformly.

Defaults: networks for 32 pixels, Adam's settings, n_critic and the generator's batch, twice the discriminator's, are
those of the authors' program for CIFAR-10. Its learning rate falls to 0 at step 50,000 (`decay_until`; the paper says
100,000 steps).
Departures from the paper: a step updates the discriminator before the generator, where the program does it after; the
score of the 32-pixel network has a bias (1 parameter), where the program's has none; batch norm's epsilon is PyTorch's
1e-5, where the program has 2e-5; between two passes, the power iteration keeps the vector on the input side, as in
PyTorch, where the program keeps the one on the output side.
"""

from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks, schedules
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.images import Batch
from gan_zoo.layers import spectrally_normalised
from gan_zoo.module import Terms
from gan_zoo.networks import conditional
from gan_zoo.step.optimizers import adams

Label = Int64[Tensor, " n"]


class SNGAN(AdversarialModule):
    """GAN with a spectrally normalised discriminator, which can know the class by projection.

    Args:
        image_shape: (channels, height, width) of the training images.
        num_classes: Number of classes in the data, 0 if it has none. Only `projection` uses it.
        projection: Whether both networks know the class.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks; any objective can train any of them.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Number of channels in every block of the generator (at 32 pixels), or next to the image (larger images).
        discriminator_width: The same for the discriminator.
        objective: Losses of both networks: hinge, or the non-saturating losses of the original GAN.
        generator_batch: Number of images in a generator update for each image in a discriminator update.
        n_critic: Number of discriminator updates per generator update, each on fresh images.
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
        projection: bool = False,
        latent_dim: int = 128,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        architecture: str = "sngan_resnet",
        generator_architecture: str | None = None,
        discriminator_architecture: str | None = None,
        width: int | tuple[int, ...] = 256,
        discriminator_width: int | tuple[int, ...] = 128,
        objective: Literal["hinge", "non_saturating"] = "hinge",
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
        bounds.refuse_unusable(self.hparams)
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.objective, self.generator_batch = objective, generator_batch
        self.learning_rate, self.betas, self.decay_until = learning_rate, betas, decay_until
        generator = generator_architecture or architecture
        discriminator = discriminator_architecture or architecture
        if projection:
            conditional.need_classes(num_classes, "model.projection")
            self.num_classes = num_classes
            self.generator = conditional.generator(generator, image_shape, latent_dim, width, num_classes)
            network = conditional.projected(discriminator, image_shape, discriminator_width, num_classes)
        else:
            self.generator = networks.generator(generator, image_shape, latent_dim, width)
            network = networks.discriminator(discriminator, image_shape, discriminator_width, norm="none")
        self.discriminator = spectrally_normalised(network)
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        real, label = batch["image"], batch["label"] if self.num_classes else None
        with torch.no_grad():
            fake, fake_label = self.fakes(len(real))
        scores = {"real": self.note(self.scores(real, label)), "fake": self.scores(fake, fake_label)}
        if self.objective == "hinge":
            return {"discriminator/hinge": losses.hinge_discriminator(**scores)}
        return {"discriminator/minimax": losses.minimax_discriminator(**scores)}

    def generator_loss(self, batch: Batch) -> Terms:
        scores = self.scores(*self.fakes(len(batch["image"]) * self.generator_batch))
        if self.objective == "hinge":  # Eq. 17 is the Wasserstein generator's
            return {"generator/hinge": losses.wasserstein_generator(fake=scores)}
        return {"generator/non_saturating": losses.non_saturating_generator(fake=scores)}

    def fakes(self, n: int) -> tuple[Tensor, Label | None]:
        """Generate `n` images. Return them with their uniformly drawn classes, or None without `projection`."""
        return self.labelled_fakes(n) if self.num_classes else (self(self.latents(n)), None)

    def scores(self, image: Tensor, label: Label | None) -> Float[Tensor, " n"]:
        """Return the discriminator's scores."""
        return self.judge(image) if label is None else self.judge(image, label)

    def rate(self, step: int) -> float:
        return schedules.linear_decay(step, end=self.decay_until)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)
