"""Networks that tell whether an image is what it was asked to be: digits by `lenet`, attributes by a file of yours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gan_zoo import images
from gan_zoo.images import Batch
from gan_zoo.metrics import attributes
from gan_zoo.metrics.extractors import base as extractors
from gan_zoo.metrics.extractors.lenet import LeNet, trained
from gan_zoo.translation.routes import Route

Images = Float[Tensor, "n c h w"]


@runtime_checkable
class Classifier(Protocol):
    """What tells of images what they show."""

    name: str

    def fingerprint(self) -> str:
        """A hash of its weights."""
        ...

    def knows(self, route: Route, labels: Mapping[str, Tensor]) -> bool:
        """Whether it can tell what `route` asks of images with such `labels`."""
        ...

    def agrees(self, image: Images, route: Route, batch: Batch) -> Bool[Tensor, " n"]:
        """Whether each of `image`, in [-1, 1], is what `route` makes of `batch`."""
        ...


class Digits:
    """The bundled `lenet`, of images of any size: they are to show the digits that they were made of."""

    name = "lenet"

    def __init__(self) -> None:
        self.network: LeNet = trained()

    def fingerprint(self) -> str:
        return self.network.fingerprint()

    def knows(self, route: Route, labels: Mapping[str, Tensor]) -> bool:
        return route.label is None and "label" in labels and labels["label"].ndim == 1

    @torch.no_grad()
    def agrees(self, image: Images, route: Route, batch: Batch) -> Bool[Tensor, " n"]:
        grey = images.grey(image) if image.shape[1] == 3 else image
        found = self.network.to(image.device).extract(images.to_uint8(images.to_size(grey, (28, 28))))
        assert found.logits is not None
        return found.logits.argmax(1) == batch["label"]


class Attributes:
    """That of a file: images are to have the label that they were given, or to have it no more.

    Args:
        file: that `python -m gan_zoo.metrics.train_attributes` wrote.

    Raises:
        Mistake: no such file, or one of something else.
    """

    name = "attributes"

    def __init__(self, file: Path) -> None:
        self.network = attributes.read(file)

    def fingerprint(self) -> str:
        return extractors.hashed(self.network)

    def knows(self, route: Route, labels: Mapping[str, Tensor]) -> bool:
        return route.label_name in self.network.names

    @torch.no_grad()
    def agrees(self, image: Images, route: Route, batch: Batch) -> Bool[Tensor, " n"]:
        with extractors.in_float32(image.device):
            logits = self.network.to(image.device)(image)
        return (logits[:, self.network.names.index(route.label_name)] > 0) == route.value


def classifier(name: str) -> Classifier:
    """`lenet`, or that of a file.

    Raises:
        Mistake: no such file, or one of something else.
    """
    return Digits() if name == "lenet" else Attributes(Path(name))
