"""WGAN: Wasserstein GAN, with weight clipping.

Arjovsky, Chintala and Bottou, 2017. https://arxiv.org/abs/1701.07875

The earth mover's distance between data and generated images is the largest difference in mean that a 1-Lipschitz
critic can give them:

    W(p_data, p_g) = sup_{||D||_L <= 1}  E[D(x)] - E[D(G(z))]        (Eq. 2)

The critic minimises E[D(G(z))] - E[D(x)]. It is kept K-Lipschitz, for some K, by clipping every one of its parameters
to [-c, c] (`weight_clip`). The generator minimises -E[D(G(z))] (Theorem 3, Algorithm 1). A better critic gives a better
gradient, so the critic takes several updates for each of the generator's, and many more at the start.

Defaults: those of Algorithm 1 and the authors' program (github.com/martinarjovsky/WassersteinGAN): RMSprop without
momentum, DCGAN's networks with batch norm kept in the critic, and a critic that takes 100 updates in each of the first
25 steps and in every 500th.
Departures from the paper: weights are clipped before each update of the critic, as in the program, where Algorithm 1
clips after it. The generator therefore sees weights that may be one update beyond c. (The program's signs are mirrored:
its critic is low on real images.)
"""

from functools import partial
from typing import Literal

import torch
from torch.optim import Optimizer, RMSprop

from gan_zoo import bounds, losses, networks, penalties
from gan_zoo.adversarial import AdversarialModule, halfway
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.bounds import bounded
from gan_zoo.images import Batch
from gan_zoo.module import Feed, Terms

FIRST_STEPS = 25
EVERY = 500


def critic_updates(step: int, n_critic: int, warm_up: int) -> int:
    """Return the critic's updates in a step: `warm_up` in steps 0 to 24 and in every 500th, else `n_critic`."""
    return warm_up if step < FIRST_STEPS or step % EVERY == 0 else n_critic


class WGAN(AdversarialModule):
    """Wasserstein GAN whose critic's weights are clipped.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks; any objective can train any of them.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Number of channels next to the image (dcgan), or widths of the hidden layers (mlp).
        weight_clip: c, the largest absolute value of each parameter of the critic.
        n_critic: Number of critic updates per generator update, each on fresh images.
        warm_up: Number of critic updates in each of steps 0 to 24 and in every 500th, in place of n_critic.
        learning_rate: RMSprop's step size, for both networks.
        average_half_life: Half-life of the generator's exponential moving average, in images; 0: no average, as in the
            paper.
        augment: Augmentation of all images that the discriminator sees.
        augment_probability: p of ADA: by the signs of the scores of real images, by a schedule, or a number.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 100,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        architecture: str = "dcgan",
        generator_architecture: str | None = None,
        discriminator_architecture: str | None = None,
        width: int | tuple[int, ...] = 64,
        weight_clip: float = 0.01,
        n_critic: int = 5,
        warm_up: int = 100,
        learning_rate: float = 5e-5,
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, warm_up=warm_up)
        bounded("model.", above=0, weight_clip=weight_clip)
        self.latent_dim, self.latent_law = latent_dim, latent_law
        self.n_critic, self.warm_up = n_critic, warm_up
        self.weight_clip, self.learning_rate = weight_clip, learning_rate
        self.generator, self.discriminator = networks.pair(
            (architecture, generator_architecture, discriminator_architecture), image_shape, latent_dim, width, "batch"
        )
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def feed(self, step: int) -> Feed:
        return Feed(minibatches=critic_updates(step, self.n_critic, self.warm_up))

    def take_step(self, minibatches: list[Batch]) -> None:
        generator_optimizer, critic_optimizer = self.turns()
        for minibatch in minibatches:
            penalties.weight_clipping(self.discriminator.parameters(), self.weight_clip)
            self.update(critic_optimizer, self.discriminator_loss, minibatch)
        self.update(generator_optimizer, self.generator_loss, minibatches[-1])

    def discriminator_loss(self, batch: Batch) -> Terms:
        real = batch["image"]
        with torch.no_grad():
            fake = self(self.latents(len(real)))
        real_scores, fake_scores = self.judge(real), self.judge(fake)
        self.note(real_scores, boundary=halfway(real_scores, fake_scores))
        return {"discriminator/wasserstein": losses.wasserstein_discriminator(real=real_scores, fake=fake_scores)}

    def generator_loss(self, batch: Batch) -> Terms:
        fake = self(self.latents(len(batch["image"])))
        return {"generator/wasserstein": losses.wasserstein_generator(fake=self.judge(fake))}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        rmsprop = partial(RMSprop, lr=self.learning_rate, alpha=0.99, eps=1e-8)
        return rmsprop(self.generator.parameters()), rmsprop(self.discriminator.parameters())
