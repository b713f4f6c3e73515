"""Inspects every image at a path for problems that stop training or distort its scores.

Each file is decoded as in training and identified by a hash of its bytes, so copies that were encoded again or resized
count as different files. Memory: 26 bytes per image.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from datamodules.celeba import ATTRIBUTES, PARTITION, partition, read_attributes, read_lines
from datamodules.collection import Collection, empty_folders
from datamodules.decoding import read_chunks
from datamodules.errors import DataError
from datamodules.labels import attributes, read_csv
from datamodules.sources import decode

KINDS = {
    "damaged": "yes",
    "damaged list": "yes, with these labels",
    "image without label": "yes, with these labels",
    "label without image": "yes, with these labels",
    "folder without image": "yes, with labels: folders",
    "same file in two splits": "no: scores are too good",
    "same file twice": "no",
    "class numbers as grey": "no: but they look black",
    "grey among colour": "no: shown as three channels",
    "odd size": "no: cut and resized",
}
"""The kinds of problems, and whether each stops training."""
DARK = 64
"""Grey images that stay below this grey level are taken for maps of class numbers."""


class Finding(NamedTuple):
    """A problem: `kind` is a key of KINDS, `what` names the files."""

    kind: str
    what: str

    @property
    def stops(self) -> bool:
        """Whether it stops training."""
        return KINDS[self.kind].startswith("yes")


class Looks(NamedTuple):
    """Digests, sizes and colours of the images of a set."""

    digests: np.ndarray
    """int64 (n, 2): hash of each file's bytes."""
    sizes: np.ndarray
    """int32 (n, 2): width and height in pixels; 0 for damaged images."""
    grey: np.ndarray
    """bool (n,): whether the image has no colour, however it is stored."""
    brightest: np.ndarray
    """uint8 (n,): highest value of any channel."""
    damaged: dict[int, str]
    """Error messages of the damaged images, by index."""


