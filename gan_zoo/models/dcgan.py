"""DCGAN: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks.

Radford, Metz and Chintala, 2015. https://arxiv.org/abs/1511.06434

The objective is that of the original GAN, with the generator's non-saturating loss,

    min_D  -E[log D(x)] - E[log(1 - D(G(z)))]        min_G  -E[log D(G(z))]

New are five rules for convolutional networks that train well by it (section 3, `RULES`). This model checks whatever
networks it is given against the rules; `GAN` trains other networks by the same objective.

Defaults: latents uniform on [-1, 1], Adam's settings and N(0, 0.02) weights are the paper's (section 4), with batches
of 128. The networks are the common reading of the paper: 4 x 4 convolutions without a dense layer, for 28, 32, 64, 128
... pixels. The networks of the authors' program for faces are `architecture` dcgan_faces with `width` 128.
Departures from the paper: each step updates D and then G on latents of its own, where the program gives each minibatch
to one of the two in turn; no weight decay (the program has 1e-5); batch norm's epsilon is PyTorch's.
"""

from typing import Literal

import torch
from torch import nn
from torch.nn.modules import batchnorm, pooling
from torch.optim import Optimizer

from gan_zoo import bounds, losses, networks
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import adams

RULES = (
    "strides in place of pooling and of upsampling",
    "batch norm after every layer but the generator's last and the discriminator's first and last",
    "no fully connected hidden layers",
    "ReLU in the generator, tanh at its end",
    "leaky ReLU in the discriminator",
)
"""The paper's guidelines. The discriminator's last layer, a single score, has no batch norm in the program."""
WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
POOLING = (pooling._MaxPoolNd, pooling._AvgPoolNd, pooling._AdaptiveMaxPoolNd, pooling._AdaptiveAvgPoolNd, nn.Upsample)
BATCH_NORM = (batchnorm._BatchNorm,)


class DCGAN(AdversarialModule):
    """GAN of convolutional networks that keep the paper's five rules.

    Args:
        image_shape: (channels, height, width) of the training images.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks, which must keep the rules.
        generator_architecture: Architecture of the generator alone: another name, or package.module:function.
        discriminator_architecture: Architecture of the discriminator alone: another name, or package.module:function.
        width: Number of channels next to the image.
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
        n_critic: int = 1,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        self.latent_dim, self.latent_law, self.n_critic = latent_dim, latent_law, n_critic
        self.learning_rate, self.betas = learning_rate, betas
        self.generator, self.discriminator = networks.pair(
            (architecture, generator_architecture, discriminator_architecture), image_shape, latent_dim, width, "batch"
        )
        if broken := broken_rules(self.generator, self.discriminator):
            raise Mistake(
                f"The networks break DCGAN's rules ({'; '.join(broken)}): "
                "change them, or train them by the same objective as gan_zoo.models.gan.GAN."
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
        return {"generator/non_saturating": losses.non_saturating_generator(fake=scores)}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)


def broken_rules(generator: nn.Module, discriminator: nn.Module) -> list[str]:
    """Return those of `RULES` that the two networks break.

    The layers of a network must be registered in the order of its forward pass.
    """
    g, d = layers(generator), layers(discriminator)
    normed, bare = g[:-1] + d[1:-1], g[-1:] + d[:1] + d[-1:]
    kept = (
        not has([*generator.modules(), *discriminator.modules()], POOLING),
        all(has(layer, BATCH_NORM) for layer in normed) and not any(has(layer, BATCH_NORM) for layer in bare),
        not any(has(layer, (nn.Linear,)) for layer in g[1:] + d[:-1]),
        all(has(layer, (nn.ReLU,)) for layer in g[:-1]) and any(has(layer, (nn.Tanh,)) for layer in g[-1:]),
        all(has(layer, (nn.LeakyReLU,)) for layer in d[:-1]),
    )
    return [rule for rule, is_kept in zip(RULES, kept, strict=True) if not is_kept]


def layers(network: nn.Module) -> list[list[nn.Module]]:
    """Return the convolutions and linear layers of `network`, each with the modules between it and the next one."""
    groups: list[list[nn.Module]] = []
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            groups.append([module])
        elif groups and not list(module.children()):
            groups[-1].append(module)
    return groups


def has(layer: list[nn.Module], kinds: tuple[type, ...]) -> bool:
    """Return whether `layer` has a module of one of `kinds`."""
    return any(isinstance(module, kinds) for module in layer)
