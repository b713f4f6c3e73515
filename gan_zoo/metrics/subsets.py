"""A subset of a set of images."""

import hashlib
from typing import Any

import numpy as np
from torch import Tensor

from datamodules.order import Request


class Subset:
    """The images of `real` at `indices`.

    Args:
        real: The whole set of images.
        indices: Indices of the images in the subset.
        kind: What these images have in common; it is appended to the name of the set.
    """

    def __init__(self, real: Any, indices: np.ndarray, kind: str) -> None:
        self.real, self.indices, self.instant = real, indices, real.instant
        self.name = f"{real.name}_{kind}"
        self.labels: dict[str, Tensor] = {key: value[indices] for key, value in real.labels.items()}

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, request: Any) -> dict[str, Tensor]:
        return self.real[Request(self.indices[request.indices], request.resolution)]

    def fingerprint(self) -> str:
        """Return a hash of the set and of the indices."""
        indices = hashlib.sha256(np.ascontiguousarray(self.indices).tobytes()).hexdigest()[:16]
        return f"{self.real.fingerprint()}-{indices}"
