"""Looks at every image at a path: what stops a training, and what makes its scores worth less.

Each file is decoded as training decodes it, and told from others by a hash of its bytes: copies that were encoded anew,
or scaled, are different files here. Memory: 25 bytes an image.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from torch.utils.data import DataLoader

from datamodules.celeba import ATTRIBUTES, PARTITION, read_attributes, read_lines
from datamodules.collection import Collection, empty_folders
from datamodules.errors import DataError
from datamodules.labels import read_csv
from datamodules.sources import decode

CHUNK = 64
"""Images that a process looks at, at a time."""
KINDS = {
    "damaged": "yes",
    "damaged list": "yes, with these labels",
    "image without label": "yes, with these labels",
    "label without image": "yes, with these labels",
    "folder without image": "yes, with labels: folders",
    "same file in two splits": "no: scores are too good",
    "same file twice": "no",
    "grey among colour": "no: shown as three channels",
    "odd size": "no: cut and resized",
}
"""What can be found, and whether it stops a training."""


class Finding(NamedTuple):
    """Something that is wrong: `kind` is one of KINDS, `what` names the files."""

    kind: str
    what: str

    @property
    def stops(self) -> bool:
        """Whether training stops at it."""
        return KINDS[self.kind].startswith("yes")


class Looks(NamedTuple):
    """What the images of a set look like."""

    digests: np.ndarray
    """int64 (n, 2): of each file's bytes."""
    sizes: np.ndarray
    """int32 (n, 2): width and height; 0 where damaged."""
    grey: np.ndarray
    """bool (n,): no colour, in whatever way it is stored."""
    damaged: dict[int, str]
    """What is wrong, by index."""


class Looker:
    """Looks at the images of some indices, as the data set of a loader."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def __getitem__(self, indices: range) -> Looks:
        count = len(indices)
        looks = Looks(np.zeros((count, 2), np.int64), np.zeros((count, 2), np.int32), np.zeros(count, bool), {})
        for place, index in enumerate(indices):
            try:
                content = self.collection.content(index)
                looks.digests[place] = np.frombuffer(blake2b(content, digest_size=16).digest(), np.int64)
                pixels = decode(content, self.collection.where(index))
                looks.sizes[place] = pixels.shape[1], pixels.shape[0]
                looks.grey[place] = pixels.shape[2] == 1 or bool((pixels == pixels[:, :, :1]).all())
            except DataError as error:
                looks.damaged[index] = str(error)
        return looks


def unchanged(looks: Looks) -> Looks:
    """What a loader does to a chunk: nothing."""
    return looks


def look(collection: Collection, progress: Callable[[int], None] = lambda done: None) -> Looks:
    """Look at all images, by as many processes as there are cores.

    Args:
        collection: the images.
        progress: told how many images are done.
    """
    total = len(collection)
    chunks = [range(first, min(first + CHUNK, total)) for first in range(0, total, CHUNK)]
    workers = min(os.cpu_count() or 1, len(chunks))
    loader = DataLoader(
        Looker(collection),  # pyright: ignore[reportArgumentType]
        sampler=chunks,  # pyright: ignore[reportArgumentType]
        batch_size=None,
        num_workers=workers if workers > 1 else 0,
        collate_fn=unchanged,  # pyright: ignore[reportArgumentType]
    )
    digests, sizes, grey = np.zeros((total, 2), np.int64), np.zeros((total, 2), np.int32), np.zeros(total, bool)
    damaged: dict[int, str] = {}
    for chunk, part in zip(chunks, loader, strict=True):
        rows = slice(chunk.start, chunk.stop)
        digests[rows], sizes[rows], grey[rows] = part.digests, part.sizes, part.grey
        damaged |= part.damaged
        progress(chunk.stop)
    return Looks(digests, sizes, grey, damaged)


def findings(collection: Collection, looks: Looks, lists: Sequence[Path] = ()) -> list[Finding]:
    """Everything that is wrong, in the order of KINDS.

    Args:
        collection: the images.
        looks: what they look like.
        lists: files that name images with their labels: a CSV, or CelebA's.
    """
    found = [
        *(Finding("damaged", text) for text in looks.damaged.values()),
        *(Finding("folder without image", folder) for place in collection.stores for folder in empty_folders(place)),
        *(one for file in lists for one in unlisted(collection, file)),
        *copies(collection, looks),
        *odd(collection, looks),
    ]
    return sorted(found, key=lambda one: list(KINDS).index(one.kind))


def copies(collection: Collection, looks: Looks) -> Iterator[Finding]:
    """Files of equal bytes."""
    _, group, count = np.unique(looks.digests, axis=0, return_inverse=True, return_counts=True)
    places = np.flatnonzero(count[group.ravel()] > 1)
    groups: dict[int, list[int]] = {}
    for place in places.tolist():
        if place not in looks.damaged:
            groups.setdefault(int(group.ravel()[place]), []).append(place)
    for members in groups.values():
        splits = {collection.split(member) for member in members}
        kind = "same file in two splits" if len(splits) > 1 else "same file twice"
        yield Finding(kind, " = ".join(collection.where(member) for member in members))


def odd(collection: Collection, looks: Looks) -> Iterator[Finding]:
    """Grey images among colour, and those of another size where most have one."""
    whole = looks.sizes[:, 0] > 0
    if not looks.grey[whole].all():
        yield from (Finding("grey among colour", collection.where(int(one))) for one in np.flatnonzero(looks.grey))
    common, count = next(iter(sizes(looks)), ((0, 0), 0))
    if 2 * count > whole.sum():
        for one in np.flatnonzero(whole & (looks.sizes != common).any(axis=1)).tolist():
            width, height = looks.sizes[one].tolist()
            yield Finding("odd size", f"{collection.where(one)}: {width} x {height}")


def sizes(looks: Looks) -> list[tuple[tuple[int, int], int]]:
    """Width and height with the number of images that have it, the most frequent first; without damaged ones."""
    whole = looks.sizes[looks.sizes[:, 0] > 0]
    kinds, count = np.unique(whole, axis=0, return_counts=True)
    order = np.argsort(-count, kind="stable")
    return [((int(kinds[one, 0]), int(kinds[one, 1])), int(count[one])) for one in order]


def splits(collection: Collection) -> dict[str, int]:
    """How many images each split has; those of no split have none to their name."""
    return dict(Counter(collection.split(index) for index in range(len(collection))))


def unlisted(collection: Collection, file: Path) -> Iterator[Finding]:
    """Images that a list does not name, and the reverse; or what is wrong with the list."""
    try:
        listed = listed_names(file)
    except DataError as error:
        yield Finding("damaged list", str(error))
        return
    by_path = any("/" in name for name in listed)
    names = {name if by_path else PurePosixPath(name).name for place in collection.stores for name in place.names}
    yield from (Finding("image without label", f"{name}: not in {file.name}") for name in sorted(names - listed))
    yield from (Finding("label without image", f"{name}: in {file.name}") for name in sorted(listed - names))


def listed_names(file: Path) -> set[str]:
    """The images that a list of labels names.

    Raises:
        DataError: the list is damaged.
    """
    if file.suffix == ".csv":
        return set(read_csv(file)[1])
    if file.name == PARTITION:
        return {line.split()[0] for line in read_lines(file, at_least=1)}
    return set(read_attributes(file)[1])


def lists_beside(path: Path) -> list[Path]:
    """CelebA's lists that lie with the images."""
    folder = path if path.is_dir() else path.parent
    return [folder / name for name in (ATTRIBUTES, PARTITION) if (folder / name).is_file()]
