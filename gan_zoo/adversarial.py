"""The alternating update that adversarial models share."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_zoo.augment import Augment, Augmentation, AugmentProbability
from gan_zoo.distributed.strategy import mean_over_processes
from gan_zoo.images import Batch
from gan_zoo.module import Feed, GenerativeModule, Terms
from gan_zoo.step.optimizers import AnyOptimizer


class AdversarialModule(GenerativeModule):
    """A step is `n_critic` discriminator updates, each on fresh images and latents, then one generator update.

    A model sets `generator`, `discriminator`, `latent_dim` and `n_critic`, and writes the two losses and
    `configure_optimizers` (the generator's first). A model that takes `augment` calls `keep_augmentation`, and lets
    `judge` ask the discriminator, so that it sees augmented images alone.
    """

    discriminator: nn.Module
    n_critic: int = 1

    def __init__(self) -> None:
        super().__init__()
        self.augmentation = Augmentation("none")
        self._signs: list[Tensor] = []

    def keep_augmentation(
        self, augment: Augment, probability: AugmentProbability, image_shape: tuple[int, int, int]
    ) -> None:
        """Let the discriminator see images of `image_shape` augmented, as `Augmentation` says."""
        self.augmentation = Augmentation(augment, probability)
        self.augmentation.refuse_unfit(image_shape)

    def judge(self, image: Float[Tensor, " n *image"], *label: Int64[Tensor, " n"]) -> Tensor:
        """Return what the discriminator says of `image`, which is augmented first. Each call has its own draws."""
        return self.discriminator(self.augmentation(image, self.images), *label)

    def note(self, scores: Float[Tensor, " n"], boundary: float | Tensor = 0.0) -> Float[Tensor, " n"]:
        """Note the signs of the `scores` of real images for the augmentation, and return `scores`.

        Args:
            scores: The discriminator's scores of augmented real images, in its own update.
            boundary: The score between real and generated.
        """
        if self.augmentation.name != "none":
            self._signs.append(torch.sign(scores.detach().float() - boundary))
        return scores

    def update(self, optimizer: AnyOptimizer, loss: Callable[[Batch], Terms], batch: Batch) -> None:
        super().update(optimizer, loss, batch)
        if self._signs:
            signs = torch.cat(self._signs)
            self._signs.clear()
            sign, count = mean_over_processes(signs.mean()), len(signs) * self.trainer.world_size
            self.ledger.add(self.current_step, *self.augmentation.note(sign, count, self.images))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        if state := self.augmentation.state():
            checkpoint["gan_zoo"]["augmentation"] = state

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self.augmentation.load(checkpoint["gan_zoo"].get("augmentation", {}))

    def forward(
        self, latents: Float[Tensor, " n size"], label: Int64[Tensor, " n"] | None = None
    ) -> Float[Tensor, " n c h w"]:
        """Generate images in [-1, 1], of the classes `label` if the generator is conditional."""
        return self.generator(latents) if label is None else self.generator(latents, label)

    def labelled_fakes(self, n: int) -> tuple[Float[Tensor, " n c h w"], Int64[Tensor, " n"]]:
        """Generate `n` images with a conditional generator, and return them with their uniformly drawn classes."""
        label = self.labels(n)
        return self(self.latents(n), label), label

    def discriminator_loss(self, batch: Batch) -> Terms:
        """Return the weighted terms whose sum the discriminator minimises. Draw the fakes under `no_grad`."""
        raise NotImplementedError

    def generator_loss(self, batch: Batch) -> Terms:
        """Return the weighted terms whose sum the generator minimises."""
        raise NotImplementedError

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        raise NotImplementedError

    def feed(self, step: int) -> Feed:
        return Feed(minibatches=self.n_critic)

    def take_step(self, minibatches: list[Batch]) -> None:
        generator_optimizer, discriminator_optimizer = self.turns()
        for minibatch in minibatches:
            self.update(discriminator_optimizer, self.discriminator_loss, minibatch)
        self.update(generator_optimizer, self.generator_loss, minibatches[-1])

    def turns(self) -> tuple[AnyOptimizer, AnyOptimizer]:
        """Return the generator's optimizer, whose steps Lightning counts, and the discriminator's bare one."""
        counted, bare = self.optimizers(), self.optimizers(use_pl_optimizer=False)
        assert isinstance(counted, list) and isinstance(bare, list)
        return counted[0], bare[1]


def halfway(real: Float[Tensor, " n"], fake: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return the middle between the mean scores of real and generated images, where a critic has no boundary at 0."""
    return (real.detach().float().mean() + fake.detach().float().mean()) / 2
