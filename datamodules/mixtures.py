"""Several sets as one: shown as pairs, beside each other, or in turns. Their indices follow one another."""

from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import Batch, Images
from datamodules.order import Request
from datamodules.sources import digest


class Mixture:
    """What mixtures share.

    Args:
        parts: the sets, by name.
    """

    turns = False
    """Whether the sets take turns, minibatch by minibatch."""

    def __init__(self, **parts: Images) -> None:
        self.parts = parts
        self.name = " + ".join(part.name for part in parts.values())
        self.instant = all(part.instant for part in parts.values())

    @property
    def labels(self) -> dict[str, Tensor]:
        """What batches say of their images: nothing, where they show several sets' at once."""
        return {}

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of images in each set that has an order of its own."""
        return tuple(len(part) for part in self.parts.values())

    def __len__(self) -> int:
        return sum(self.sizes)

    def __getitem__(self, request: Request) -> Batch:
        raise NotImplementedError

    def fingerprint(self) -> str:
        return digest(f"{key} {part.fingerprint()}" for key, part in self.parts.items())

    def _shares(self, request: Request) -> list[np.ndarray]:
        """Where in the request the images of each set are."""
        ends = list(accumulate(self.sizes))
        whose = np.searchsorted(ends, request.indices, side="right")
        return [np.flatnonzero(whose == number) for number in range(len(ends))]

    def _read(self, number: int, part: Images, indices: np.ndarray, resolution: int | None) -> Batch:
        return part[Request(indices - sum(self.sizes[:number]), resolution)]


class Together(Mixture):
    """Sets whose images belong together, one index for all: a batch has a key for each, and the first one's labels.

    Raises:
        DataError: sets of different sizes.
    """

    def __init__(self, **parts: Images) -> None:
        super().__init__(**parts)
        if len({len(part) for part in parts.values()}) > 1:
            sizes = ", ".join(f"{len(part)} in {key} ({part.name})" for key, part in parts.items())
            raise DataError(f"Images that are shown together must be as many: there are {sizes}.")

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(next(iter(self.parts.values()))),)

    @property
    def labels(self) -> dict[str, Tensor]:
        return next(iter(self.parts.values())).labels

    def __getitem__(self, request: Request) -> Batch:
        batches = {key: part[request] for key, part in self.parts.items()}
        images = {key: batch["image"] for key, batch in batches.items()}
        first = next(iter(batches.values()))
        return images | {key: value for key, value in first.items() if key != "image"}


class Apart(Mixture):
    """Sets that have nothing to do with each other: every batch has as many images of each, by its name."""

    def __getitem__(self, request: Request) -> Batch:
        batch: Batch = {}
        shares = self._shares(request)
        for number, (key, part) in enumerate(self.parts.items()):
            if len(shares[number]):
                read = self._read(number, part, request.indices[shares[number]], request.resolution)
                batch[key] = read["image"]
        return batch


class Turns(Mixture):
    """Sets that take turns, minibatch by minibatch; `domain` says which one an image is from.

    Their labels have the same shape, and mean what the data module says.
    """

    turns = True

    @property
    def labels(self) -> dict[str, Tensor]:
        found = [part.labels for part in self.parts.values()]
        both = {key: torch.cat([one[key] for one in found]) for key in found[0]}
        return both | {"domain": torch.arange(len(found)).repeat_interleave(torch.tensor(self.sizes))}

    def __getitem__(self, request: Request) -> Batch:
        batch: Batch = {"domain": torch.empty(len(request.indices), dtype=torch.int64)}
        shares = self._shares(request)
        for number, part in enumerate(self.parts.values()):
            places = torch.from_numpy(shares[number])
            if not len(places):
                continue
            batch["domain"][places] = number
            read = self._read(number, part, request.indices[shares[number]], request.resolution)
            for key, value in read.items():
                batch.setdefault(key, value.new_empty(len(request.indices), *value.shape[1:]))[places] = value
        return batch
