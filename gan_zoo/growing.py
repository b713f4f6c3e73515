"""The rhythm of models that grow: images, batches and learning rates by resolution, and new layers faded in."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_zoo.adversarial import AdversarialModule
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.layers import doubled, halved
from gan_zoo.module import Feed
from gan_zoo.networks.progressive import Growing
from gan_zoo.sampling import Inputs
from gan_zoo.step.growth import Growth, Stage


class GrowingModule(AdversarialModule):
    """An adversarial pair that is trained on small images first (Karras 2018).

    A model sets `growth` and `learning_rates`. Its networks have `grow(resolution, alpha)`.
    """

    growth: Growth
    learning_rates: tuple[float, ...]
    """Adam's step size at each resolution from the first on; the last number holds from there on."""

    def setup(self, stage: str) -> None:
        super().setup(stage)
        if self.preparation.crop:
            raise Mistake(
                f"data.crop is {self.preparation.crop}, and {type(self).__name__} is trained on smaller images first, "
                "of which no such part can be cut: set data.crop 0."
            )

    def feed(self, step: int) -> Feed:
        total, devices = self.growth.batch_size(step), self.trainer.world_size
        if total % devices:
            raise Mistake(
                f"batch_size is {total} at {self.growth.stage(step).resolution} pixels, over all devices, which "
                f"{devices} devices cannot share equally: choose multiples of {devices}."
            )
        return Feed(batch_size=total // devices, resolution=self.growth.stage(step).resolution)

    def rate(self, step: int) -> float:
        rates = self.learning_rates
        return rates[min(self.growth.level(step), len(rates) - 1)] / rates[0]

    def take_step(self, minibatches: list[Batch]) -> None:
        stage = self.growth.stage(self.current_step)
        self.grow(stage)
        if self.growth.turns(self.current_step):
            for optimizer in self.trainer.optimizers:
                optimizer.state.clear()  # Adam's averages are of other layers, or of another blend of them
        super().take_step([batch | {"image": faded(batch["image"], stage.alpha)} for batch in minibatches])
        assert isinstance(self.generator, Growing)
        standing = torch.stack([self.generator.side.float(), self.generator.blend.float()])
        self.ledger.add(self.current_step, ("growth/resolution", "growth/alpha"), standing)

    def grow(self, stage: Stage) -> None:
        """Set the networks to a resolution and a blend. The moving average stands where the generator does."""
        for network in (self.generator, self.discriminator, self.averaged):
            assert isinstance(network, Growing)
            network.grow(*stage)

    def render(self, network: nn.Module, inputs: Inputs) -> Float[Tensor, " n c h w"]:
        """Make images at the last resolution. The pixels of smaller ones are repeated, as the authors do for scores."""
        return enlarged(super().render(network, inputs), self.growth.last)


def enlarged(image: Float[Tensor, "n c h h"], resolution: int) -> Float[Tensor, "n c {resolution} {resolution}"]:
    """Repeat the pixels of `image` until it has `resolution` of them a side."""
    while image.shape[-1] < resolution:
        image = doubled(image)
    return image


def faded(image: Float[Tensor, "n c h w"], alpha: float) -> Float[Tensor, "n c h w"]:
    """Blend a real image with its copy of half the resolution, as the networks blend new layers with old ones."""
    return image if alpha == 1 else torch.lerp(doubled(halved(image)), image, alpha)


def by_resolution(name: str, value: Any) -> tuple[Any, ...]:
    """Return the hyperparameter `name`, which has one value, or a value for each resolution, as a tuple."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    if not values:
        raise Mistake(f"model.{name} is an empty list: give one number, or one for each resolution from the first on.")
    return values
