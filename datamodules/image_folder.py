"""Your own images: a folder or a zip of images of any size and format, with or without labels.

This also reads FFHQ, CelebA-HQ, LSUN's exported images and the painters; `gan-zoo data list` shows how.
"""

from pathlib import Path, PurePosixPath
from typing import Literal

import torch

from datamodules.errors import DataError
from datamodules.labels import attribute_columns, attributes, classes, folder_classes, read_csv, rows_of
from datamodules.names import expanded, real
from datamodules.sources import Files, is_hidden, is_image
from datamodules.stores import Folder, Store, open_store
from datamodules.stream import SourcedData
from datamodules.transform import Square

FolderSplit = Literal["train", "val", "valid", "test"]


class ImageFolder(SourcedData):
    """Images of a folder or a zip, including subfolders, cut to squares.

    Args:
        root: The folder or zip; `{split}` in it stands for the split, as in `ffhq/{split}` or `cifar10_{split}.zip`.
        split: Which split to read; a root without `{split}` has only one, `train`.
        inside: Folder in the root to which reading is limited; empty: the whole root.
        limit: Number of training images to use, the first ones by name; 0: all. Scores that name a split compare with
            all of it.
        resolution: Side that images are resized to, in pixels.
        centre_crop: Side of the square that is cut from the middle of an image first, in pixels; None: the largest
            that fits.
        crop: Side of the square that training cuts at random from the resized image, in pixels; 0: none.
        channels: 3, or 1 for grey.
        labels: `none`; `folders`: the folder's name is the class; or a CSV file whose first line names its columns and
            whose first column names images, by path in the root or by file name. A single further column is a class;
            several are attributes, each 1 or 0.
        attributes: Columns of the CSV to use as attributes; empty: all.
        batch_size: Images per mini-batch on each device.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training images, at random.
    """

    def __init__(
        self,
        root: str,
        split: FolderSplit = "train",
        inside: str = "",
        limit: int = 0,
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
        self.show(Square(resolution, centre_crop, channels), crop, flip)
        self.store, self.names = images_in(root, split, inside)
        self.classes: list[str] = []
        label = self._label(labels, attributes)
        self.num_classes = len(self.classes)
        self.attributes = "label" in label and label["label"].ndim == 2
        self.source = Files(set_name(root, split, inside), self.store, self.names, label, limit)

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
        return self._csv_label(expanded(labels), wanted, where)

    def _csv_label(self, file: Path, wanted: tuple[str, ...], where: str) -> dict[str, torch.Tensor]:
        columns, listed = read_csv(file)
        by_path = any("/" in name for name in listed)
        rows = rows_of([name if by_path else Path(name).name for name in self.names], listed, file, where)
        if len(columns) == 1:
            self.classes, label = classes([row[0] for row in rows])
            return {"label": label}
        self.classes = list(wanted or columns)
        return {"label": attributes(rows, attribute_columns(self.classes, columns, file), file)}


def images_in(root: str, split: str, inside: str = "", option: str = "data.root") -> tuple[Store, list[str]]:
    """Open the folder or zip of `split`, and return it with the names of the images in its folder `inside`.

    Args:
        root: path, in which `{split}` stands for the split.
        split: name of the split.
        inside: folder that the images must lie in; empty: anywhere.
        option: name of the option that gave `root`, for the message.

    Raises:
        DataError: The split or the folder does not exist, or holds no image.
    """
    if "{split}" not in root and split != "train":
        raise DataError(f"{option} {root} has no split {split}: write {{split}} where the splits' paths differ.")
    store = open_store(expanded(root.replace("{split}", split)))
    folder = f"{inside.strip('/')}/" if inside else ""
    names = [name for name in store.names if name.startswith(folder) and is_image(name)]
    if not names:
        folders = sorted({name.split("/")[0] for name in store.names if "/" in name})
        content = f"the folders {', '.join(folders[:8])}" if folders else f"{len(store.names)} files"
        raise DataError(f"{store.where(folder)} holds no image: it holds {content}.")
    return store, names


def refuse_empty_folders(store: Store, above: PurePosixPath, filled: set[str]) -> None:
    """Raise a DataError for a class folder without images, whose class would silently be missing."""
    files = [PurePosixPath(name) for name in store.names]
    folders = {file.parts[len(above.parts)] for file in files if above in file.parents and above != file.parent}
    if isinstance(store, Folder):
        folders |= {folder.name for folder in (store.path / above).iterdir() if folder.is_dir()}
    for name in sorted(folders - filled):
        if not is_hidden([name]):
            raise DataError(f"{store.where(str(above / name))} is a class folder with no image: fill or remove it.")


def set_name(root: str, split: str, inside: str = "") -> str:
    """Return set and split as score protocols print them: `cifar10_train` for `cifar10_{split}.zip`,
    `horse2zebra_a_train` for `horse2zebra/{split}A`.
    """
    path = real(expanded(root.replace("{split}", "")))
    names = [name for part in (*path.parent.parts[1:], path.stem) if (name := part.strip("_-. "))]
    # The set's name is the last part that is longer than an `A` or `B`.
    first = next((place for place in reversed(range(len(names))) if len(names[place]) > 2), 0)
    return "_".join([*names[first:], *filter(None, inside.split("/")), split]).lower()
