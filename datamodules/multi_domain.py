"""Several labelled sets as one, for models that learn from all of them at once (StarGAN, Choi 2018, section 3.3).

Each set has its own labels: nobody knows the expression of a face in CelebA, or whether a person in RaFD counts as
young. So the labels of all sets stand side by side in one vector, in which an image fills the part of its own set;
`domain` says which part that is, and is StarGAN's mask vector.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import Batch, Images
from datamodules.labels import LabelSet
from datamodules.mixtures import Turns
from datamodules.order import Request
from datamodules.stream import StreamedData


class MultiDomain(StreamedData):
    """Labelled sets that take turns: mini-batch i of step s shows only set (s + i) mod k.

    So the sets also take turns in the last mini-batch of a step, on which the generator is updated. Labels are
    float (n, labels of all sets), and `domain` is the number of the set.

    Args:
        sets: The data modules. All have labels and the same image size; grey sets get three equal channels if another
            set has three.
        batch_size: Images per mini-batch on each device; the sets' own batch sizes are not used.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training images, at random.
    """

    def __init__(self, sets: list[StreamedData], batch_size: int = 16, workers: int = 2, flip: bool = True) -> None:
        super().__init__(batch_size, workers)
        refuse_unfit(sets)
        self.sets, self.flip = sets, flip
        self.image_shape = (max(data.image_shape[0] for data in sets), *sets[0].image_shape[1:])
        self.num_classes = sum(data.num_classes for data in sets)

    @property
    def label_sets(self) -> list[LabelSet]:
        return [labels for data in self.sets for labels in data.label_sets]

    def prepare_data(self) -> None:
        for data in self.sets:
            data.prepare_data()

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        parts, first = {}, 0
        for number, data in enumerate(self.sets):
            data.setup(stage)
            parts[str(number)] = Widened(data.images, self.image_shape[0], first, data.num_classes, self.num_classes)
            first += data.num_classes
        self.images = Turns(**parts)

    def _other(self, split: str) -> "MultiDomain":
        other = MultiDomain([data.at_split(split) for data in self.sets], self.batch_size, self.workers, self.flip)
        other.setup("test")
        return other


def refuse_unfit(sets: Sequence[StreamedData]) -> None:
    """Raise a DataError unless there are two sets or more, with labels, one size, and no random crop."""
    if len(sets) < 2:
        raise DataError(f"data.sets names {len(sets)} set(s): MultiDomain needs two or more.")
    for data in sets:
        name = f"{type(data).__name__} in data.sets"
        if not data.num_classes:
            raise DataError(f"{name} has no labels: choose some in its options, or leave it out.")
        if data.crop:
            raise DataError(f"{name} has crop {data.crop}: MultiDomain cuts nothing at random.")
        if data.image_shape[1:] != sets[0].image_shape[1:]:
            sizes = ", ".join(f"{type(each).__name__} {each.image_shape[1:]}" for each in sets)
            raise DataError(f"The sets of data.sets differ in size: {sizes}; give them one resolution.")


class Widened:
    """A set whose labels are part of a longer vector.

    Args:
        images: The set.
        channels: Number of channels that its images get, if they are grey.
        first: Place of its first label in the vector.
        own: Number of its labels.
        total: Length of the vector.
    """

    def __init__(self, images: Images, channels: int, first: int, own: int, total: int) -> None:
        self.images, self.channels, self.first, self.own, self.total = images, channels, first, own, total
        self.name, self.instant = images.name, images.instant
        self.labels = {"label": self._label(images.labels["label"])}

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, request: Request) -> Batch:
        batch = self.images[request]
        image = batch["image"].expand(-1, self.channels, -1, -1)
        return {"image": image, "label": self._label(batch["label"])}

    def fingerprint(self) -> str:
        return self.images.fingerprint()

    def _label(self, label: Tensor) -> Tensor:
        """Return classes (n,) as one-hot vectors and attributes (n, k) unchanged, with zeros for the other sets."""
        values = label if label.ndim == 2 else torch.nn.functional.one_hot(label, self.own)
        wide = torch.zeros(len(label), self.total)
        wide[:, self.first : self.first + self.own] = values
        return wide
