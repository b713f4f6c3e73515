"""Several labelled sets as one, for models that learn from all of them at once (StarGAN, Choi 2018, section 3.3).

Each set knows labels of its own: of a face in CelebA nobody knows the expression, and of a portrait in RaFD nobody said
whether its owner is young. So the labels stand beside each other in one vector, of which an image fills its own set's
part; `domain` says which part that is, and is StarGAN's mask vector.
"""

import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import Batch, Images
from datamodules.labels import LabelSet
from datamodules.mixtures import Turns
from datamodules.order import Request
from datamodules.stream import StreamedData


class MultiDomain(StreamedData):
    """Minibatch i of step s is wholly of set (s + i) mod k; labels are float (n, labels of all sets), with a `domain`.

    So the sets take turns in the last minibatch of a step too, which is the one that a generator's update sees.

    Args:
        sets: the data modules, with labels each, and images of one size; grey ones get three equal channels where
            others have three.
        batch_size: images a minibatch on each device; the sets' own are not used.
        workers: processes that decode, where a set is neither in memory nor prepared.
        flip: mirror half of the training images, at random.
    """

    def __init__(self, sets: list[StreamedData], batch_size: int = 16, workers: int = 2, flip: bool = True) -> None:
        super().__init__(batch_size, workers)
        if len(sets) < 2:
            raise DataError(f"data.sets names {len(sets)} set(s): MultiDomain shows two or more.")
        for one in sets:
            if not one.num_classes:
                raise DataError(f"{type(one).__name__} in data.sets has no labels: ask it for some, or leave it out.")
            if one.crop:
                raise DataError(
                    f"{type(one).__name__} in data.sets has crop {one.crop}: MultiDomain cuts nothing at random."
                )
            if one.image_shape[1:] != sets[0].image_shape[1:]:
                sizes = ", ".join(f"{type(each).__name__} {each.image_shape[1:]}" for each in sets)
                raise DataError(f"The sets of data.sets differ in size: {sizes}; give them one resolution.")
        self.sets, self.flip = sets, flip
        self.image_shape = (max(one.image_shape[0] for one in sets), *sets[0].image_shape[1:])
        self.num_classes = sum(one.num_classes for one in sets)

    @property
    def label_sets(self) -> list[LabelSet]:
        return [one for each in self.sets for one in each.label_sets]

    def prepare_data(self) -> None:
        for one in self.sets:
            one.prepare_data()

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        parts, first = {}, 0
        for number, one in enumerate(self.sets):
            one.setup(stage)
            parts[str(number)] = Widened(one.images, self.image_shape[0], first, one.num_classes, self.num_classes)
            first += one.num_classes
        self.images = Turns(**parts)

    def _other(self, split: str) -> "MultiDomain":
        other = MultiDomain([one.at_split(split) for one in self.sets], self.batch_size, self.workers, self.flip)
        other.setup("test")
        return other


class Widened:
    """A set whose labels are part of a longer vector.

    Args:
        images: the set.
        channels: that its images get, if they are grey.
        first: where its labels begin.
        own: how many they are.
        total: length of the vector.
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
        """Classes (n,) as ones of n, attributes (n, k) as they are, among zeros for the other sets' labels."""
        values = label if label.ndim == 2 else torch.nn.functional.one_hot(label, self.own)
        wide = torch.zeros(len(label), self.total)
        wide[:, self.first : self.first + self.own] = values
        return wide