class Looker:
    """Inspects the images of a range of indices."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def __getitem__(self, indices: range) -> Looks:
        looks = blank(len(indices))
        for row, index in enumerate(indices):
            try:
                content = self.collection.content(index)
                looks.digests[row] = np.frombuffer(blake2b(content, digest_size=16).digest(), np.int64)
                pixels = decode(content, self.collection.where(index))
                looks.sizes[row] = pixels.shape[1], pixels.shape[0]
                looks.brightest[row] = pixels.max()
                looks.grey[row] = pixels.shape[2] == 1 or bool((pixels == pixels[:, :, :1]).all())
            except DataError as error:
                looks.damaged[index] = str(error)
        return looks


def blank(count: int) -> Looks:
    """Return room for the looks of `count` images."""
    sizes, grey, brightest = np.zeros((count, 2), np.int32), np.zeros(count, bool), np.zeros(count, np.uint8)
    return Looks(np.zeros((count, 2), np.int64), sizes, grey, brightest, {})


def look(collection: Collection, progress: Callable[[int], None] = lambda done: None) -> Looks:
    """Inspect all images, with one process per core.

    Args:
        collection: The images.
        progress: Function that is called with the number of images inspected so far.
    """
    looks, done = blank(len(collection)), 0
    for part in read_chunks(Looker(collection), len(collection)):
        rows = slice(done, done + len(part.grey))
        looks.digests[rows], looks.sizes[rows], looks.grey[rows] = part.digests, part.sizes, part.grey
        looks.brightest[rows] = part.brightest
        looks.damaged.update(part.damaged)
        done = rows.stop
        progress(done)
    return looks


def findings(collection: Collection, looks: Looks, lists: Sequence[Path] = ()) -> list[Finding]:
    """Return all problems, in the order of KINDS.

    Args:
        collection: The images.
        looks: Their digests, sizes and colours.
        lists: Files that list images with their labels: a CSV, or CelebA's.
    """
    problems = [
        *(Finding("damaged", message) for message in looks.damaged.values()),
        *(Finding("folder without image", folder) for place in collection.stores for folder in empty_folders(place)),
        *(finding for file in lists for finding in unlisted(collection, file)),
        *copies(collection, looks),
        *class_numbers(collection, looks),
        *odd(collection, looks),
    ]
    return sorted(problems, key=lambda finding: list(KINDS).index(finding.kind))


def copies(collection: Collection, looks: Looks) -> Iterator[Finding]:
    """Yield a finding for each group of files with equal bytes."""
    _, group, count = np.unique(looks.digests, axis=0, return_inverse=True, return_counts=True)
    groups: dict[int, list[int]] = {}
    for index in np.flatnonzero(count[group.ravel()] > 1).tolist():
        if index not in looks.damaged:
            groups.setdefault(int(group.ravel()[index]), []).append(index)
    for members in groups.values():
        splits = {collection.split(member) for member in members}
        kind = "same file in two splits" if len(splits) > 1 else "same file twice"
        yield Finding(kind, " = ".join(collection.where(member) for member in members))


def class_numbers(collection: Collection, looks: Looks) -> Iterator[Finding]:
    """Yield a finding for each folder whose grey images are all so dark that their grey levels may be class numbers."""
    folders: dict[str, list[int]] = {}
    for index in np.flatnonzero(looks.grey).tolist():
        folders.setdefault(collection.where(index).rpartition("/")[0], []).append(index)
    for members in folders.values():
        if 0 < (top := int(looks.brightest[members].max())) < DARK:
            others = f" and {len(members) - 1:,} more in its folder" if len(members) > 1 else ""
            what = f"{collection.where(members[0])}{others}: grey levels 0 to {top} only"
            yield Finding("class numbers as grey", f"{what}; if they number classes, give each class its own colour")


def odd(collection: Collection, looks: Looks) -> Iterator[Finding]:
    """Yield grey images among colour images, and images that differ from the size of most images."""
    intact = looks.sizes[:, 0] > 0
    if not looks.grey[intact].all():
        yield from (Finding("grey among colour", collection.where(int(index))) for index in np.flatnonzero(looks.grey))
    common, count = next(iter(sizes(looks)), ((0, 0), 0))
    if 2 * count > intact.sum():
        for index in np.flatnonzero(intact & (looks.sizes != common).any(axis=1)).tolist():
            width, height = looks.sizes[index].tolist()
            yield Finding("odd size", f"{collection.where(index)}: {width} x {height}")


def sizes(looks: Looks) -> list[tuple[tuple[int, int], int]]:
    """Return each (width, height) with its number of intact images, the most frequent first."""
    intact = looks.sizes[looks.sizes[:, 0] > 0]
    distinct, counts = np.unique(intact, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [((int(distinct[row, 0]), int(distinct[row, 1])), int(counts[row])) for row in order]


def splits(collection: Collection) -> dict[str, int]:
    """Return the number of images in each split; images without a split count under the empty name."""
    return dict(Counter(collection.split(index) for index in range(len(collection))))


def unlisted(collection: Collection, file: Path) -> Iterator[Finding]:
    """Yield images that a list does not name and names without an image, or a finding for a damaged list."""
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
    """Return the images that a list of labels names, after reading all labels as training does.

    Raises:
        DataError: The list is damaged, or a label is not one that training takes.
    """
    if file.name == PARTITION:
        names = [line.split()[0] for line in read_lines(file, at_least=1)]
        partition(names, file)
        return set(names)
    if file.name == ATTRIBUTES:
        columns, listed = read_attributes(file)
        attributes((values.split() for values in listed.values()), range(len(columns)), file)
        return set(listed)
    columns, rows = read_csv(file)
    if len(columns) > 1:
        attributes(rows.values(), range(len(columns)), file)
    return set(rows)


def lists_beside(path: Path) -> list[Path]:
    """Return CelebA's lists that lie beside the images."""
    folder = path if path.is_dir() else path.parent
    return [folder / name for name in (ATTRIBUTES, PARTITION) if (folder / name).is_file()]
