"""Noise under all the keys that a batch can have, for tests that train any model."""

from typing import Any

import torch
from torch import Tensor

from datamodules.decoding import shrink
from datamodules.stream import StreamedData

IMAGES = ("image", "source", "target", "a", "b")
"""Keys of a batch that hold images."""
CLASSES = 3


class Noise:
    """48 entries in memory under any keys of a batch: uint8 images, int64 classes or domains."""

    name = "noise_48"
    instant = False  # so that workers read ahead if there are any

    def __init__(self, keys: tuple[str, ...], shape: tuple[int, int, int]) -> None:
        draw = torch.Generator().manual_seed(0)
        sizes = {key: (256, (48, *shape)) if key in IMAGES else (CLASSES, (48,)) for key in keys}
        numbers = {key: torch.randint(top, size, generator=draw) for key, (top, size) in sizes.items()}
        self.tensors = {key: value.byte() if key in IMAGES else value for key, value in numbers.items()}

    @property
    def labels(self) -> dict[str, Tensor]:
        return {key: value for key, value in self.tensors.items() if key not in IMAGES}

    def __len__(self) -> int:
        return 48

    def __getitem__(self, request: Any) -> dict[str, Tensor]:
        batch = {key: value[torch.from_numpy(request.indices)] for key, value in self.tensors.items()}
        return {
            key: shrink(value, request.resolution or value.shape[-1]) if key in IMAGES else value
            for key, value in batch.items()
        }

    def fingerprint(self) -> str:
        return "noise"


class Toy(StreamedData):
    """Noise of the given keys.

    Args:
        keys: Keys of a batch: image, label, source, target, a, b, domain.
        shape: Shape of an image.
        workers: Processes that read ahead.
    """

    flip = True

    def __init__(self, keys: tuple[str, ...], shape: tuple[int, int, int], workers: int = 0) -> None:
        super().__init__(batch_size=4, workers=workers)
        self.save_hyperparameters()
        self.image_shape, self.keys = shape, keys
        self.num_classes = CLASSES if "label" in keys else 0

    def setup(self, stage: str) -> None:
        self.images = Noise(self.keys, self.image_shape)
