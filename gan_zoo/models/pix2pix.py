"""pix2pix: Image-to-Image Translation with Conditional Adversarial Networks.

Isola, Zhu, Zhou and Efros, 2017. https://arxiv.org/abs/1611.07004

Images x, of labels say, come with images y that they belong to, photographs say. G translates x; D is shown x beside
y or beside G(x, z), patch by patch, and tells which:

    L_cGAN = E[log D(x, y)] + E[log(1 - D(x, G(x, z)))]        (Eq. 1)
    G* = arg min_G max_D  L_cGAN + λ E[‖y - G(x, z)‖₁]        (Eq. 4)

L1 gets the coarse right, and blurs; D sees to what is sharp, and need only look at patches. G minimises
-E[log D(x, G(x, z))] in place of Eq. 1's term, D half of its own (section 3.3). The noise z is dropout alone. So it
stays on afterwards, as do the statistics of batch norm, which are those of the images at hand: of one image, as
`translate` takes them, instance norm's.

Defaults are the paper's: U-Net of 8 halvings for 256 pixels, patches of 70, λ = 100. Its Table 1 compares Eq. 4 with
L1 alone (`adversarial_weight` 0), no L1 (`l1_weight` 0) and a D that is not shown x (`conditional` false). The
learning rate is constant; `decay_from` and `decay_until` are the later program's, which lets it fall over the second
half of 200 passes.
Departures from the paper: the levels that drop are those of 512 channels, as in the authors' later program; the first
one dropped at the three innermost levels. G's two passes of a step draw their dropout apart; the programs have one.
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
    """Translates images of one kind into another, from pairs; a batch has `source` (a) and `target` (b).

    Args:
        image_shape: (channels, height, width) of the training images.
        direction: from source to target, or back.
        halvings: of the image, in the generator: 8 for 256 pixels, 7 for 128, 6 for 64.
        width: the generator's channels next to the image.
        discriminator_width: the discriminator's.
        discriminator_layers: its convolutions of stride 2: 3 for patches of 70 pixels, 1 for 16, 5 for 286, 0 for 1.
        norm: of both networks: `batch`, over the minibatch's images; `instance`, over each map of an image alone;
            `layer`, over all maps of an image.
        l1_weight: λ in Eq. 4.
        adversarial_weight: of D's word in the generator's loss; 0: L1 alone, and D looks on.
        conditional: whether D is shown x.
        learning_rate: Adam's step size, for both networks.
        betas: Adam's β₁ and β₂, for both networks.
        decay_from: step up to which learning rates are constant, where `decay_until` is given.
        decay_until: step at which learning rates, falling on a line, are 0 and the run ends; 0: they are constant.
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
        bounded("model.", at_least=2, halvings=halvings)
        bounded("model.", at_least=0, discriminator_layers=discriminator_layers)
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
        judged = 2 * channels if conditional else channels
        self.discriminator = patchgan(judged, width=discriminator_width, layers=discriminator_layers, norm=norm)

    def discriminator_loss(self, batch: Batch) -> Terms:
        source, target = self._pair(batch)
        with torch.no_grad():
            fake = self.generator(source)
        loss = losses.minimax_discriminator(real=self._judged(source, target), fake=self._judged(source, fake))
        return {"discriminator/minimax": loss / 2}

    def generator_loss(self, batch: Batch) -> Terms:
        source, target = self._pair(batch)
        fake = self.generator(source)
        adversarial = losses.non_saturating_generator(fake=self._judged(source, fake))
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
        """`image`, in [-1, 1], translated: in [-1, 1]. Each with its own statistics and dropout, as the authors do.

        Args:
            image: (n, c, h, w), sides multiples of `stride`.
            seed: of the dropout; image i's depends on (seed, first + i) alone.
            first: index of the first image.

        Raises:
            Mistake: a size that the network cannot halve so often.
        """
        self._refuse_unfit(image.shape[2:])
        keys = [randomness.key(seed, "dropout", first + i) for i in range(len(image))]
        draws = [torch.Generator().manual_seed(key) for key in keys]
        made = [
            tiles.blended(lambda part, draw=draw: self.generator(part, draw), self.generator, one, self.stride)
            for one, draw in zip(image.split(1), draws, strict=True)
        ]
        return torch.cat(made)

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Images, int]:
        """Triples of source, translation and target, as many a row as make it about square."""
        source, target = self._pair(examples(max(1, count // 3)))
        triples = torch.stack([source, self.translate(source, seed=seed), target], dim=1)
        return triples.flatten(0, 1), 3 * max(1, math.isqrt(len(source) // 3))

    def _pair(self, batch: Batch) -> tuple[Images, Images]:
        """What is translated, and what it should become."""
        (route,) = self.routes
        return batch[route.source], batch[route.target]

    def _judged(self, source: Images, image: Images) -> Float[Tensor, "n 1 rows columns"]:
        """The discriminator's scores of `image`, shown beside what it was made of."""
        return self.discriminator(torch.cat([source, image], dim=1) if self.conditional else image)

    def _refuse_unfit(self, sides: tuple[int, ...]) -> None:
        if any(side % self.stride for side in sides):
            raise Mistake(
                f"Images of {sides[0]} x {sides[1]} pixels cannot be halved {self.stride.bit_length() - 1} times: sides"
                f" must be multiples of {self.stride}, or model.halvings smaller, such as 6 for 64 pixels."
            )
