"""Small data and faulty models, named on command lines as `tests.drivers.tiny.Tiny`."""

import torch

from datamodules.stream import InMemory, StreamedData
from gan_zoo.models.gan import GAN
from gan_zoo.module import Terms


class Tiny(StreamedData):
    """Grey noise in memory.

    Args:
        size: Side of an image, in pixels.
        count: Number of images.
        batch_size: Images per mini-batch.
    """

    def __init__(self, size: int = 8, count: int = 48, batch_size: int = 4) -> None:
        super().__init__(batch_size)
        self.save_hyperparameters()
        self.image_shape, self.count = (1, size, size), count

    def setup(self, stage: str) -> None:
        shape = (self.count, *self.image_shape)
        noise = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        self.images = InMemory("tiny", image=noise)


class Diverging(GAN):
    """The loss of its generator is NaN at step 7."""

    def generator_loss(self, batch: dict[str, torch.Tensor]) -> Terms:
        terms = super().generator_loss(batch)
        return {name: term * float("nan") if self.global_step == 7 else term for name, term in terms.items()}


class Unfinished(GAN):
    """Its constructor has a bug that is the author's and not the user's."""

    def __init__(self, image_shape: tuple[int, int, int], kind: str = "value") -> None:
        raise {"value": ValueError, "type": TypeError, "runtime": RuntimeError}[kind]("a bug in the model")


class Crashing(GAN):
    """Its loss has a bug."""

    def generator_loss(self, batch: dict[str, torch.Tensor]) -> Terms:
        raise ValueError("a bug in the loss")


class Read(Tiny):
    """The same noise, read by `workers` other processes.

    Args:
        size: Side of an image, in pixels.
        count: Number of images.
        batch_size: Images per mini-batch.
        workers: Processes that read.
    """

    def __init__(self, size: int = 8, count: int = 48, batch_size: int = 4, workers: int = 1) -> None:
        super().__init__(size, count, batch_size)
        self.save_hyperparameters()
        self.workers = workers

    def setup(self, stage: str) -> None:
        super().setup(stage)
        self.images.instant = False
