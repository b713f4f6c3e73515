"""Sampling: images by index, from a model's generator or from the exponential moving average of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple

import lightning.pytorch as L
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.memory import refuse_beyond
from gan_zoo.step import ema, randomness

BatchNorm = Literal["eval", "train"]
"""Which statistics batch norm uses when images are sampled: `eval` the running ones, `train` the batch's own."""


class Inputs(NamedTuple):
    """What a generator makes images from."""

    latents: Float[Tensor, " n size"]
    label: Int64[Tensor, " n"] | None
    """Classes of the images; None: the model has none."""
    truncation: float
    """1 is none."""
    noise: Callable[[int], Tensor]
    """Function from a number to so many standard normal values for each image, (n, number), by seed and index alone."""


class SampledModule(L.LightningModule):
    """A model that can be sampled: image i depends on (seed, i) alone.

    A subclass sets `generator`, and `latent_dim` if it makes images from latents. It calls `keep_average` if it keeps
    an exponential moving average.
    """

    generator: nn.Module
    latent_dim: int
    latent_law: randomness.Law = "normal"
    num_classes: int = 0
    """Classes that the generator is told: it is called as `generator(latents, label)`; 0: `generator(latents)`."""
    average_half_life: int = 0
    """Half-life, in images, of the generator's moving average; 0: the average is the generator itself."""
    has_last_weights: bool = True
    """False for a model loaded from a file that holds the moving average alone."""
    has_discriminator: bool = True
    """False for a model loaded from a file of its generator alone: its discriminator is newly made."""

    @property
    def averaged(self) -> nn.Module:
        """The generator to be sampled: its moving average where the model keeps one, else the generator."""
        return self.moving_average if self.average_half_life else self.generator

    def keep_average(self, half_life: int) -> None:
        """Keep a moving average of the generator as built so far, in no optimizer; `half_life` in images, 0: none."""
        self.average_half_life = half_life
        if half_life:
            self.moving_average = ema.start(self.generator)

    def render(self, network: nn.Module, inputs: Inputs) -> Float[Tensor, " n c h w"]:
        """Make images with `network`, the generator or its average. A model that can truncate overrides this.

        Raises:
            Mistake: The truncation is not 1, and the model knows none.
        """
        if inputs.truncation != 1:
            raise Mistake(f"truncation is {inputs.truncation}: {type(self).__name__} knows none, so leave it at 1.")
        return network(inputs.latents) if inputs.label is None else network(inputs.latents, inputs.label)

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
        """Generate images `first` to `first + n`, in [-1, 1]. Image i depends on (seed, i) alone, up to rounding.

        Args:
            n: Number of images.
            seed: Seed of the latents; it is not the run's seed.
            first: Index of the first image.
            label: Classes of the images; None draws each uniformly from (seed, i).
            averaged: Whether to use the moving average, if the model keeps one, or the generator's last weights.
            truncation: 1 is none; towards 0 the images are more alike and better, in models that support it.
            batch_norm: `eval` uses running statistics. `train` uses those of the chunk that an image is in; chunks are
                cut at multiples of `chunk`, so an image depends on its neighbours and on `chunk`, but not on n.
            chunk: Images per forward pass, which bounds the memory.

        Raises:
            Mistake: The model does not have the weights, the classes or the truncation.
        """
        self._refuse(label, averaged)
        network = self.averaged if averaged else self.generator
        end, parts = first + n, []
        begin = first // chunk * chunk if batch_norm == "train" else first
        with evaluating(network, batch_norm):
            for start in range(begin, end, chunk):
                count = chunk if batch_norm == "train" else min(chunk, end - start)
                latents = randomness.rows(self.latent_law, start, count, self.latent_dim, seed).to(self.device)
                noise = partial(randomness.image_noise, start, count, seed=seed)
                classes = self._classes(start, count, seed, first, label)
                made = self.render(network, Inputs(latents, classes, truncation, noise))
                if n > chunk and not parts and made.device.type == "cpu":
                    refuse_beyond(n * made[0].nbytes, None, f"{n:,} images at once", "ask for fewer at a time")
                parts.append(made[max(first - start, 0) : end - start])
        return torch.cat(parts).clamp(-1, 1)

    def _refuse(self, label: Tensor | None, averaged: bool) -> None:
        """Raise `Mistake` if the model has no latents, not these classes, or not these weights."""
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

    def _classes(self, start: int, count: int, seed: int, first: int, label: Tensor | None) -> Tensor | None:
        """Return the classes of images `start` to `start + count`: from `label`, which begins at `first`, or drawn."""
        if not self.num_classes:
            return None
        classes = randomness.classes(start, count, self.num_classes, seed)
        if label is not None:
            begin, end = max(start, first), min(start + count, first + len(label))
            classes[begin - start : end - start] = label[begin - first : end - first].cpu()
        return classes.to(self.device)


@contextmanager
def evaluating(network: nn.Module, batch_norm: BatchNorm = "eval") -> Iterator[None]:
    """Put every part of `network` into eval mode within the block, and back into its own mode after it.

    With `batch_norm` "train", batch norm uses the statistics of the batch and leaves its running statistics alone.
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
