"""The base classes of all data modules: an endless, shuffled, exactly resumable stream of batches.

The images of a step are a pure function of the seed and the step's position in the stream, which is the sum of what
all earlier steps consumed. So the order does not depend on the workers, a run resumes at any step without replaying
the stream, and all ranks together see what a single process would see.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import lightning.pytorch as L
import numpy as np
from lightning.pytorch.utilities import rank_zero_info
from torch.utils.data import DataLoader

from datamodules import cache
from datamodules.errors import DataError
from datamodules.images import Batch, Decoded, Images, InMemory, Middle, in_memory
from datamodules.labels import LabelSet
from datamodules.mixtures import Mixture, sizes_of
from datamodules.order import Order, Request
from datamodules.sources import Source
from datamodules.transform import Square, shown_side
from datamodules.workers import leave_signals

__all__ = ["Batch", "DataError", "Images", "InMemory", "SourcedData", "StreamedData"]

SMALL_COUNT, SMALL_BYTES = 5_000, 256 * 2**20
"""Limits (images, and bytes when decoded) up to which a set of files is decoded into memory, within seconds."""


class StreamedData(L.LightningDataModule):
    """A data module whose `setup` sets `images`, and which turns them into a stream.

    A subclass sets `image_shape`, `num_classes` (0: no labels), and whether training mirrors images (`flip`) or cuts
    squares at random (`crop`, in pixels); the model does both on the device. It may also set the names of the labels
    (`classes`), whether they are attributes (`attributes`), and which attributes exclude each other (`exclusive`).

    Args:
        batch_size: Images per mini-batch on each device.
        workers: Processes that decode ahead if the images are neither in memory nor prepared; 0: the main process
            decodes.
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
        order = Order(
            sizes=sizes_of(self.images),
            feed=model.feed,
            batch_size=self.batch_size,
            seed=model.seed,
            rank=trainer.global_rank,
            world=trainer.world_size,
            start=trainer.global_step,
            turns=isinstance(self.images, Mixture) and self.images.turns,
        )
        return DataLoader(
            self.images,  # pyright: ignore[reportArgumentType]
            sampler=order,
            batch_size=None,
            num_workers=0 if self.images.instant else self.workers,
            worker_init_fn=leave_signals,
            pin_memory=trainer.strategy.root_device.type == "cuda",
        )

    @property
    def label_sets(self) -> list[LabelSet]:
        """Names of the labels, set by set: a single set here, or none if there are no labels."""
        if not self.num_classes:
            return []
        names = list(self.classes) or [str(number) for number in range(self.num_classes)]
        if self.attributes:
            return [LabelSet(names=names, kind="attributes", exclusive=[list(group) for group in self.exclusive])]
        return [LabelSet(names=names, kind="classes", exclusive=[names])]

    @property
    def real(self) -> Images:
        """The images that a model of these data should generate; available after `setup`."""
        return Middle(self.images, self.crop) if self.crop else self.images

    def reference(self, split: str | None = None) -> Images:
        """Return the real images that a score compares with.

        Args:
            split: Name of a split, which is whole whatever the option `limit`; None: the training images.

        Raises:
            DataError: There is no such split.
        """
        return self.at_split(split).real

    @property
    def sides(self) -> dict[str, Images]:
        """The real images under each key of a batch, as scores compare them; `real` is among them."""
        return {"image": self.real}

    def at_split(self, split: str | None) -> "StreamedData":
        """Return these data, or the same data module of another split.

        Args:
            split: Name of a split; None: return these data.

        Raises:
            DataError: There is no such split.
        """
        return self if split is None else self._other(split)

    def examples(self, count: int, split: str | None = None) -> Batch:
        """Return the first `count` images or pairs of each set, at the data's own size, for a person to look at.

        Args:
            count: Number of images per set; a smaller set repeats its images.
            split: Name of a split; None: the training images.

        Raises:
            DataError: There is no such split.
        """
        images = self.at_split(split).images
        sizes = sizes_of(images)
        starts = np.cumsum((0, *sizes[:-1]))
        indices = [start + np.arange(count) % size for start, size in zip(starts, sizes, strict=True)]
        return images[Request(np.concatenate(indices), None)]

    def _other(self, split: str) -> "StreamedData":
        kind = type(self)
        splits = get_args(get_type_hints(kind.__init__).get("split"))
        if split not in splits:
            choices = f"its splits are {', '.join(splits)}" if splits else "it has no splits"
            raise DataError(f"{kind.__name__} has no split {split}: {choices}.")
        whole = {"limit": 0} if "limit" in self.hparams else {}
        other = kind(**{**self.hparams, "split": split, **whole})
        other.prepare_data()
        other.setup("test")
        return other


class SourcedData(StreamedData):
    """A data module of encoded files. A subclass's constructor calls `show` and sets `source`, or defines `sources`.

    The batches come from the cache if `gan-zoo data prepare` filled it; from memory if the set is small; and otherwise
    from workers that decode the files.
    """

    square: Square
    source: Source
    mixture: type[Mixture] | None = None
    """How several sets are combined."""

    def show(self, square: Square, crop: int = 0, flip: bool = False) -> None:
        """Set how the files are decoded and what training shows of them.

        Args:
            square: Crop and size that each image is decoded to.
            crop: Side of the square that training cuts from each decoded image at random, in pixels; 0: none.
            flip: Whether training mirrors half of the images, at random.

        Raises:
            DataError: The square to cut does not fit into the decoded images.
        """
        self.square, self.crop, self.flip = square, crop, flip
        side = shown_side(square.resolution, crop)
        self.image_shape = (square.channels, side, side)

    def sources(self) -> dict[str, Source]:
        """Return the files by their key in the batch: `{"image": ...}` or `{"source": ..., "target": ...}`."""
        return {"image": self.source}

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        self.parts = {key: load(source, self.square) for key, source in self.sources().items()}
        self.images = self.mixture(**self.parts) if self.mixture else next(iter(self.parts.values()))

    def whole_sides(self) -> dict[str, Images]:
        """Return the images under each key of a batch, whole, at the size that training cuts out."""
        whole = replace(self.square, resolution=self.image_shape[1])
        return {key: load(source, whole) for key, source in self.sources().items()}


def load(source: Source, square: Square) -> Images:
    """Return the images of `source`, read in the fastest way available."""
    prepared = cache.find(source, square)
    if prepared:
        return prepared
    count = len(source)
    if count <= SMALL_COUNT and count * square.channels * square.resolution**2 <= SMALL_BYTES:
        return in_memory(source, square)
    rank_zero_info(f"{count} images of {source.name} are decoded as they are shown: `gan-zoo data prepare` is faster.")
    return Decoded(source, square)
