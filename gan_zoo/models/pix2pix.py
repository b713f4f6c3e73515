"""pix2pix: Image-to-Image Translation with Conditional Adversarial Networks.

Isola, Zhu, Zhou and Efros, 2017. https://arxiv.org/abs/1611.07004

The training images are pairs: x, such as a label map, and y, such as the photograph that belongs to it. G translates x.
D sees x next to either y or G(x, z), and says for each patch which of the two it is:

    L_cGAN = E[log D(x, y)] + E[log(1 - D(x, G(x, z)))]        (Eq. 1)
    G* = arg min_G max_D  L_cGAN + λ E[‖y - G(x, z)‖₁]        (Eq. 4)

The L1 term gets the coarse structure right but blurs. D enforces sharp detail, for which patches suffice. G minimises
-E[log D(x, G(x, z))] instead of its term in Eq. 1, and D minimises half of its loss (section 3.3). Dropout is the only
noise z, so it stays active after training. Batch norm, too, keeps using the statistics of its input; `translate`
passes one image at a time, for which they equal those of instance norm.

Defaults are the paper's: a U-Net with 8 halvings for 256 pixels, patches of 70 pixels, λ = 100. Its Table 1 compares
Eq. 4 with L1 alone (`adversarial_weight` 0), with no L1 (`l1_weight` 0) and with a D that does not see x (`conditional`
false). The learning rate is constant. `decay_from` and `decay_until` follow the authors' later program, which decays it
linearly over the second half of 200 epochs.
Departures from the paper: dropout acts at the levels with 512 channels, as in the authors' later program; their first
program has it at the three innermost levels. Each step runs G twice, with independent dropout; theirs run it once.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import l1_loss
from torch.optim import Optimizer

from gan_zoo import bounds, losses, schedules, tiles
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.bounds import bounded
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks.patchgan import patchgan, refuse_small
from gan_zoo.networks.pieces import PresentNorm
from gan_zoo.networks.unet import UNet
from gan_zoo.step import randomness
from gan_zoo.step.optimizers import adams
from gan_zoo.translation.routes import Route

Images = Float[Tensor, "n c h w"]


class Pix2Pix(AdversarialModule):
    """Image translation learned from pairs. A batch has the images `source` (a) and `target` (b).

    Args:
        image_shape: (channels, height, width) of the training images.
        direction: Whether `source` is translated to `target` (a2b), or `target` to `source` (b2a).
        halvings: How often the generator halves the image: 8 times for 256 pixels, 7 for 128, 6 for 64.
        width: Channels of the generator after its first convolution.
        discriminator_width: Channels of the discriminator after its first convolution.
        discriminator_layers: Convolutions of stride 2 in the discriminator: 3 for patches of 70 pixels, 1 for 16, 5 for
            286, 0 for 1.
        norm: What both networks normalise over: `batch`, the mini-batch; `instance`, each map of each image; `layer`,
            all maps of each image.
        l1_weight: λ in Eq. 4.
        adversarial_weight: Weight of the adversarial term in the generator's loss; 0 trains the generator by L1 alone.
        conditional: Whether the discriminator sees x.
        learning_rate: Adam's step size α, for both networks.
        betas: Adam's decay rates β₁ and β₂, for both networks.
        decay_from: Step up to which the learning rates are constant. It needs `decay_until`.
        decay_until: Step at which the learning rates, which fall linearly from `decay_from` on, reach 0 and the run
            ends; 0: constant rates.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        direction: Literal["a2b", "b2a"] = "a2b",
        halvings: int = 8,
        width: int = 64,
        discriminator_width: int = 64,
        discriminator_layers: int = 3,
        norm: PresentNorm = "batch",
        l1_weight: float = 100.0,
        adversarial_weight: float = 1.0,
        conditional: bool = True,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        decay_from: int = 0,
        decay_until: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=2, at_most=30, halvings=halvings)
        bounded("model.", at_least=0, at_most=30, discriminator_layers=discriminator_layers)
        bounded("model.", at_least=0, l1_weight=l1_weight, adversarial_weight=adversarial_weight)
        bounded("model.", at_least=0, below=max(decay_until, 1), decay_from=decay_from)
        self.direction, self.conditional = direction, conditional
        self.l1_weight, self.adversarial_weight = l1_weight, adversarial_weight
        self.learning_rate, self.betas = learning_rate, betas
        self.decay_from, self.decay_until = decay_from, decay_until
        channels, height, breadth = image_shape
        self.stride = 2**halvings
        self._refuse_unfit((height, breadth))
        refuse_small(height, breadth, discriminator_layers)
        self.generator = UNet(channels, channels, width=width, halvings=halvings, norm=norm)
        shown = 2 * channels if conditional else channels
        self.discriminator = patchgan(shown, width=discriminator_width, layers=discriminator_layers, norm=norm)

    def discriminator_loss(self, batch: Batch) -> Terms:
        source, target = self._pair(batch)
        with torch.no_grad():
            fake = self.generator(source)
        loss = losses.minimax_discriminator(real=self._scores(source, target), fake=self._scores(source, fake))
        return {"discriminator/minimax": loss / 2}

    def generator_loss(self, batch: Batch) -> Terms:
        source, target = self._pair(batch)
        fake = self.generator(source)
        adversarial = losses.non_saturating_generator(fake=self._scores(source, fake))
        return {
            "generator/non_saturating": self.adversarial_weight * adversarial,
            "generator/l1": self.l1_weight * l1_loss(fake, target),
        }

    def rate(self, step: int) -> float:
        return schedules.linear_decay(step, start=self.decay_from, end=self.decay_until)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)

    @property
    def routes(self) -> tuple[Route, ...]:
        source, target = ("source", "target") if self.direction == "a2b" else ("target", "source")
        return (Route(self.direction, source, target, paired=True),)

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        return self.translate(batch[route.source], seed=seed, first=first)

    @torch.no_grad()
    def translate(self, image: Images, seed: int = 0, first: int = 0) -> Images:
        """Return the translations of `image`, in [-1, 1].

        Each image has its own statistics and dropout, as in the authors' program.

        Args:
            image: Images in [-1, 1], (n, c, h, w), sides multiples of `stride`.
            seed: Seed of the dropout. The dropout of image i depends on (seed, first + i) alone.
            first: Index of the first image.

        Raises:
            Mistake: The network cannot halve images of this size often enough.
        """
        self._refuse_unfit(image.shape[2:])
        keys = [randomness.key(seed, "dropout", first + i) for i in range(len(image))]
        draws = [torch.Generator().manual_seed(key) for key in keys]
        translations = [
            tiles.blended(lambda part, draw=draw: self.generator(part, draw), self.generator, single, self.stride)
            for single, draw in zip(image.split(1), draws, strict=True)
        ]
        return torch.cat(translations)

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Images, int]:
        """Return triples of source, translation and target for a grid that is about square."""
        source, target = self._pair(examples(max(1, count // 3)))
        triples = torch.stack([source, self.translate(source, seed=seed), target], dim=1)
        return triples.flatten(0, 1), 3 * max(1, math.isqrt(len(source) // 3))

    def _pair(self, batch: Batch) -> tuple[Images, Images]:
        """Return the images to translate, and the images that they should become."""
        (route,) = self.routes
        return batch[route.source], batch[route.target]

    def _scores(self, source: Images, image: Images) -> Float[Tensor, "n 1 rows columns"]:
        """Return the discriminator's scores of `image`, which it sees next to `source` if it is conditional."""
        return self.discriminator(torch.cat([source, image], dim=1) if self.conditional else image)

    def _refuse_unfit(self, sides: tuple[int, ...]) -> None:
        if any(side % self.stride for side in sides):
            raise Mistake(
                f"Images of {sides[0]} x {sides[1]} pixels cannot be halved {self.stride.bit_length() - 1} times: sides"
                f" must be multiples of {self.stride}, or model.halvings smaller, such as 6 for 64 pixels."
            )
