"""Two sets with their own data modules, side by side and without pairs, such as house numbers and digits.

`Unpaired` reads two folders; this takes any two data modules.
"""

import torch
from torch import Tensor

from datamodules.decoding import shrink
from datamodules.errors import DataError
from datamodules.images import Batch, Images
from datamodules.mixtures import Apart, Mixture
from datamodules.order import Request
from datamodules.sources import digest
from datamodules.stream import StreamedData


class UnpairedSets(StreamedData):
    """Images `a` and `b`, each set in its own order; only scores use their labels.

    Both sets get the larger size and number of channels: a smaller image gets a black border, a grey image three equal
    channels.

    Args:
        a: Data module of the first set.
        b: Data module of the second set.
        batch_size: Images of each set per mini-batch on each device; the sets' own batch sizes are not used.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training images, at random.
    """

    def __init__(
        self, a: StreamedData, b: StreamedData, batch_size: int = 1, workers: int = 2, flip: bool = False
    ) -> None:
        super().__init__(batch_size, workers)
        self.sets, self.flip = {"a": a, "b": b}, flip
        for key, data in self.sets.items():
            if data.crop:
                raise DataError(f"data.{key} has crop {data.crop}: UnpairedSets cuts nothing at random.")
        channels, height, width = (max(sides) for sides in zip(a.image_shape, b.image_shape, strict=True))
        self.image_shape = (channels, height, width)

    def prepare_data(self) -> None:
        for data in self.sets.values():
            data.prepare_data()

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        for key, data in self.sets.items():
            data.setup(stage)
            if isinstance(data.images, Mixture):
                raise DataError(
                    f"data.{key} is {type(data).__name__}, which is several sets: name a data module of a single set."
                )
        self.images = Apart(**self.sides)

    @property
    def real(self) -> Images:
        """The images `b`, at the size that models see."""
        return self.sides["b"]

    @property
    def sides(self) -> dict[str, Images]:
        return {
            key: data.images if data.image_shape == self.image_shape else Framed(data.images, self.image_shape)
            for key, data in self.sets.items()
        }

    def _other(self, split: str) -> "UnpairedSets":
        a, b = (data.at_split(split) for data in self.sets.values())
        other = UnpairedSets(a, b, self.batch_size, self.workers, self.flip)
        other.setup("test")
        return other


class Framed:
    """Images in the middle of a black frame; grey images get equal channels.

    Args:
        images: The set, of uint8 images.
        shape: (channels, height, width) with the frame.
    """

    def __init__(self, images: Images, shape: tuple[int, int, int]) -> None:
        self.images, self.shape, self.labels = images, shape, images.labels
        self.name, self.instant = f"{images.name}_on_{'x'.join(map(str, shape))}", images.instant

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, request: Request) -> Batch:
        batch = self.images[Request(request.indices, None)]
        framed = self._frame(batch["image"])
        return batch | {"image": shrink(framed, request.resolution) if request.resolution else framed}

    def fingerprint(self) -> str:
        return digest([self.images.fingerprint(), f"framed {self.shape}"])

    def _frame(self, image: Tensor) -> Tensor:
        channels, *sides = self.shape
        rows, columns = image.shape[2:]
        top, left = ((side - length) // 2 for side, length in zip(sides, (rows, columns), strict=True))
        framed = torch.zeros(len(image), channels, *sides, dtype=image.dtype)
        framed[:, :, top : top + rows, left : left + columns] = image
        return framed
