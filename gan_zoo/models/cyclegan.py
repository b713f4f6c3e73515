"""CycleGAN: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks.

Zhu, Park, Isola and Efros, 2017. https://arxiv.org/abs/1703.10593

Of two sets of images, A and B, nobody knows which belong together. G: A -> B and F: B -> A are trained against D_B and
D_A, and to undo each other:

    L = L_GAN(G, D_B) + L_GAN(F, D_A) + λ (E‖F(G(a)) - a‖₁ + E‖G(F(b)) - b‖₁)        (Eq. 3)

with least squares for L_GAN (section 4): D_B minimises (D_B(b) - 1)² + D_B(G(a))², halved, and G (D_B(G(a)) - 1)². For
paintings, and in the authors' programs always, each is to leave alone what is as wanted already, which keeps colours:

    L_identity = λ_identity λ (E‖G(b) - b‖₁ + E‖F(a) - a‖₁)        (section 5.2)

A discriminator is shown generated images of up to 50 steps and more ago, from a pool (section 4).

Defaults are the authors' program's in PyTorch: the generators are updated by one Adam, then the discriminators, by
another, on the fakes that the generators were just judged by. The learning rate falls to 0 over the second half, which
the YAML of a data set says in steps; here by the step, there by the epoch.
Departures from the paper: identity loss for photographs too, as in both programs (`identity_weight: 0` has none); the
paper's program in Lua updates generator and discriminator of each direction in turn, by four Adams.
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
    """Translation between two sets of images; a batch has images `a` and `b`.

    `generator` has both, `a2b` (G) and `b2a` (F); `discriminator` has `a` (D_A) and `b` (D_B).

    Args:
        image_shape: (channels, height, width) of both sets' images.
        width: channels of a generator next to the image.
        blocks: residual ones in a generator: 9 for 256 pixels, 6 for 128.
        discriminator_width: channels of a discriminator after its first convolution.
        discriminator_layers: its convolutions of stride 2: 3 for patches of 70 pixels.
        norm: of all networks: `instance`, over each map of an image alone; `batch`, over the minibatch's images;
            `layer`, over all maps of an image, which leaves its mean colour.
        cycle_weight: λ in Eq. 3.
        identity_weight: λ_identity, as a share of `cycle_weight`.
        pool_size: generated images kept for each discriminator; 0: it sees the newest alone.
        learning_rate: Adam's α, for all networks.
        betas: Adam's β₁ and β₂, for all networks.
        decay_from: step up to which learning rates are constant, where `decay_until` is given.
        decay_until: step at which learning rates, falling on a line, are 0 and the run ends; 0: they are constant.
        average_half_life: of the generators' moving average, in images; 0: none, as in the paper.
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
        bounded("model.", at_least=1, blocks=blocks)
        bounded("model.", at_least=0, cycle_weight=cycle_weight, identity_weight=identity_weight, pool_size=pool_size)
        bounded("model.", at_least=0, discriminator_layers=discriminator_layers)
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
        """`image` as one of the other set, in [-1, 1]."""
        return self.generator[direction](image)

    def fakes(self, batch: Batch) -> Batch:
        """`fake_a` of the batch's `b`, and `fake_b` of its `a`."""
        return {f"fake_{route.target}": self(batch[route.source], route.name) for route in ROUTES}

    def generator_loss(self, batch: Batch) -> Terms:
        """Of `a` and `b`; where the batch has `fake_a` and `fake_b`, with their graphs, of these."""
        batch = batch if "fake_a" in batch else batch | self.fakes(batch)
        terms: Terms = {}
        for route in ROUTES:
            real, fake = batch[route.source], batch[f"fake_{route.target}"]
            scores = self.discriminator[route.target](fake)
            terms[f"generator/{route.name}"] = 2 * losses.least_squares_generator(fake=scores, c=1.0)  # not halved
            terms[f"generator/cycle_{route.source}"] = self.cycle_weight * F.l1_loss(self(fake, route.back), real)
            if self.identity_weight:
                weight = self.identity_weight * self.cycle_weight
                terms[f"generator/identity_{route.source}"] = weight * F.l1_loss(self(real, route.back), real)
        return terms

    def discriminator_loss(self, batch: Batch) -> Terms:
        """Of `a` and `b` against `fake_a` and `fake_b`, through which no gradient passes."""
        terms: Terms = {}
        for key, discriminator in self.discriminator.items():
            terms[f"discriminator/{key}"] = losses.least_squares_discriminator(
                real=discriminator(batch[key]), fake=discriminator(batch[f"fake_{key}"].detach()), a=0.0, b=1.0
            )
        return terms

    def take_step(self, minibatches: list[Batch]) -> None:
        """The generators, then the discriminators, which see the same fakes, or older ones from the pools."""
        generators, discriminators = self.turns()
        batch, made = minibatches[0], []

        def generator_loss(part: Batch) -> Terms:
            made.append(self.fakes(part))
            return self.generator_loss(part | made[-1])

        self.update(generators, generator_loss, batch)
        shown = {name: pool(torch.cat([one[name] for one in made])) for name, pool in self.pools.items()}
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
        """`image` as one of the other set, in [-1, 1], each image by itself.

        Args:
            image: in [-1, 1], of any size in multiples of 4.
            direction: `a2b`, or `b2a`.

        Raises:
            Mistake: another direction, or a size that the networks do not take.
        """
        if direction not in self.generator:
            raise Mistake(f"direction is {direction}: CycleGAN translates {' and '.join(self.generator)}.")
        check_size(*image.shape[2:])
        generator = self.averaged
        assert isinstance(generator, nn.ModuleDict)
        with evaluating(generator):
            alone = image.split(1) if self.hparams["norm"] == "batch" else (image,)
            network = generator[direction]
            return torch.cat([tiles.blended(network, network, part, self.stride) for part in alone])

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Images, int]:
        """Rows of six: an image of A, translated, and back again; then one of B."""
        batch = examples(max(1, count // 6))
        columns: list[Tensor] = []
        for route in ROUTES:
            there = self.follow(route, batch)
            columns += [batch[route.source], there, self.translate(there, route.back)]
        return torch.stack(columns, dim=1).flatten(0, 1), 6

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["gan_zoo"]["pools"] = gathered({name: pool.state() for name, pool in self.pools.items()})

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Each process takes up its own pools; of another number of processes, some pools are shared or dropped."""
        super().on_load_checkpoint(checkpoint)
        states = checkpoint["gan_zoo"]["pools"]
        for name, state in states[self.global_rank % len(states)].items():
            self.pools[name].load(state)


class ImagePool:
    """The first `size` images pass and are kept; then every other one, at random, is swapped for one that was kept.

    It draws on the CPU, from the step's own randomness, so that nothing waits for the device. What it keeps is each
    process's own: a model saves `state` of all of them.

    Args:
        size: images kept; 0: all pass.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: list[Tensor] = []

    def __call__(self, image: Images) -> Images:
        """As many images, each itself or one from before, of which no gradient reaches what made them."""
        swapped = torch.stack([self._swap(one) for one in image.detach()])
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
        """The images kept, in order, on the CPU: what a checkpoint holds."""
        return [one.cpu() for one in self._kept]

    def load(self, state: list[Tensor]) -> None:
        """Go on from `state()`."""
        self._kept = list(state)
