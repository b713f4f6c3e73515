"""Labels as they come with images: in the names of folders, or in a list that names each image."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Literal, TypedDict, TypeVar

import torch
from torch import Tensor

from datamodules.errors import DataError

BINARY = {"1": 1.0, "0": 0.0, "-1": 0.0}
"""How lists write that an image has an attribute, or has not."""


class LabelSet(TypedDict):
    """What the labels of one set are called, as plain values that a model can keep."""

    names: list[str]
    kind: Literal["classes", "attributes"]
    """One of them an image, int64 (n,); or any, float (n, k)."""
    exclusive: list[list[str]]
    """Groups of names of which an image has at most one; a set of classes is one group. A group may hold one name:
    a hair colour, where the others are not learnt."""


Row = Sequence[str]
Listed = TypeVar("Listed")


def attribute_columns(wanted: Sequence[str], known: Sequence[str], where: Path) -> list[int]:
    """The place of each of the `wanted` attributes among the `known` ones.

    Raises:
        DataError: one is not known: with the closest names.
    """
    for name in wanted:
        if name not in known:
            lowered = {one.lower(): one for one in known}
            near = [lowered[one] for one in get_close_matches(name.lower(), lowered, n=3, cutoff=0.4)]
            meant = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}."
            raise DataError(f"{where} has no attribute {name}: {meant}")
    return [known.index(name) for name in wanted]


def attributes(rows: Iterable[Row], columns: Sequence[int], where: Path) -> Tensor:
    """Float (n, k) in {0, 1}, from 1 and 0 or 1 and -1 in the k `columns` of each row.

    Raises:
        DataError: another value: names it.
    """
    try:
        values = [[BINARY[row[column]] for column in columns] for row in rows]
    except KeyError as error:
        raise DataError(f"{where} says {error} of an attribute: it must be 1 or 0, or 1 or -1.") from None
    return torch.tensor(values, dtype=torch.float32).reshape(len(values), len(columns))


def classes(names: Sequence[str]) -> tuple[list[str], Tensor]:
    """The different `names` in order, whole numbers by value; and for each image, int64 (n,), which of them is its."""
    known = sorted(set(names), key=lambda name: (0, int(name), name) if name.isdecimal() else (1, 0, name))
    places = {name: place for place, name in enumerate(known)}
    return known, torch.tensor([places[name] for name in names], dtype=torch.int64)


def folder_classes(members: Sequence[str], where: str) -> tuple[PurePosixPath, list[str]]:
    """The class of each member: the first folder of its path that is not every member's.

    So `train/cat/1.jpg` among `train/dog/...` is a cat, and so is `cat/1.jpg` where there is no other class.

    Returns:
        The folder that the class folders lie in; and each member's class.

    Raises:
        DataError: a member lies in no class folder.
    """
    folders = [PurePosixPath(member).parent.parts for member in members]
    depth = 0
    while all(len(parts) > depth + 1 for parts in folders) and len({parts[depth] for parts in folders}) == 1:
        depth += 1
    for member, parts in zip(members, folders, strict=True):
        if len(parts) <= depth:
            raise DataError(f"{where}: {member} lies in no class folder: move it into one, or use data.labels: none.")
    return PurePosixPath(*folders[0][:depth]), [parts[depth] for parts in folders]


def read_csv(file: Path) -> tuple[list[str], dict[str, Row]]:
    """The label columns of a CSV whose first line names its columns and whose first column names an image.

    Returns:
        The names of the further columns; and for each image, their values.

    Raises:
        DataError: no such file, no label column, an incomplete line, an image named twice.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            lines = [line for line in csv.reader(opened) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read as a CSV file: {error}.") from error
    if not lines or len(lines[0]) < 2:
        raise DataError(
            f"{file} must begin with a line such as `image,label`, then name an image and its label a line."
        )
    header, *rows = [[cell.strip() for cell in line] for line in lines]
    found: dict[str, Row] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise DataError(f"{file}, line {number}, has {len(row)} values where the first has {len(header)}.")
        if row[0] in found:
            raise DataError(f"{file}, line {number}, names {row[0]} again.")
        found[row[0]] = row[1:]
    return header[1:], found


def rows_of(members: Sequence[str], listed: Mapping[str, Listed], file: Path, where: str) -> list[Listed]:
    """What a list says of each member.

    Raises:
        DataError: images that the list does not name, or names without an image: says how many, and the first.
    """
    unlisted = [member for member in members if member not in listed]
    if unlisted:
        raise DataError(f"{file} says nothing of {len(unlisted)} of the images in {where}, such as {unlisted[0]}.")
    missing = sorted(listed.keys() - set(members))
    if missing:
        raise DataError(f"{file} names {len(missing)} images that are not in {where}, such as {missing[0]}.")
    return [listed[member] for member in members]
