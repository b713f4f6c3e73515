"""Two sets of images without pairs, for CycleGAN (Zhu 2017): horse2zebra, apple2orange, the painters.

Layout: CycleGAN's, ROOT/trainA, trainB, testA, testB, from https://efrosgans.eecs.berkeley.edu/cyclegan/datasets; or
any two folders or zips. `gan-zoo data list` gives each set's licence.
"""

from functools import cached_property

from datamodules.image_folder import FolderSplit, images_in, set_name
from datamodules.images import Images
from datamodules.mixtures import Apart
from datamodules.sources import Files, Source
from datamodules.stream import SourcedData
from datamodules.transform import Square


class Unpaired(SourcedData):
    """Images `a` and `b`, each set in its own order; grey images get three equal channels.

    Args:
        a: Folder or zip of the first set; `{split}` in it stands for the split, as in `horse2zebra/{split}A`.
        b: Folder or zip of the second set.
        split: Which split to read; a path without `{split}` has only one, `train`.
        resolution: Side that images are resized to, in pixels.
        crop: Side of the square that training cuts at random, at a place of its own in a and in b, in pixels; 0: none.
        batch_size: Images of each set per mini-batch on each device.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training images, at random.
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
        self.show(Square(resolution), crop, flip)
        self.files = {key: _files(key, path, split) for key, path in (("a", a), ("b", b))}

    def sources(self) -> dict[str, Source]:
        return dict(self.files)

    @property
    def real(self) -> Images:
        """The images `b`, whole, at the size that training cuts out."""
        return self.sides["b"]

    @cached_property
    def sides(self) -> dict[str, Images]:
        return self.whole_sides()


def _files(key: str, path: str, split: str) -> Files:
    """Return the images at `path`, which the option `data.KEY` names."""
    return Files(set_name(path, split), *images_in(path, split, option=f"data.{key}"))
