"""RaFD: 8,040 portraits of 67 people in 8 expressions, 3 gazes and from 5 angles (Langner 2010, "Presentation and
validation of the Radboud Faces Database").

Layouts: the original, any folder or zip of Rafd090_01_Caucasian_female_angry_frontal.jpg (681 x 1024 pixels); or
StarGAN's, ROOT/train/angry/... and ROOT/test/angry/.... Free for research at universities, who ask for it at
https://rafd.socsci.ru.nl; it cannot be downloaded without.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import torch

from datamodules.errors import DataError
from datamodules.sources import Files, Source, is_image
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
"""One person of so many, in the order of their numbers from the fifth on, is of the test split: 7 of 67."""


class Portrait(NamedTuple):
    """What the name of an image says."""

    angle: int
    person: int
    expression: str
    gaze: str


class RaFD(SourcedData):
    """Portraits with their expression, or gaze, or angle.

    Args:
        root: folder or zip of the images, or the folder that holds train and test of StarGAN's layout.
        split: train, test or all. Nobody is in both: 7 of the 67 people are for testing; StarGAN's folders say so
            themselves.
        label: what is told apart: expression (8), gaze (3) or angle (5); in StarGAN's layout the expression.
        angles: camera angles wanted, in degrees: 90 is from the front, 0 and 180 are profiles; StarGAN's are 45, 90
            and 135.
        gazes: gazes wanted.
        resolution: pixels a side.
        centre_crop: pixels a side of the square cut from an image's middle first; None: the largest that fits.
        batch_size: images a minibatch on each device.
        workers: processes that decode, where the images are not in memory or prepared.
        flip: mirror half of the training images, at random: it makes looking left looking right.
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
        self.square = Square(resolution, centre_crop, 3)
        self.image_shape = (3, resolution, resolution)
        self.classes = [str(one) for one in CLASSES[label]]
        self.num_classes, self.flip = len(self.classes), flip
        path = Path(root).expanduser()
        if (path / "train").is_dir():
            if label != "expression":
                raise DataError(f"{root} has StarGAN's layout, whose folders are expressions: data.label is {label}.")
            self.source = by_folder(path, split)
        else:
            for name, wanted, known in (("angles", angles, ANGLES), ("gazes", gazes, GAZES)):
                if strange := set(wanted) - set(known):
                    raise DataError(f"data.{name} names {_listed(strange)}: there are {_listed(known)}.")
            self.source = by_name(path, split, label, angles, gazes)

    def sources(self) -> dict[str, Source]:
        return {"image": self.source}


def by_folder(root: Path, split: str) -> Files:
    """StarGAN's layout: a folder an expression, in a folder a split."""
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
    return Files(f"rafd_{split}", store, members, {"label": labelled(names, EXPRESSIONS)})


def by_name(root: Path, split: str, label: str, angles: Sequence[int], gazes: Sequence[str]) -> Files:
    """The original layout: all is in the name."""
    store = open_store(root)
    members = [name for name in store.names if is_image(name)]
    portraits = dict(zip(members, parse(members, str(root)), strict=True))
    people = sorted({one.person for one in portraits.values()})
    testing = set(people[EVERY // 2 - 1 :: EVERY])
    chosen = {
        member: one
        for member, one in portraits.items()
        if one.angle in angles and one.gaze in gazes and split in ("all", "test" if one.person in testing else "train")
    }
    values = labelled([getattr(one, label) for one in chosen.values()], CLASSES[label])
    return Files(f"rafd_{split}", store, list(chosen), {"label": values})


def labelled(values: Sequence[str | int], known: Sequence[str | int]) -> torch.Tensor:
    """Int64 (n,): the place of each value among the known ones."""
    return torch.tensor([known.index(value) for value in values], dtype=torch.int64)


def parse(members: Sequence[str], where: str) -> list[Portrait]:
    """What the names say.

    Raises:
        DataError: some say nothing: tells how many, and the first of them.
    """
    found = [(member, NAME.match(PurePosixPath(member).stem)) for member in members]
    strange = [member for member, match in found if not match]
    if strange:
        raise DataError(
            f"{where} holds {len(strange)} images whose names are not RaFD's, such as {', '.join(strange[:3])}: they "
            "read Rafd090_01_Caucasian_female_angry_frontal.jpg."
        )
    return [
        Portrait(int(match["angle"]), int(match["person"]), match["expression"].lower(), match["gaze"].lower())
        for _, match in found
        if match
    ]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
