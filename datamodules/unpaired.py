"""Two sets of images that no one has paired, for CycleGAN (Zhu 2017): horse2zebra, apple2orange, the painters.

Layout: CycleGAN's, ROOT/trainA, trainB, testA, testB, from https://efrosgans.eecs.berkeley.edu/cyclegan/datasets; or
any two folders or zips. `gan-zoo data list` gives each set's licence.
"""

from dataclasses import replace
from functools import cached_property

from datamodules.image_folder import FolderSplit, images_in, set_name
from datamodules.images import Images
from datamodules.mixtures import Apart
from datamodules.sources import Files, Source
from datamodules.stream import SourcedData, load
from datamodules.transform import Square, shown_side


class Unpaired(SourcedData):
    """Images `a` and `b`, each set in an order of its own; grey ones among them have three equal channels.

    Args:
        a: folder or zip of the one set; `{split}` in it stands for the split, as in `horse2zebra/{split}A`.
        b: folder or zip of the other.
        split: which; where a path has no `{split}` there is one set, `train`.
        resolution: pixels a side that images are resized to.
        crop: pixels a side of the square that training cuts at random, at a place of its own in a and in b; 0: none.
        batch_size: images of each set a minibatch on each device.
        workers: processes that decode, where the images are not in memory or prepared.
        flip: mirror half of the training images, at random.
    """

    mixture = Apart

    def __init__(
        self,
        a: str,
        b: str,
        split: FolderSplit = "train",
        resolution: int = 286,
        crop: int = 256,
        batch_size: int = 1,
        workers: int = 2,
        flip: bool = True,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.square, self.crop, self.flip = Square(resolution), crop, flip
        side = shown_side(resolution, crop)
        self.image_shape = (3, side, side)
        self.files = {key: _files(key, path, split) for key, path in (("a", a), ("b", b))}

    def sources(self) -> dict[str, Source]:
        return dict(self.files)

    @property
    def real(self) -> Images:
        """The images `b`, whole, at the size that training cuts out."""
        return self.sides["b"]

    @cached_property
    def sides(self) -> dict[str, Images]:
        shown = replace(self.square, resolution=self.image_shape[1])
        return {key: load(files, shown) for key, files in self.files.items()}


def _files(key: str, path: str, split: str) -> Files:
    """The images at `path`, which the option `data.KEY` names."""
    return Files(set_name(path, split), *images_in(path, split, option=f"data.{key}"))
