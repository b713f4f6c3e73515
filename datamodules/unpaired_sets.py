"""Two sets that have data modules of their own, beside each other and without pairs: house numbers and digits, say.

`Unpaired` reads two folders; this takes two of whatever else there is.
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
    """Images `a` and `b`, each set in an order of its own; their labels are for scores alone.

    Both get the size and the channels of the larger: a smaller image has a black border around it, a grey one three
    equal channels.

    Args:
        a: data module of the one set.
        b: of the other.
        batch_size: images of each set a minibatch on each device; the sets' own are not used.
        workers: processes that decode, where a set is neither in memory nor prepared.
        flip: mirror half of the training images, at random.
    """

    def __init__(
        self, a: StreamedData, b: StreamedData, batch_size: int = 1, workers: int = 2, flip: bool = False
    ) -> None:
        super().__init__(batch_size, workers)
        self.sets, self.flip = {"a": a, "b": b}, flip
        for key, one in self.sets.items():
            if one.crop:
                raise DataError(f"data.{key} has crop {one.crop}: UnpairedSets cuts nothing at random.")
        channels, height, width = (max(sides) for sides in zip(a.image_shape, b.image_shape, strict=True))
        self.image_shape = (channels, height, width)

    def prepare_data(self) -> None:
        for one in self.sets.values():
            one.prepare_data()

    def setup(self, stage: str) -> None:
        if hasattr(self, "images"):
            return
        for key, one in self.sets.items():
            one.setup(stage)
            if isinstance(one.images, Mixture):
                raise DataError(f"data.{key} is {type(one).__name__}, which is several sets: name one of a single set.")
        self.images = Apart(**self.sides)

    @property
    def real(self) -> Images:
        """The images `b`, as large as models see them."""
        return self.sides["b"]

    @property
    def sides(self) -> dict[str, Images]:
        return {
            key: one.images if one.image_shape == self.image_shape else Framed(one.images, self.image_shape)
            for key, one in self.sets.items()
        }

    def _other(self, split: str) -> "UnpairedSets":
        a, b = (one.at_split(split) for one in self.sets.values())
        other = UnpairedSets(a, b, self.batch_size, self.workers, self.flip)
        other.setup("test")
        return other


class Framed:
    """Images in the middle of a black frame, with as many equal channels as are wanted.

    Args:
        images: the set, of uint8 images.
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
        top, left = ((side - own) // 2 for side, own in zip(sides, (rows, columns), strict=True))
        framed = torch.zeros(len(image), channels, *sides, dtype=image.dtype)
        framed[:, :, top : top + rows, left : left + columns] = image
        return framed
