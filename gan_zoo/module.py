"""What every model of the zoo shares: what a step is made of, its randomness, one gradient step, its records."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import lightning.pytorch as L
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_zoo import averaging, images, randomness
from gan_zoo.errors import Mistake
from gan_zoo.gradients import AnyOptimizer, Clipping, frozen, own_and_others, set_rates
from gan_zoo.images import Batch
from gan_zoo.ledger import Ledger
from gan_zoo.strategy import TurnTakingDDP, average_gradients

Terms = dict[str, Tensor]
"""Named parts of a loss, already weighted; their sum is minimised."""

BatchNorm = Literal["eval", "train"]
"""Whose statistics batch norm takes where images are sampled: its running ones, or the batch's."""


@dataclass(frozen=True)
class Feed:
    """What one step consumes on one device: `minibatches` of `batch_size` images at `resolution` (None: the data's)."""

    minibatches: int = 1
    batch_size: int | None = None
    resolution: int | None = None


class GenerativeModule(L.LightningModule):
    """One training batch is one step. A model writes `take_step` and `configure_optimizers`, counted optimizer first.

    It sets `generator` and `latent_dim`, and `averaged` if it keeps a moving average of its generator.
    """

    seed: int = 0
    """The run's seed; set before set-up, saved with the weights."""
    images: int = 0
    """Real images shown so far, summed over devices."""
    latent_dim: int
    latent_law: randomness.Law = "normal"
    num_classes: int = 0
    """Classes that the generator is told: it is called as `generator(latents, label)`; 0: `generator(latents)`."""
    average_half_life: int = 0
    """Half-life, in images, of the generator's moving average; 0: the average is the generator itself."""
    dequantize: bool = False
    """Whether the paper adds uniform noise to the grey levels."""
    has_last_weights: bool = True
    """False for a model loaded from a file that holds the moving average alone."""
    generator: nn.Module
    clipping: Clipping = Clipping()
    """Of each optimizer's gradients; the Trainer sets it."""
    micro_batches: int = 1
    """Parts that a minibatch goes through the networks in, which bounds the memory; the Trainer sets it."""
    slowing: float = 1.0
    """Factor on all learning rates, below 1 after a roll-back; the watchdog sets and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.ledger = Ledger()
        self.preparation = images.Preparation()
        self._step = 0
        self._turns: dict[AnyOptimizer, tuple[list[nn.Parameter], list[nn.Parameter]]] = {}

    def feed(self, step: int) -> Feed:
        """What step `step` consumes: a pure function, for the loader draws ahead and a resumed run counts from it."""
        return Feed()

    def take_step(self, minibatches: list[Batch]) -> None:
        """The updates of one step. The first optimizer's `step` is called once: Lightning counts it."""
        raise NotImplementedError

    def rate(self, step: int) -> float:
        """What step `step` multiplies the optimizers' learning rates by; a pure function, see `schedules`."""
        return 1.0

    def _rate(self, step: int) -> float:
        if (factor := self.rate(step)) > 0:
            return factor
        end = next(earlier for earlier in range(step + 1) if self.rate(earlier) <= 0)
        raise Mistake(
            f"The learning rate has come down to 0 at step {end}, where this run ends: a longer one "
            "is a new run with a longer schedule, and one of so many images or seconds needs trainer.max_steps."
        )

    def setup(self, stage: str) -> None:
        refuse_unsupported(self.trainer)
        if stage == "fit" and self.trainer.max_steps > 0:
            self._rate(self.trainer.max_steps - 1)  # to stop now rather than at the end
        data = getattr(self.trainer, "datamodule", None)
        self.preparation = images.Preparation(
            flip=getattr(data, "flip", False), crop=getattr(data, "crop", 0), dequantize=self.dequantize
        )
        self._turns.clear()

    def on_fit_start(self) -> None:
        if self.trainer.lr_scheduler_configs:
            raise Mistake(
                f"{type(self).__name__}.configure_optimizers returns a scheduler, which nothing would step: return the "
                "optimizers alone, and write `rate(step)`, the factor on their learning rates."
            )

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        self._step = step = self.global_step
        # Nothing random may come between this line and the step's draws: see design.md 7.
        randomness.reseed(self.device, randomness.key(self.seed, "step", self.global_rank, step))
        set_rates(self.trainer.optimizers, self._rate(step) * self.slowing)
        prepared = images.prepare(batch, self.preparation)
        self.take_step(split(prepared, self.feed(step).minibatches))
        shown = len(next(iter(batch.values()))) * self.trainer.world_size
        self.images += shown
        if self.average_half_life:
            weight = averaging.decay(half_life=self.average_half_life, images=shown, shown=self.images)
            averaging.update(self.averaged, self.generator, weight)

    def update(self, optimizer: AnyOptimizer, loss: Callable[[Batch], Terms], batch: Batch) -> None:
        """One gradient step; only the parameters that `optimizer` owns receive gradients.

        Of `micro_batches` parts of the minibatch the mean gradient is taken: that of the whole, for losses that are
        means over images.
        """
        if optimizer not in self._turns:
            self._turns[optimizer] = own_and_others(self, optimizer)
        own, others = self._turns[optimizer]
        for p in own:
            p.grad = None
        with frozen(others):
            names, values = self._backward(loss, split(batch, self.micro_batches))
        average_gradients(own)
        self.clipping(own)
        optimizer.step()
        self.ledger.add(self._step, names, values)

    def _backward(self, loss: Callable[[Batch], Terms], parts: list[Batch]) -> tuple[tuple[str, ...], Tensor]:
        """Add up the gradients of the mean of `loss` over `parts`; returns its terms' names and mean values."""
        names, means = (), []
        for part in parts:
            terms = loss(part)
            names, values = tuple(terms), torch.stack(list(terms.values())) / len(parts)
            values.sum().backward()  # bare: 16-mixed, which would scale the loss, is refused
            means.append(values.detach())
        return names, torch.stack(means).sum(0)

    @property
    def averaged(self) -> nn.Module:
        """The generator to be sampled: its moving average where the model keeps one, else the generator."""
        return self.moving_average if self.average_half_life else self.generator

    def keep_average(self, half_life: int) -> None:
        """Keep a moving average of the generator as built so far, in no optimizer; `half_life` in images, 0: none."""
        self.average_half_life = half_life
        if half_life:
            self.moving_average = averaging.start(self.generator)

    def latents(self, n: int) -> Float[Tensor, "{n} size"]:
        """`n` fresh latents for training, from the step's own random state."""
        return randomness.draws(self.latent_law, n, self.latent_dim, self.device)

    def render(
        self,
        network: nn.Module,
        latents: Float[Tensor, " n size"],
        label: Int64[Tensor, " n"] | None,
        truncation: float,
    ) -> Float[Tensor, " n c h w"]:
        """Images of `latents` by `network`, the generator or its average. A model that can truncate overrides this.

        Raises:
            Mistake: a truncation other than 1, where the model knows none.
        """
        if truncation != 1:
            raise Mistake(f"truncation is {truncation}: {type(self).__name__} knows none, so leave it at 1.")
        return network(latents) if label is None else network(latents, label)

    def show(
        self, count: int, seed: int, examples: Callable[[int], Batch]
    ) -> tuple[Float[Tensor, " m c h w"], int | None]:
        """What the run's grids show: images in [-1, 1], and how many a row (None: as square as can be).

        Args:
            count: about how many images.
            seed: of the latents.
            examples: count -> so many images of the data, in [-1, 1]: always the same, for what is made of images.
        """
        return self.sample(count, seed=seed), None

    @torch.no_grad()
    def sample(
        self,
        n: int,
        seed: int = 0,
        first: int = 0,
        label: Int64[Tensor, " {n}"] | None = None,
        averaged: bool = True,
        truncation: float = 1.0,
        batch_norm: BatchNorm = "eval",
        chunk: int = 250,
    ) -> Float[Tensor, "{n} c h w"]:
        """Images `first` to `first + n` in [-1, 1]; image i depends on (seed, i) alone, its pixels up to rounding.

        Args:
            n: how many.
            seed: of the latents; not the run's.
            first: index of the first image.
            label: their classes; None: drawn uniformly, each from (seed, i).
            averaged: from the generator's moving average, where the model keeps one, or from its last weights.
            truncation: 1: none; towards 0 images are more alike and better, where the model can.
            batch_norm: `eval`: running statistics; `train`: those of the chunk that an image is in, chunks being cut
                at multiples of `chunk`, so that an image depends on its neighbours and on `chunk`, but not on n.
            chunk: images a forward pass, which bounds the memory.

        Raises:
            Mistake: weights or a truncation that the model does not have.
        """
        if not hasattr(self, "latent_dim"):
            raise Mistake(f"{type(self).__name__} makes images of images: it has no latents to sample from.")
        if not (averaged or self.has_last_weights):
            raise Mistake(
                "This model was loaded from the averaged generator alone: load checkpoints/last.ckpt instead."
            )
        if label is not None and not self.num_classes:
            raise Mistake(f"label is given, but {type(self).__name__} has no classes: leave it out.")
        if label is not None and not ((label >= 0) & (label < self.num_classes)).all():
            wrong = label[(label < 0) | (label >= self.num_classes)][0]
            raise Mistake(
                f"label has {int(wrong)}, and {type(self).__name__}'s classes are 0 to {self.num_classes - 1}."
            )
        network = self.averaged if averaged else self.generator
        end, parts = first + n, []
        begin = first // chunk * chunk if batch_norm == "train" else first
        with evaluating(network, batch_norm):
            for start in range(begin, end, chunk):
                count = chunk if batch_norm == "train" else min(chunk, end - start)
                latents = randomness.rows(self.latent_law, start, count, self.latent_dim, seed).to(self.device)
                made = self.render(network, latents, self._classes(start, count, seed, first, label), truncation)
                parts.append(made[max(first - start, 0) : end - start])
        return torch.cat(parts).clamp(-1, 1)

    def _classes(self, start: int, count: int, seed: int, first: int, label: Tensor | None) -> Tensor | None:
        """Classes of images `start` to `start + count`: `label`'s from `first` on, as far as it goes, else drawn."""
        if not self.num_classes:
            return None
        classes = randomness.classes(start, count, self.num_classes, seed)
        if label is not None:
            begin, end = max(start, first), min(start + count, first + len(label))
            classes[begin - start : end - start] = label[begin - first : end - first].cpu()
        return classes.to(self.device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["gan_zoo"] = {
            "model": f"{type(self).__module__}.{type(self).__qualname__}",
            "seed": self.seed,
            "images": self.images,
            "ledger": self.ledger.state(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        kept = checkpoint["gan_zoo"]
        self.seed, self.images = kept["seed"], kept["images"]
        self.ledger.load(kept["ledger"], self.global_rank)


def split(batch: Batch, parts: int) -> list[Batch]:
    """Cut every tensor of `batch` along its first axis into `parts` equal pieces."""
    size = len(next(iter(batch.values())))
    if size % parts:
        raise Mistake(
            f"{size} images cannot be cut into {parts} equal parts: a step takes whole minibatches, and "
            "trainer.accumulate_grad_batches cuts these; choose another data.batch_size."
        )
    pieces = {name: value.split(size // parts) for name, value in batch.items()}
    return [{name: piece[i] for name, piece in pieces.items()} for i in range(parts)]


@contextmanager
def evaluating(network: nn.Module, batch_norm: BatchNorm = "eval") -> Iterator[None]:
    """Within the block every part of `network` is in eval mode; after it, in the mode that it was in.

    With `batch_norm` "train" batch norm takes the statistics of the batch, and leaves its running ones as they are.
    """
    before = [(part, part.training) for part in network.modules()]
    norms = [part for part in network.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    network.eval()
    if batch_norm == "train":
        for norm in norms:
            norm.training, norm.track_running_stats = True, False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        for part, training in before:
            part.training = training


def refuse_unsupported(trainer: L.Trainer) -> None:
    """Stop before the first step what would train wrongly without a word."""
    if trainer.world_size > 1 and not isinstance(trainer.strategy, TurnTakingDDP):
        raise Mistake(
            f"{trainer.world_size} devices with {type(trainer.strategy).__name__}: models whose optimizers take turns "
            "need Trainer(strategy=gan_zoo.strategy.TurnTakingDDP()); gan_zoo.trainer(...) chooses it by itself."
        )
    refuse_precision(trainer.precision)


def refuse_precision(precision: Any) -> None:
    """Stop where weights and images would be of unlike type, or gradients stay scaled: a bare optimizer knows none."""
    if precision not in PRECISIONS:
        raise Mistake(f"trainer.precision is {precision}: use bf16-mixed or 32-true, in which all models train.")


PRECISIONS = (None, 32, "32", "32-true", "bf16", "bf16-mixed")
