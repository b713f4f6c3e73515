"""The base of all models: what a step consumes, its randomness, one gradient update, its logged losses."""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gan_zoo import images, memory
from gan_zoo.distributed.strategy import average_gradients, refuse_unsupported
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.sampling import Inputs, SampledModule
from gan_zoo.step import ema, randomness
from gan_zoo.step.loss_log import Ledger
from gan_zoo.step.optimizers import AnyOptimizer, Clipping, frozen, own_and_others, set_options, set_rates

Terms = dict[str, Tensor]
"""The named terms of a loss, already weighted. Their sum is minimised."""

ESTIMATED = 1 << 22
"""Number of values in the images of a minibatch from which on the memory of the generator is estimated."""


@dataclass(frozen=True)
class Feed:
    """What one step consumes on one device: `minibatches` of `batch_size` images at `resolution` (None: the data's)."""

    minibatches: int = 1
    batch_size: int | None = None
    resolution: int | None = None


class GenerativeModule(SampledModule):
    """A model of which one Lightning batch is one step.

    A model writes `take_step` and `configure_optimizers`, which returns first the optimizer that Lightning counts. It
    sets `generator`, and `latent_dim` if it makes images from latents.
    """

    seed: int = 0
    """The seed of the run. It is set before `setup` and saved with the weights."""
    current_step: int = 0
    """The step being taken, which a loss may read to follow a schedule."""
    images: int = 0
    """Real images shown so far, summed over devices."""
    dequantize: bool = False
    """Whether uniform noise is added to the grey levels, as the paper does."""
    clipping: Clipping = Clipping()
    """How the gradients of each optimizer are clipped. The Trainer sets it."""
    micro_batches: int = 1
    """Number of parts in which a mini-batch passes through the networks, to save memory. The Trainer sets it."""
    slowing: float = 1.0
    """Factor of all learning rates, below 1 after a roll-back. The watchdog sets and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.weights_seed = torch.initial_seed()
        """The seed of the process when the first weights were drawn."""
        self.automatic_optimization = False
        self.ledger = Ledger()
        self.preparation = images.Preparation()
        self._turns: dict[AnyOptimizer, tuple[list[nn.Parameter], list[nn.Parameter]]] = {}

    def feed(self, step: int) -> Feed:
        """Return what step `step` consumes.

        It is a pure function, because the loader draws ahead and a resumed run counts from it.
        """
        return Feed()

    def take_step(self, minibatches: list[Batch]) -> None:
        """Do the updates of one step. The first optimizer steps exactly once, because Lightning counts its steps."""
        raise NotImplementedError

    def rate(self, step: int) -> float:
        """Return the factor of the learning rates at step `step`. It is a pure function; see `schedules`."""
        return 1.0

    def optimizer_options(self, step: int) -> dict[str, Any]:
        """Return what else of the optimizers changes with the step, by PyTorch's names: `{"betas": (0.0, 0.9)}`.

        It is a pure function, as `rate` is. A weight in a loss follows a schedule by `current_step` or `images`.
        """
        return {}

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
        if self.num_classes and any(labels["kind"] == "attributes" for labels in getattr(data, "label_sets", ())):
            raise Mistake(
                f"{type(self).__name__} takes one class for each image, and the labels of the data are attributes, of "
                "which an image can have several: use data with classes, or StarGAN, which knows attributes."
            )
        self._refuse_large_step(data)
        self.preparation = images.Preparation(
            flip=getattr(data, "flip", False), crop=getattr(data, "crop", 0), dequantize=self.dequantize
        )
        self._turns.clear()

    def _refuse_large_step(self, data: Any) -> None:
        """Raise a `Mistake` if a step does not fit into the memory of the machine, at the least that it can take.

        This is what its images take, as bytes and on a CPU as floats too, or what the generator keeps for its gradient.
        """
        feed, shape = self.feed(0), getattr(data, "image_shape", ())
        size = feed.batch_size or getattr(data, "batch_size", 0)
        if not (shape and size):
            return
        on_cpu, instead = self.trainer.strategy.root_device.type == "cpu", "choose a smaller data.batch_size"
        count = feed.minibatches * size
        needed = count * math.prod(shape) * (torch.uint8.itemsize + on_cpu * torch.float32.itemsize)
        if needed > memory.SMALL:
            what = f"A step of {count:,} images ({feed.minibatches:,} minibatches)"
            memory.refuse_beyond(needed, None, what, f"{instead}, or fewer updates in a step")
        if on_cpu and feed == Feed(feed.minibatches) and size * math.prod(shape) > ESTIMATED:
            what = f"The generator's gradient for a minibatch of {size:,} images"
            memory.refuse_beyond(self._kept(size // self.micro_batches), None, what, instead)

    def _kept(self, size: int) -> int:
        """Return the bytes that the generator keeps for the gradient of `size` images; 0 if nobody can tell."""
        with contextlib.suppress(Exception):  # a network of the user may need values, which `META` has none of
            network, latents = memory.on_meta(self.generator), torch.empty(size, self.latent_dim, device=memory.META)
            label = torch.empty(size, dtype=torch.long, device=memory.META) if self.num_classes else None

            def noise(number: int) -> Tensor:
                return torch.empty(size, number, device=memory.META)

            return memory.peak(lambda: self.render(network, Inputs(latents, label, 1.0, noise)))
        return 0

    def on_fit_start(self) -> None:
        if self.trainer.lr_scheduler_configs:
            raise Mistake(
                f"{type(self).__name__}.configure_optimizers returns a scheduler, which nothing would step: return the "
                "optimizers alone, and write `rate(step)`, the factor on their learning rates."
            )

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        self.current_step = step = self.global_step
        # Nothing random may come between this line and the step's draws: see docs/exact_resume.md.
        randomness.reseed(self.device, randomness.key(self.seed, "step", self.global_rank, step))
        set_rates(self.trainer.optimizers, self._rate(step) * self.slowing)
        set_options(self.trainer.optimizers, self.optimizer_options(step))
        prepared = images.prepare(batch, self.preparation)
        self.take_step(split(prepared, self.feed(step).minibatches))
        shown = len(next(iter(batch.values()))) * self.trainer.world_size
        self.images += shown
        if self.average_half_life:
            weight = ema.decay(half_life=self.average_half_life, images=shown, shown=self.images)
            ema.update(self.averaged, self.generator, weight)

    def update(self, optimizer: AnyOptimizer, loss: Callable[[Batch], Terms], batch: Batch) -> None:
        """Take one gradient step. Only the parameters that `optimizer` owns receive gradients.

        With `micro_batches`, the minibatch goes through the networks in parts, and the mean of the parts' gradients is
        taken. It equals the gradient of the whole minibatch for losses that are means over images, unless a network
        has batch norm (statistics of each part), spectral norm (an iteration for each part) or dropout (a draw for
        each part).
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
        self.ledger.add(self.current_step, names, values)

    def _backward(self, loss: Callable[[Batch], Terms], parts: list[Batch]) -> tuple[tuple[str, ...], Tensor]:
        """Accumulate the gradients of the mean of `loss` over `parts`. Return its terms' names and means."""
        names, means = (), []
        for part in parts:
            terms = loss(part)
            names, values = tuple(terms), torch.stack(list(terms.values())) / len(parts)
            values.sum().backward()  # bare: 16-mixed, which would scale the loss, is refused
            means.append(values.detach())
        return names, torch.stack(means).sum(0)

    def latents(self, n: int) -> Float[Tensor, "{n} size"]:
        """Draw `n` latents for training, from the random state of the step."""
        return randomness.draws(self.latent_law, n, self.latent_dim, self.device)

    def labels(self, n: int) -> Int64[Tensor, " {n}"]:
        """Draw `n` classes for training, uniformly, from the random state of the step."""
        return torch.randint(self.num_classes, (n,), device=self.device)

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
