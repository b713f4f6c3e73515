"""cGAN: Conditional Generative Adversarial Nets.

Mirza and Osindero, 2014. https://arxiv.org/abs/1411.1784

Both networks of the first GAN are told the class y, one-hot,

    min_G max_D  E[log D(x|y)] + E[log(1 - D(G(z|y)))]        (Eq. 2)

each through a layer of its own that joins the other input's.

Defaults: the paper's networks for MNIST (`architecture` paper): z of 100 uniform numbers > 200 and y > 1000, joined >
1200 > 784; maxout in the discriminator, x > 240 units of 5 pieces and y > 50 of 5, joined > 240 of 4; dropout of .5.
Departures from the paper: Adam, with the settings that became usual, in place of momentum with two schedules; -log D
for the generator's log(1 - D), as in practice since the first GAN; tanh and [-1, 1] for sigmoid and [0, 1]; fakes have
classes drawn uniformly. Seen with the paper's networks on digits: the classes are right, and all samples of a class
nearly one image, as if dropout took z's place; without dropout in the generator both get worse. The other architectures
have latents or pixels and the class side by side from the first layer on, the one-hot vector times sqrt(classes), so
that its entries have a mean square of 1, as those of normal latents have (experiments/mnist/cgan.yaml).
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
from gan_zoo.bounds import bounded
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks.conditional import generator, need_classes, told
from gan_zoo.networks.maxout import Maxout
from gan_zoo.step.optimizers import adams

Label = Int64[Tensor, " n"]


class CGAN(AdversarialModule):
    """The first adversarial pair, told the class.

    Args:
        image_shape: (channels, height, width) of the training images.
        num_classes: of the data.
        latent_dim: length of z.
        latent_law: distribution of z.
        architecture: the two networks: paper; mlp, mlp_relu or maxout.
        width: of each hidden layer of both networks (mlp, mlp_relu, maxout).
        widths: of the generator's layers: of z, of y, and of both joined (paper).
        units: maxout units of the discriminator's layers: of x, of y, and of both joined (paper).
        dropout: share of each hidden layer that is hidden in training, in both networks (paper).
        n_critic: discriminator updates per generator update, each on fresh images.
        learning_rate: Adam's α, for both networks.
        betas: Adam's β₁ and β₂, for both networks.
        average_half_life: of the generator's moving average, in images; 0: none, as in the paper.
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
            equal = math.sqrt(num_classes)
            self.generator = generator(architecture, image_shape, latent_dim, width, num_classes, equal)
            self.discriminator = told(architecture, image_shape, width, num_classes, equal)
        self.keep_average(average_half_life)

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            fake, drawn = self.labelled_fakes(len(batch["image"]))
        return {
            "discriminator/minimax": losses.minimax_discriminator(
                real=self.discriminator(batch["image"], batch["label"]), fake=self.discriminator(fake, drawn)
            )
        }

    def generator_loss(self, batch: Batch) -> Terms:
        scores = self.discriminator(*self.labelled_fakes(len(batch["image"])))
        return {"generator/non_saturating": losses.non_saturating_generator(fake=scores)}

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)


class Joined(nn.Module):
    """A network of two inputs, an image or latents and a class, each through a layer of its own, then both together.

    Args:
        first: of the image or the latents.
        second: of the class's one-hot vector.
        last: of both, side by side.
        num_classes: of the labels.
    """

    def __init__(self, first: nn.Module, second: nn.Module, last: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.first, self.second, self.last, self.num_classes = first, second, last, num_classes

    def forward(self, x: Tensor, label: Label) -> Tensor:
        return self.last(torch.cat([self.first(x), self.second(one_hot(label, self.num_classes).to(x))], dim=1))


def papers_generator(
    image_shape: tuple[int, int, int], latent_dim: int, num_classes: int, widths: tuple[int, int, int], dropout: float
) -> Joined:
    """z > widths[0] and y > widths[1], joined > widths[2] > pixels: ReLU and dropout after each, tanh at the end."""
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
    """x > units[0] of 5 pieces and y > units[1] of 5, joined > units[2] of 4 > a score: dropout after each maxout."""
    return Joined(
        first=nn.Sequential(nn.Flatten(), Maxout(math.prod(image_shape), units[0], 5), nn.Dropout(dropout)),
        second=nn.Sequential(Maxout(num_classes, units[1], 5), nn.Dropout(dropout)),
        last=nn.Sequential(
            Maxout(units[0] + units[1], units[2], 4), nn.Dropout(dropout), nn.Linear(units[2], 1), nn.Flatten(0)
        ),
        num_classes=num_classes,
    )
