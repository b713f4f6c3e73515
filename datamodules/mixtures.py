"""Combines several sets into one: as pairs, side by side, or in turns. Their indices follow one another."""

from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import Batch, Images
from datamodules.order import Request
from datamodules.sources import digest


class Mixture:
    """Base class of all mixtures.

    Args:
        parts: The sets by name.
    """

    turns = False
    """Whether the sets take turns, mini-batch by mini-batch."""

    def __init__(self, **parts: Images) -> None:
        self.parts = parts
        self.name = " + ".join(part.name for part in parts.values())
        self.instant = all(part.instant for part in parts.values())

    @property
    def labels(self) -> dict[str, Tensor]:
        """Labels of all images by their key in the batch: none if a batch shows several sets at once."""
        return {}

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of images in each set that has its own order."""
        return tuple(len(part) for part in self.parts.values())

    def __len__(self) -> int:
        return sum(self.sizes)

    def __getitem__(self, request: Request) -> Batch:
        raise NotImplementedError

    def fingerprint(self) -> str:
        return digest(f"{key} {part.fingerprint()}" for key, part in self.parts.items())

    def _shares(self, request: Request) -> list[np.ndarray]:
        """Return, for each set, the places of its images in the request."""
        ends = list(accumulate(self.sizes))
        set_numbers = np.searchsorted(ends, request.indices, side="right")
        return [np.flatnonzero(set_numbers == number) for number in range(len(ends))]

    def _read(self, number: int, part: Images, indices: np.ndarray, resolution: int | None) -> Batch:
        return part[Request(indices - sum(self.sizes[:number]), resolution)]


def sizes_of(images: Images) -> tuple[int, ...]:
    """Return the number of images in each set that has its own order: several only in a mixture."""
    return images.sizes if isinstance(images, Mixture) else (len(images),)


class Together(Mixture):
    """Sets whose images belong together and share an index; a batch has a key per set and the first set's labels.

    Raises:
        DataError: The sets differ in size.
    """

    def __init__(self, **parts: Images) -> None:
        super().__init__(**parts)
        if len({len(part) for part in parts.values()}) > 1:
            sizes = ", ".join(f"{len(part)} in {key} ({part.name})" for key, part in parts.items())
            raise DataError(f"Sets that are shown together must have equally many images: there are {sizes}.")

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
    """Independent sets: every batch has equally many images of each set, under the name of the set."""

    def __getitem__(self, request: Request) -> Batch:
        batch: Batch = {}
        shares = self._shares(request)
        for number, (key, part) in enumerate(self.parts.items()):
            if len(shares[number]):
                read = self._read(number, part, request.indices[shares[number]], request.resolution)
                batch[key] = read["image"]
        return batch


class Turns(Mixture):
    """Sets that take turns, mini-batch by mini-batch; `domain` is the number of an image's set.

    Their labels have the same shape; the data module defines their meaning.
    """

    turns = True

    @property
    def labels(self) -> dict[str, Tensor]:
        labels = [part.labels for part in self.parts.values()]
        joined = {key: torch.cat([part[key] for part in labels]) for key in labels[0]}
        return joined | {"domain": torch.arange(len(labels)).repeat_interleave(torch.tensor(self.sizes))}

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
