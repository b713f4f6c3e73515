"""Some of a set's images, as a set."""

import hashlib
from typing import Any

import numpy as np
from torch import Tensor

from datamodules.order import Request


class Subset:
    """The images of `real` at `indices`.

    Args:
        real: the set.
        indices: which of them, in their order.
        kind: what they have in common: the set's name is followed by it.
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
        which = hashlib.sha256(np.ascontiguousarray(self.indices).tobytes()).hexdigest()[:16]
        return f"{self.real.fingerprint()}-{which}"
