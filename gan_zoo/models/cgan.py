"""cGAN: Conditional Generative Adversarial Nets.

Mirza and Osindero, 2014. https://arxiv.org/abs/1411.1784

Both networks of the original GAN also receive the class y, as a one-hot vector,

    min_G max_D  E[log D(x|y)] + E[log(1 - D(G(z|y)))]        (Eq. 2)

In each network the class passes through a layer of its own, whose output is joined with that of the other input's.

Defaults: the paper's networks for MNIST (`architecture` paper). In the generator, z (100 uniform numbers) enters a
layer of 200 units and y one of 1000; both join in a layer of 1200, which leads to the 784 pixels. In the discriminator,
x enters 240 maxout units of 5 pieces and y 50 of 5; both join in 240 units of 4 pieces. Dropout is 0.5.
Departures from the paper:

- Adam, with the settings that became usual, takes the place of momentum with two schedules.
- The generator minimises -log D in place of log(1 - D), which has been the practice since the original GAN.
- Images are in [-1, 1], after a tanh; the paper's are in [0, 1], after a sigmoid.
- The classes of generated images are drawn uniformly.

On digits, the paper's networks learn the classes, but all samples of a class are nearly the same image, as if dropout
had taken the place of z. Without dropout in the generator, both the classes and the variety get worse.
The other architectures take the class beside the latents or the pixels in their first layer. The one-hot vector is
multiplied by sqrt(classes), so that its entries have a mean square of 1, as normal latents do
(experiments/mnist/cgan.yaml).
"""

import math
from typing import Literal

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.optim import Optimizer

from gan_zoo import bounds, losses
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.bounds import bounded
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks.conditional import discriminator, generator, need_classes
from gan_zoo.networks.maxout import Maxout
from gan_zoo.step.optimizers import adams

Label = Int64[Tensor, " n"]


class CGAN(AdversarialModule):
    """The original GAN, with networks that also receive the class.

    Args:
        image_shape: (channels, height, width) of the training images.
        num_classes: Number of classes in the data.
        latent_dim: Length of the latent vector z.
        latent_law: Distribution of z.
        architecture: Architecture of both networks: paper, mlp, mlp_relu or maxout.
        width: Widths of the hidden layers of both networks (mlp, mlp_relu, maxout).
        widths: Widths of the generator's layers for z, for y, and for both joined (paper).
        units: Numbers of maxout units in the discriminator's layers for x, for y, and for both joined (paper).
        dropout: Share of each hidden layer's units that dropout sets to 0 in training, in both networks (paper).
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
        architecture: Literal["paper", "mlp", "mlp_relu", "maxout"] = "paper",
        width: tuple[int, ...] = (400, 400),
        widths: tuple[int, int, int] = (200, 1000, 1200),
        units: tuple[int, int, int] = (240, 50, 240),
        dropout: float = 0.5,
        n_critic: int = 1,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        average_half_life: int = 0,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        need_classes(num_classes, "CGAN")
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, widths=widths, units=units)
        bounded("model.", at_least=0, below=1, dropout=dropout)
        self.latent_dim, self.latent_law, self.num_classes = latent_dim, latent_law, num_classes
        self.n_critic = n_critic
        self.learning_rate, self.betas = learning_rate, betas
        if architecture == "paper":
            self.generator = papers_generator(image_shape, latent_dim, num_classes, widths, dropout)
            self.discriminator = papers_discriminator(image_shape, num_classes, units, dropout)
        else:
            strength = math.sqrt(num_classes)
            self.generator = generator(architecture, image_shape, latent_dim, width, num_classes, strength)
            self.discriminator = discriminator(architecture, image_shape, width, num_classes, strength)
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            fake, fake_label = self.labelled_fakes(len(batch["image"]))
        return {
            "discriminator/minimax": losses.minimax_discriminator(
                real=self.note(self.judge(batch["image"], batch["label"])), fake=self.judge(fake, fake_label)
            )
        }

    def generator_loss(self, batch: Batch) -> Terms:
        scores = self.judge(*self.labelled_fakes(len(batch["image"])))
        return {"generator/non_saturating": losses.non_saturating_generator(fake=scores)}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)


class Joined(nn.Module):
    """A network that passes latents or an image through one layer, the class through another, and joins the two.

    Args:
        first: Layers for the latents or the image.
        second: Layers for the one-hot vector of the class.
        last: Layers for the two outputs, side by side.
        num_classes: Number of classes.
    """

    def __init__(self, first: nn.Module, second: nn.Module, last: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.first, self.second, self.last, self.num_classes = first, second, last, num_classes

    def forward(self, x: Tensor, label: Label) -> Tensor:
        return self.last(torch.cat([self.first(x), self.second(one_hot(label, self.num_classes).to(x))], dim=1))


def papers_generator(
    image_shape: tuple[int, int, int], latent_dim: int, num_classes: int, widths: tuple[int, int, int], dropout: float
) -> Joined:
    """Return z > widths[0] and y > widths[1], joined > widths[2] > pixels.

    ReLU and dropout follow each hidden layer, and tanh the last one.
    """
    return Joined(
        first=nn.Sequential(nn.Linear(latent_dim, widths[0]), nn.ReLU(), nn.Dropout(dropout)),
        second=nn.Sequential(nn.Linear(num_classes, widths[1]), nn.ReLU(), nn.Dropout(dropout)),
        last=nn.Sequential(
            nn.Linear(widths[0] + widths[1], widths[2]),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(widths[2], math.prod(image_shape)),
            nn.Tanh(),
            nn.Unflatten(1, image_shape),
        ),
        num_classes=num_classes,
    )


def papers_discriminator(
    image_shape: tuple[int, int, int], num_classes: int, units: tuple[int, int, int], dropout: float
) -> Joined:
    """Return x > units[0] of 5 pieces and y > units[1] of 5, joined > units[2] of 4 > a score.

    Dropout follows each layer of maxout units.
    """
    return Joined(
        first=nn.Sequential(nn.Flatten(), Maxout(math.prod(image_shape), units[0], 5), nn.Dropout(dropout)),
        second=nn.Sequential(Maxout(num_classes, units[1], 5), nn.Dropout(dropout)),
        last=nn.Sequential(
            Maxout(units[0] + units[1], units[2], 4), nn.Dropout(dropout), nn.Linear(units[2], 1), nn.Flatten(0)
        ),
        num_classes=num_classes,
    )
