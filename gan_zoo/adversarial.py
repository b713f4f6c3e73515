"""The alternating update that adversarial models share."""

from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_zoo.images import Batch
from gan_zoo.module import Feed, GenerativeModule, Terms
from gan_zoo.step.optimizers import AnyOptimizer


class AdversarialModule(GenerativeModule):
    """A step is `n_critic` discriminator updates, each on fresh images and latents, then one generator update.

    A model sets `generator`, `discriminator`, `latent_dim` and `n_critic`, and writes the two losses and
    `configure_optimizers` (the generator's first).
    """

    discriminator: nn.Module
    n_critic: int = 1

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
