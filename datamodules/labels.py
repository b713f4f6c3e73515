"""Reads labels from the names of folders, or from a list that names each image."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Literal, TypedDict, TypeVar

import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.plain import open_plain

BINARY = {"1": 1.0, "0": 0.0, "-1": 0.0}
"""The ways in which lists write that an image has an attribute or lacks it."""


class LabelSet(TypedDict):
    """Names and kind of the labels of one set, as plain values that a model can store."""

    names: list[str]
    kind: Literal["classes", "attributes"]
    """`classes`: one per image, int64 (n,); `attributes`: any number per image, float (n, k)."""
    exclusive: list[list[str]]
    """Groups of names of which an image has at most one. All classes form a single group. A group may have a single
    name, such as a hair colour if no other colour is learnt."""


Row = Sequence[str]
Listed = TypeVar("Listed")


def attribute_columns(wanted: Sequence[str], columns: Sequence[str], where: Path) -> list[int]:
    """Return the index of each of the `wanted` attributes in `columns`.

    Raises:
        DataError: An attribute is not in `columns`; the message lists the closest names.
    """
    for name in wanted:
        if name not in columns:
            by_lower_case = {column.lower(): column for column in columns}
            close = get_close_matches(name.lower(), by_lower_case, n=3, cutoff=0.4)
            names = " or ".join(by_lower_case[match] for match in close)
            hint = f"did you mean {names}?" if names else f"it has {', '.join(columns)}."
            raise DataError(f"{where} has no attribute {name}: {hint}")
    return [columns.index(name) for name in wanted]


def attributes(rows: Iterable[Row], columns: Sequence[int], where: Path) -> Tensor:
    """Return float (n, k) in {0, 1} from the k `columns` of each row, which hold 1 and 0, or 1 and -1.

    Raises:
        DataError: A column holds another value; the message names it.
    """
    try:
        values = [[BINARY[row[column]] for column in columns] for row in rows]
    except KeyError as error:
        raise DataError(f"{where} has the value {error} for an attribute: it must be 1 or 0, or 1 or -1.") from None
    return torch.tensor(values, dtype=torch.float32).reshape(len(values), len(columns))


def classes(names: Sequence[str]) -> tuple[list[str], Tensor]:
    """Number the classes of images.

    Args:
        names: Name of each image's class.

    Returns:
        The distinct names, sorted, with whole numbers by value; and each image's class number, int64 (n,).
    """
    distinct = sorted(set(names), key=lambda name: (0, int(name), name) if name.isdecimal() else (1, 0, name))
    numbers = {name: number for number, name in enumerate(distinct)}
    return distinct, torch.tensor([numbers[name] for name in names], dtype=torch.int64)


def folder_classes(members: Sequence[str], where: str) -> tuple[PurePosixPath, list[str]]:
    """Return the class of each member: the first folder of its path that not all members share.

    So `train/cat/1.jpg` beside `train/dog/...` is a cat, and so is `cat/1.jpg` if there is no other class.

    Returns:
        The folder that the class folders lie in; and each member's class.

    Raises:
        DataError: A member lies in no class folder.
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
    """Return the label columns of a CSV whose first line names the columns and whose first column names images.

    Returns:
        The names of the label columns; and for each image, their values.

    Raises:
        DataError: The file is missing, has no label column or an incomplete line, or names an image twice.
    """
    header, *rows = _csv_lines(file)
    labels: dict[str, Row] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise DataError(f"{file}, line {number}, has {len(row)} values where the first line has {len(header)}.")
        if row[0] in labels:
            raise DataError(f"{file}, line {number}, names {row[0]} again.")
        labels[row[0]] = row[1:]
    return header[1:], labels


def _csv_lines(file: Path) -> list[list[str]]:
    try:
        with io.TextIOWrapper(open_plain(file), encoding="utf-8-sig", newline="") as opened:
            lines = [[cell.strip() for cell in line] for line in csv.reader(opened) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read as a CSV file: {error}.") from error
    if not lines or len(lines[0]) < 2:
        raise DataError(
            f"{file} must begin with a line such as `image,label`; each further line names an image and its label."
        )
    return lines


def rows_of(members: Sequence[str], listed: Mapping[str, Listed], file: Path, where: str) -> list[Listed]:
    """Return the entry of each member in a list.

    Raises:
        DataError: The list lacks an image, or names an image that does not exist; the message counts them and names
            the first.
    """
    unlisted = [member for member in members if member not in listed]
    if unlisted:
        raise DataError(f"{file} does not list {len(unlisted)} of the images in {where}, such as {unlisted[0]}.")
    missing = sorted(listed.keys() - set(members))
    if missing:
        raise DataError(f"{file} names {len(missing)} images that are not in {where}, such as {missing[0]}.")
    return [listed[member] for member in members]
