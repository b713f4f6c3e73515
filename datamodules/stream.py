"""What every data module shares: an endless, shuffled, exactly resumable stream of batches.

Which images a step shows is a pure function of (seed, position in the stream), and a step's position is the sum of what
the steps before it consumed. So the order does not depend on workers, a run resumes at any step with no replay, and the
ranks' shares of a step put together are what one process would have seen.
"""

from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import lightning.pytorch as L
import numpy as np
from lightning.pytorch.utilities import rank_zero_info
from torch.utils.data import DataLoader

from datamodules import cache
from datamodules.errors import DataError
from datamodules.images import Batch, Decoded, Images, InMemory, Middle, in_memory
from datamodules.labels import LabelSet
from datamodules.mixtures import Mixture
from datamodules.order import Order, Request
from datamodules.sources import Source
from datamodules.transform import Square

__all__ = ["Batch", "DataError", "Images", "InMemory", "SourcedData", "StreamedData"]

SMALL_COUNT, SMALL_BYTES = 5_000, 256 * 2**20
"""A set of files that is no larger lives in memory, decoded when a run begins: seconds."""


class StreamedData(L.LightningDataModule):
    """A data module whose `setup` sets `images`; the stream comes from here.

    A subclass states `image_shape`, `num_classes` (0: no labels), and whether training mirrors (`flip`) or cuts squares
    at random (`crop`, pixels): both are done on the device, by the model. Of labels it may say what they are called
    (`classes`), that they are attributes (`attributes`), and which of these exclude each other (`exclusive`).

    Args:
        batch_size: images a minibatch on each device.
        workers: processes that decode ahead, where images are neither in memory nor prepared; 0: the main process does.
    """

    image_shape: tuple[int, int, int]
    num_classes: int = 0
    classes: Sequence[str] = ()
    attributes: bool = False
    exclusive: Sequence[Sequence[str]] = ()
    flip: bool = False
    crop: int = 0
    images: Images

    def __init__(self, batch_size: int, workers: int = 0) -> None:
        super().__init__()
        if batch_size < 1:
            raise DataError(f"data.batch_size is {batch_size}: it must be at least 1.")
        if workers < 0:
            raise DataError(f"data.workers is {workers}: it must be at least 0.")
        self.batch_size, self.workers = batch_size, workers

    def train_dataloader(self) -> DataLoader[Batch]:
        trainer = self.trainer
        assert trainer is not None
        model: Any = trainer.lightning_module
        several = self.images if isinstance(self.images, Mixture) else None
        order = Order(
            sizes=several.sizes if several else (len(self.images),),
            feed=model.feed,
            batch_size=self.batch_size,
            seed=model.seed,
            rank=trainer.global_rank,
            world=trainer.world_size,
            start=trainer.global_step,
            turns=several is not None and several.turns,
        )
        return DataLoader(
            self.images,  # pyright: ignore[reportArgumentType]
            sampler=order,
            batch_size=None,
            num_workers=0 if self.images.instant else self.workers,
            pin_memory=trainer.strategy.root_device.type == "cuda",
        )

    @property
    def label_sets(self) -> list[LabelSet]:
        """What the labels are called, set by set: one set here, none where there are no labels."""
        if not self.num_classes:
            return []
        names = list(self.classes) or [str(number) for number in range(self.num_classes)]
        if self.attributes:
            return [LabelSet(names=names, kind="attributes", exclusive=[list(group) for group in self.exclusive])]
        return [LabelSet(names=names, kind="classes", exclusive=[names])]

    @property
    def real(self) -> Images:
        """The images that a model of these data should generate, once `setup` was called."""
        return Middle(self.images, self.crop) if self.crop else self.images

    def reference(self, split: str | None = None) -> Images:
        """The real images that a score compares with.

        Args:
            split: None: those that are trained on; else those of this split, all else equal.

        Raises:
            DataError: there is no such split.
        """
        return self.at_split(split).real

    @property
    def sides(self) -> dict[str, Images]:
        """The real images of each of a batch's keys, as scores compare them; `real` is one of them."""
        return {"image": self.real}

    def at_split(self, split: str | None) -> "StreamedData":
        """These data, or those of another split, all else equal.

        Raises:
            DataError: there is no such split.
        """
        return self if split is None else self._other(split)

    def examples(self, count: int, split: str | None = None) -> Batch:
        """The first `count` images, or pairs, of each set, at the data's own size: always the same, to look at.

        Args:
            count: of each set; where a set has fewer, its images come round again.
            split: None: those that are trained on; else those of this split, all else equal.

        Raises:
            DataError: there is no such split.
        """
        shown = self.at_split(split).images
        sizes = shown.sizes if isinstance(shown, Mixture) else (len(shown),)
        starts = np.cumsum((0, *sizes[:-1]))
        indices = [start + np.arange(count) % size for start, size in zip(starts, sizes, strict=True)]
        return shown[Request(np.concatenate(indices), None)]

    def _other(self, split: str) -> "StreamedData":
        kind = type(self)
        splits = get_args(get_type_hints(kind.__init__).get("split"))
        if split not in splits:
            there = f"its splits are {', '.join(splits)}" if splits else "it has no splits"
            raise DataError(f"{kind.__name__} has no split {split}: {there}.")
        other = kind(**{**self.hparams, "split": split})
        other.prepare_data()
        other.setup("test")
        return other


class SourcedData(StreamedData):
    """A data module of encoded files. A subclass's constructor sets `square`, and `sources` says what is read.

    A batch comes from the cache that `gan-zoo data prepare` made, if it did; from memory, if the set is small; else the
    workers decode it.
    """

    square: Square
    mixture: type[Mixture] | None = None
    """How several sets are shown."""

    def sources(self) -> dict[str, Source]:
        """The files, by what the batch calls them: `{"image": ...}`; `{"source": ..., "target": ...}`."""
        raise NotImplementedError

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        self.parts = {key: load(source, self.square) for key, source in self.sources().items()}
        self.images = self.mixture(**self.parts) if self.mixture else next(iter(self.parts.values()))


def load(source: Source, square: Square) -> Images:
    """The images of `source`, by the fastest way that there is."""
    prepared = cache.find(source, square)
    if prepared:
        return prepared
    count = len(source)
    if count <= SMALL_COUNT and count * square.channels * square.resolution**2 <= SMALL_BYTES:
        return in_memory(source, square)
    rank_zero_info(f"{count} images of {source.name} are decoded as they are shown: `gan-zoo data prepare` is faster.")
    return Decoded(source, square)
