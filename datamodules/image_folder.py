"""Your own images: a folder or a zip of them, of any sizes and kinds, with labels or without.

FFHQ, CelebA-HQ, LSUN's exported images and the painters are read so too; `gan-zoo data list` says how.
"""

from pathlib import Path, PurePosixPath
from typing import Literal

import torch

from datamodules.errors import DataError
from datamodules.labels import attribute_columns, attributes, classes, folder_classes, read_csv, rows_of
from datamodules.sources import Files, Source, is_image
from datamodules.stores import Folder, Store, open_store
from datamodules.stream import SourcedData
from datamodules.transform import Square, shown_side

FolderSplit = Literal["train", "val", "valid", "test"]


class ImageFolder(SourcedData):
    """Images of a folder or a zip, subfolders included, cut to squares.

    Args:
        root: the folder or zip; `{split}` in it stands for the split, as in `ffhq/{split}` or `cifar10_{split}.zip`.
        split: which; where root has no `{split}` there is one set, `train`.
        inside: only what lies in this folder of it.
        resolution: pixels a side that images are resized to.
        centre_crop: pixels a side of the square cut from an image's middle first; None: the largest that fits.
        crop: pixels a side of the square that training cuts at random from the resized image; 0: none.
        channels: 3, or 1 for grey.
        labels: none; folders: the class is the folder's name; or a CSV file whose first line names its columns, and
            whose first column names images, by path in the root or by name. One further column is a class, several are
            attributes, each 1 or 0.
        attributes: which of the CSV's columns; none given: all.
        batch_size: images a minibatch on each device.
        workers: processes that decode, where the images are not in memory or prepared.
        flip: mirror half of the training images, at random.
    """

    def __init__(
        self,
        root: str,
        split: FolderSplit = "train",
        inside: str = "",
        resolution: int = 64,
        centre_crop: int | None = None,
        crop: int = 0,
        channels: Literal[1, 3] = 3,
        labels: str = "none",
        attributes: tuple[str, ...] = (),
        batch_size: int = 64,
        workers: int = 2,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.square = Square(resolution, centre_crop, channels)
        self.crop, self.flip = crop, flip
        side = shown_side(resolution, crop)
        self.image_shape = (channels, side, side)
        self.store, self.names = images_in(root, split, inside)
        self.classes: list[str] = []
        label = self._label(labels, attributes)
        self.num_classes = len(self.classes)
        self.attributes = "label" in label and label["label"].ndim == 2
        self.source = Files(set_name(root, split, inside), self.store, self.names, label)

    def sources(self) -> dict[str, Source]:
        return {"image": self.source}

    def _label(self, labels: str, wanted: tuple[str, ...]) -> dict[str, torch.Tensor]:
        where = self.store.where("").rstrip("/")
        if wanted and not labels.endswith(".csv"):
            raise DataError(f"data.attributes are columns of a CSV file, but data.labels is {labels}: name the file.")
        if labels == "none":
            return {}
        if labels == "folders":
            above, names = folder_classes(self.names, where)
            refuse_empty_folders(self.store, above, set(names))
            self.classes, label = classes(names)
            return {"label": label}
        columns, listed = read_csv(Path(labels))
        by_path = any("/" in name for name in listed)
        rows = rows_of([name if by_path else Path(name).name for name in self.names], listed, Path(labels), where)
        if len(columns) == 1:
            self.classes, label = classes([row[0] for row in rows])
            return {"label": label}
        self.classes = list(wanted or columns)
        return {"label": attributes(rows, attribute_columns(self.classes, columns, Path(labels)), Path(labels))}


def images_in(root: str, split: str, inside: str = "", option: str = "data.root") -> tuple[Store, list[str]]:
    """The folder or zip that `root` is for `split`, and the names of the images in it that lie `inside`.

    Args:
        root: path, in which `{split}` stands for the split.
        split: name of the split.
        inside: folder that the images must lie in; empty: anywhere.
        option: name of the option that gave `root`, for the message.

    Raises:
        DataError: there is no such split, no such place, or no image.
    """
    if "{split}" not in root and split != "train":
        raise DataError(f"{option} {root} has no split {split}: write {{split}} where the splits' paths differ.")
    store = open_store(Path(root.replace("{split}", split)).expanduser())
    folder = f"{inside.strip('/')}/" if inside else ""
    names = [name for name in store.names if name.startswith(folder) and is_image(name)]
    if not names:
        tops = sorted({name.split("/")[0] for name in store.names if "/" in name})
        there = f"it holds the folders {', '.join(tops[:8])}" if tops else f"it holds {len(store.names)} files"
        raise DataError(f"{store.where(folder)} holds no image: {there}.")
    return store, names


def refuse_empty_folders(store: Store, above: PurePosixPath, filled: set[str]) -> None:
    """Stop at a class folder that holds no image: its class would be missing without a word."""
    places = [PurePosixPath(name) for name in store.names]
    there = {one.parts[len(above.parts)] for one in places if above in one.parents and above != one.parent}
    if isinstance(store, Folder):
        there |= {one.name for one in (store.path / above).iterdir() if one.is_dir()}
    for name in sorted(there - filled):
        if not name.startswith((".", "__MACOSX")):
            raise DataError(f"{store.where(str(above / name))} is a class folder with no image: fill or remove it.")


def set_name(root: str, split: str, inside: str = "") -> str:
    """Set and split as protocols print it: `cifar10_train` of `cifar10_{split}.zip`, `horse2zebra_a_train` of
    `horse2zebra/{split}A`.
    """
    path = Path(root.replace("{split}", "")).expanduser().resolve()
    named = [name for part in (*path.parent.parts[1:], path.stem) if (name := part.strip("_-. "))]
    tells = next((place for place in reversed(range(len(named))) if len(named[place]) > 2), 0)
    return "_".join([*named[tells:], *filter(None, inside.split("/")), split]).lower()
