"""RaFD: 8,040 portraits of 67 people in 8 expressions, 3 gazes and from 5 angles (Langner 2010, "Presentation and
validation of the Radboud Faces Database").

Layouts: the original, any folder or zip of Rafd090_01_Caucasian_female_angry_frontal.jpg (681 x 1024 pixels); or
StarGAN's, ROOT/train/angry/... and ROOT/test/angry/.... Free for research at universities, which must request it at
https://rafd.socsci.ru.nl; it cannot be downloaded otherwise.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import torch

from datamodules.errors import DataError
from datamodules.names import expanded
from datamodules.sources import Files, is_image
from datamodules.stores import open_store
from datamodules.stream import SourcedData
from datamodules.transform import Square

EXPRESSIONS = ("angry", "contemptuous", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
GAZES = ("frontal", "left", "right")
ANGLES = (0, 45, 90, 135, 180)
CLASSES = {"expression": EXPRESSIONS, "gaze": GAZES, "angle": ANGLES}
NAME = re.compile(
    r"rafd(?P<angle>000|045|090|135|180)_(?P<person>\d+)_[a-z]+_(?:fe)?male"
    rf"_(?P<expression>{'|'.join(EXPRESSIONS)})_(?P<gaze>{'|'.join(GAZES)})",
    re.IGNORECASE,
)
EVERY = 10
"""Every tenth person by number, from the fifth on, is in the test split: 7 of 67."""


class Portrait(NamedTuple):
    """The facts in the name of an image."""

    angle: int
    person: int
    expression: str
    gaze: str


class RaFD(SourcedData):
    """Portraits with their expression, or gaze, or angle.

    Args:
        root: Folder or zip of the images, or the folder that holds train and test in StarGAN's layout.
        split: train, test or all. Nobody is in both: 7 of the 67 people are for testing. In StarGAN's layout the
            folders decide.
        label: The classes: expression (8), gaze (3) or angle (5); StarGAN's layout has only the expression.
        angles: Camera angles to use, in degrees: 90 is from the front, 0 and 180 are profiles; StarGAN uses 45, 90 and
            135.
        gazes: Gazes to use.
        resolution: Side of the images, in pixels.
        centre_crop: Side of the square that is cut from the middle of an image first, in pixels; None: the largest
            that fits.
        batch_size: Images per mini-batch on each device.
        workers: Processes that decode images which are neither in memory nor prepared.
        flip: Whether to mirror half of the training images, at random; this turns a gaze to the left into one to the
            right.
    """

    def __init__(
        self,
        root: str,
        split: Literal["train", "test", "all"] = "train",
        label: Literal["expression", "gaze", "angle"] = "expression",
        angles: tuple[int, ...] = (45, 90, 135),
        gazes: tuple[str, ...] = GAZES,
        resolution: int = 128,
        centre_crop: int | None = None,
        batch_size: int = 16,
        workers: int = 2,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, workers)
        self.save_hyperparameters()
        self.show(Square(resolution, centre_crop), flip=flip)
        self.classes = [str(name) for name in CLASSES[label]]
        self.num_classes = len(self.classes)
        path = expanded(root)
        if (path / "train").is_dir():
            if label != "expression":
                raise DataError(f"{root} has StarGAN's layout, whose folders are expressions: data.label is {label}.")
            self.source = by_folder(path, split)
        else:
            for name, wanted, choices in (("angles", angles, ANGLES), ("gazes", gazes, GAZES)):
                if unknown := set(wanted) - set(choices):
                    raise DataError(f"data.{name} names {_listed(unknown)}: there are {_listed(choices)}.")
            self.source = by_name(path, split, label, angles, gazes)


def by_folder(root: Path, split: str) -> Files:
    """Return the images of StarGAN's layout: a folder per expression, in a folder per split.

    Raises:
        DataError: An image lies in no folder of an expression, or an expression has no image.
    """
    store = open_store(root)
    splits = ("train", "test") if split == "all" else (split,)
    members = [name for name in store.names if is_image(name) and name.split("/")[0] in splits]
    names = [PurePosixPath(member).parent.name.lower() for member in members]
    for member, name in zip(members, names, strict=True):
        if name not in EXPRESSIONS:
            raise DataError(f"{root / member} lies in no folder of an expression: there are {_listed(EXPRESSIONS)}.")
    for part in splits:
        for expression in EXPRESSIONS:
            if not any(name.lower().startswith(f"{part}/{expression}/") for name in members):
                raise DataError(f"{root / part / expression} holds no image: StarGAN's layout has all 8 expressions.")
    return Files(f"rafd_{split}", store, members, {"label": class_numbers(names, EXPRESSIONS)})


def by_name(root: Path, split: str, label: str, angles: Sequence[int], gazes: Sequence[str]) -> Files:
    """Return the images of the original layout, whose names hold all labels.

    Raises:
        DataError: The names of some images are not RaFD's.
    """
    store = open_store(root)
    members = [name for name in store.names if is_image(name)]
    portraits = dict(zip(members, parse(members, str(root)), strict=True))
    people = sorted({portrait.person for portrait in portraits.values()})
    testing = set(people[EVERY // 2 - 1 :: EVERY])
    chosen = {
        member: portrait
        for member, portrait in portraits.items()
        if portrait.angle in angles
        and portrait.gaze in gazes
        and split in ("all", "test" if portrait.person in testing else "train")
    }
    label_tensor = class_numbers([getattr(portrait, label) for portrait in chosen.values()], CLASSES[label])
    return Files(f"rafd_{split}", store, list(chosen), {"label": label_tensor})


def class_numbers(values: Sequence[str | int], classes: Sequence[str | int]) -> torch.Tensor:
    """Return the place of each value in `classes`, int64 (n,)."""
    return torch.tensor([classes.index(value) for value in values], dtype=torch.int64)


def parse(members: Sequence[str], where: str) -> list[Portrait]:
    """Return the facts in the names of the images.

    Raises:
        DataError: Some names are not RaFD's; the message counts them and lists the first three.
    """
    matches = [(member, NAME.match(PurePosixPath(member).stem)) for member in members]
    unfit = [member for member, match in matches if not match]
    if unfit:
        raise DataError(
            f"{where} holds {len(unfit)} images whose names are not RaFD's, such as {', '.join(unfit[:3])}: a name "
            "must look like Rafd090_01_Caucasian_female_angry_frontal.jpg."
        )
    return [
        Portrait(int(match["angle"]), int(match["person"]), match["expression"].lower(), match["gaze"].lower())
        for _, match in matches
        if match
    ]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
