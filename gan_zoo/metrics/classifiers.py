"""Classifiers that judge translated images: `lenet` for digits, a network from a file for attributes."""

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
    """A network that judges whether translated images show what their route requests."""

    name: str

    def fingerprint(self) -> str:
        """Return a hash of the weights."""
        ...

    def can_judge(self, route: Route, labels: Mapping[str, Tensor]) -> bool:
        """Return whether the classifier can judge `route` on images with these `labels`."""
        ...

    def agrees(self, image: Images, route: Route, batch: Batch) -> Bool[Tensor, " n"]:
        """Return, for each of `image` in [-1, 1], whether it shows what `route` should make of `batch`."""
        ...


class Digits:
    """The bundled `lenet`: a translated image of any size should still show the digit of its source."""

    name = "lenet"

    def __init__(self) -> None:
        self.network: LeNet = trained()

    def fingerprint(self) -> str:
        return self.network.fingerprint()

    def can_judge(self, route: Route, labels: Mapping[str, Tensor]) -> bool:
        return route.label is None and "label" in labels and labels["label"].ndim == 1

    @torch.no_grad()
    def agrees(self, image: Images, route: Route, batch: Batch) -> Bool[Tensor, " n"]:
        grey = images.grey(image) if image.shape[1] == 3 else image
        logits = self.network.to(image.device).extract(images.to_uint8(images.to_size(grey, (28, 28)))).logits
        assert logits is not None
        return logits.argmax(1) == batch["label"]


class Attributes:
    """An attribute classifier from a file: a translated image should have the route's label, or have lost it.

    Args:
        file: A file written by `python -m gan_zoo.metrics.train_attributes`.

    Raises:
        Mistake: The file is missing or holds something else.
    """

    name = "attributes"

    def __init__(self, file: Path) -> None:
        self.network = attributes.read(file)

    def fingerprint(self) -> str:
        return extractors.hashed(self.network)

    def can_judge(self, route: Route, labels: Mapping[str, Tensor]) -> bool:
        return route.label_name in self.network.names

    @torch.no_grad()
    def agrees(self, image: Images, route: Route, batch: Batch) -> Bool[Tensor, " n"]:
        with extractors.in_float32(image.device):
            logits = self.network.to(image.device)(image)
        return (logits[:, self.network.names.index(route.label_name)] > 0) == route.value


def classifier(name: str) -> Classifier:
    """Return the classifier called `name`: `lenet`, or the path of an attribute classifier.

    Raises:
        Mistake: The file is missing or holds something else.
    """
    return Digits() if name == "lenet" else Attributes(Path(name))
