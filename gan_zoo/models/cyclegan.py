"""CycleGAN: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks.

Zhu, Park, Isola and Efros, 2017. https://arxiv.org/abs/1703.10593

The data are two sets of images, A and B, that are not paired. G: A -> B and F: B -> A are trained against D_B and D_A,
and to invert each other:

    L = L_GAN(G, D_B) + L_GAN(F, D_A) + λ (E‖F(G(a)) - a‖₁ + E‖G(F(b)) - b‖₁)        (Eq. 3)

with least squares for L_GAN (section 4): D_B minimises half of (D_B(b) - 1)² + D_B(G(a))², and G (D_B(G(a)) - 1)². For
paintings, and always in the authors' programs, each generator is also trained to leave images of its target set
unchanged, which preserves colours:

    L_identity = λ_identity λ (E‖G(b) - b‖₁ + E‖F(a) - a‖₁)        (section 5.2)

The discriminators see generated images from a pool of 50, in which images of earlier steps remain (section 4).

Defaults are those of the authors' PyTorch program: one Adam updates both generators, then another updates both
discriminators, on the fakes of the generators' update. The learning rate decays to 0 over the second half of training.
The YAML of a data set gives that half in steps; the rate decays every step here, and every epoch in the program.
Departures from the paper: the identity loss is used for photographs too, as in both programs (`identity_weight: 0`
turns it off); the paper's Lua program updates generator and discriminator of each direction in turn, with four Adams.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from gan_zoo import bounds, losses, schedules, tiles
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.bounds import bounded
from gan_zoo.distributed.strategy import gathered
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.module import Terms
from gan_zoo.networks.patchgan import patchgan, refuse_small
from gan_zoo.networks.pieces import PresentNorm
from gan_zoo.networks.translator import STRIDE, check_size, translator
from gan_zoo.sampling import evaluating
from gan_zoo.step.optimizers import adams
from gan_zoo.translation.routes import Route

Images = Float[Tensor, "n c h w"]

ROUTES = (
    Route(name="a2b", source="a", target="b", back="b2a"),
    Route(name="b2a", source="b", target="a", back="a2b"),
)


class CycleGAN(AdversarialModule):
    """Translation between two unpaired sets of images. A batch has the images `a` and `b`.

    `generator` holds both generators, `a2b` (G) and `b2a` (F); `discriminator` holds `a` (D_A) and `b` (D_B).

    Args:
        image_shape: (channels, height, width) of the images of both sets.
        width: Channels of a generator after its first convolution.
        blocks: Residual blocks of a generator: 9 for 256 pixels, 6 for 128.
        discriminator_width: Channels of a discriminator after its first convolution.
        discriminator_layers: Convolutions of stride 2 in a discriminator: 3 for patches of 70 pixels.
        norm: What all networks normalise over: `instance`, each map of each image; `batch`, the mini-batch; `layer`,
            all maps of each image, which preserves its mean colour.
        cycle_weight: λ in Eq. 3.
        identity_weight: λ_identity, as a multiple of `cycle_weight`; 0: no identity loss.
        pool_size: Number of generated images kept for each discriminator; 0: it sees only new ones.
        learning_rate: Adam's step size α, for all networks.
        betas: Adam's decay rates β₁ and β₂, for all networks.
        decay_from: Step up to which the learning rates are constant. It needs `decay_until`.
        decay_until: Step at which the learning rates, which fall linearly from `decay_from` on, reach 0 and the run
            ends; 0: constant rates.
        average_half_life: Half-life of the generators' exponential moving average, in images; 0: no average, as in the
            paper.
    """

    stride = STRIDE
    generator: nn.ModuleDict
    discriminator: nn.ModuleDict

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: int = 64,
        blocks: int = 9,
        discriminator_width: int = 64,
        discriminator_layers: int = 3,
        norm: PresentNorm = "instance",
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        pool_size: int = 50,
        learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        decay_from: int = 0,
        decay_until: int = 0,
        average_half_life: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, at_most=1000, blocks=blocks)
        bounded("model.", at_least=0, cycle_weight=cycle_weight, identity_weight=identity_weight, pool_size=pool_size)
        bounded("model.", at_least=0, at_most=30, discriminator_layers=discriminator_layers)
        bounded("model.", at_least=0, below=max(decay_until, 1), decay_from=decay_from)
        self.cycle_weight, self.identity_weight = cycle_weight, identity_weight
        self.learning_rate, self.betas = learning_rate, betas
        self.decay_from, self.decay_until = decay_from, decay_until
        channels, height, breadth = image_shape
        check_size(height, breadth)
        refuse_small(height, breadth, discriminator_layers)
        self.generator = nn.ModuleDict(
            {route.name: translator(channels, channels, width, blocks, norm) for route in ROUTES}
        )
        self.discriminator = nn.ModuleDict(
            {key: patchgan(channels, discriminator_width, discriminator_layers, norm) for key in ("a", "b")}
        )
        self.pools = {f"fake_{route.target}": ImagePool(pool_size) for route in ROUTES}
        self.keep_average(average_half_life)

    def forward(self, image: Images, direction: str = "a2b") -> Images:
        """Translate `image` to the other set. The result is in [-1, 1]."""
        return self.generator[direction](image)

    def fakes(self, batch: Batch) -> Batch:
        """Return `fake_a`, the translations of the batch's `b`, and `fake_b`, the translations of its `a`."""
        return {f"fake_{route.target}": self(batch[route.source], route.name) for route in ROUTES}

    def generator_loss(self, batch: Batch) -> Terms:
        """Return the terms of both generators' loss. If the batch holds fakes, with their graphs, they are used."""
        batch = batch if "fake_a" in batch else batch | self.fakes(batch)
        terms: Terms = {}
        for route in ROUTES:
            real, fake = batch[route.source], batch[f"fake_{route.target}"]
            scores = self.discriminator[route.target](fake)
            # The paper does not halve the generators' least squares.
            terms[f"generator/{route.name}"] = 2 * losses.least_squares_generator(fake=scores, c=1.0)
            terms[f"generator/cycle_{route.source}"] = self.cycle_weight * F.l1_loss(self(fake, route.back), real)
            if self.identity_weight:
                weight = self.identity_weight * self.cycle_weight
                terms[f"generator/identity_{route.source}"] = weight * F.l1_loss(self(real, route.back), real)
        return terms

    def discriminator_loss(self, batch: Batch) -> Terms:
        """Return the terms of both discriminators' loss: `a` against `fake_a` and `b` against `fake_b`, detached."""
        terms: Terms = {}
        for key, discriminator in self.discriminator.items():
            terms[f"discriminator/{key}"] = losses.least_squares_discriminator(
                real=discriminator(batch[key]), fake=discriminator(batch[f"fake_{key}"].detach()), a=0.0, b=1.0
            )
        return terms

    def take_step(self, minibatches: list[Batch]) -> None:
        """Update the generators, then the discriminators, on the same fakes or older ones from the pools."""
        generators, discriminators = self.turns()
        batch, fakes = minibatches[0], []

        def generator_loss(part: Batch) -> Terms:
            fakes.append(self.fakes(part))
            return self.generator_loss(part | fakes[-1])

        self.update(generators, generator_loss, batch)
        shown = {name: pool(torch.cat([part[name] for part in fakes])) for name, pool in self.pools.items()}
        self.update(discriminators, self.discriminator_loss, batch | shown)

    def rate(self, step: int) -> float:
        return schedules.linear_decay(step, start=self.decay_from, end=self.decay_until)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)

    @property
    def routes(self) -> tuple[Route, ...]:
        return ROUTES

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        return self.translate(batch[route.source], route.name)

    @torch.no_grad()
    def translate(self, image: Images, direction: str = "a2b") -> Images:
        """Return the translations of `image` to the other set, in [-1, 1]. Each is independent of the other images.

        Args:
            image: Images in [-1, 1], of any size with sides that are multiples of 4.
            direction: `a2b` or `b2a`.

        Raises:
            Mistake: The direction is unknown, or the networks do not take images of this size.
        """
        if direction not in self.generator:
            raise Mistake(f"direction is {direction}: CycleGAN translates {' and '.join(self.generator)}.")
        check_size(*image.shape[2:])
        generator = self.averaged
        assert isinstance(generator, nn.ModuleDict)
        with evaluating(generator):
            # Batch norm would mix the statistics of the images.
            parts = image.split(1) if self.hparams["norm"] == "batch" else (image,)
            network = generator[direction]
            return torch.cat([tiles.blended(network, network, part, self.stride) for part in parts])

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Images, int]:
        """Return rows of six images: an image of A, its translation and its reconstruction; then the same for B."""
        batch = examples(max(1, count // 6))
        columns: list[Tensor] = []
        for route in ROUTES:
            translation = self.follow(route, batch)
            columns += [batch[route.source], translation, self.translate(translation, route.back)]
        return torch.stack(columns, dim=1).flatten(0, 1), 6

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["gan_zoo"]["pools"] = gathered({name: pool.state() for name, pool in self.pools.items()})

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the pools of each process. If the number of processes has changed, some are copied or dropped."""
        super().on_load_checkpoint(checkpoint)
        states = checkpoint["gan_zoo"]["pools"]
        for name, state in states[self.global_rank % len(states)].items():
            self.pools[name].load(state)


class ImagePool:
    """A pool of generated images that replaces some of the new ones by older ones.

    The first `size` images are stored and returned. After that, an image is returned unchanged with probability 1/2;
    else it takes the place of a random image of the pool, which is returned. The draws are made on the CPU, from the
    random state of the step, so that nothing waits for the device. Each process has its own pool, and the model saves
    the `state` of all of them.

    Args:
        size: Number of images in the pool; 0 returns all images unchanged.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: list[Tensor] = []

    def __call__(self, image: Images) -> Images:
        """Swap some of `image` for older ones from the pool. The result is detached."""
        swapped = torch.stack([self._swap(new) for new in image.detach()])
        return swapped.contiguous(memory_format=torch.channels_last)

    def _swap(self, new: Tensor) -> Tensor:
        if len(self._kept) < self.size:
            self._kept.append(new.clone())
            return new
        if self.size == 0 or torch.rand(()) < 0.5:
            return new
        place = int(torch.randint(self.size, ()))
        old, self._kept[place] = self._kept[place], new.clone()
        return old.to(new.device)

    def state(self) -> list[Tensor]:
        """Return the images of the pool, in order, on the CPU, for a checkpoint."""
        return [image.cpu() for image in self._kept]

    def load(self, state: list[Tensor]) -> None:
        """Restore the pool from `state()`."""
        self._kept = list(state)
