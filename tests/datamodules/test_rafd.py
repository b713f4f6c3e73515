"""RaFD by the names of all its 8,040 files, and in StarGAN's folders."""

import zipfile
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import torch

from datamodules.errors import DataError
from datamodules.order import Request
from datamodules.rafd import ANGLES, EXPRESSIONS, GAZES, RaFD
from tests.drivers.image_files import encoded, picture, write

PEOPLE = sorted(set(range(1, 74)) - {6, 13, 17, 34, 48, 62})
"""67 numbers with gaps, as in the original."""
PORTRAIT = encoded(picture(0, 12, 18))


def name(person: int, expression: str = "happy", gaze: str = "frontal", angle: int = 90) -> str:
    group = ("Caucasian_female", "Caucasian_male", "Moroccan_male")[person % 3]
    return f"Rafd{angle:03}_{person:02}_{group}_{expression}_{gaze}.jpg"


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of all names, with the same image under each."""
    file = tmp_path_factory.mktemp("rafd") / "rafd.zip"
    with zipfile.ZipFile(file, "w") as packed:
        for facts in product(PEOPLE, EXPRESSIONS, GAZES, ANGLES):
            packed.writestr(f"RafD/{name(*facts)}", PORTRAIT)
    return file


def read(root: Path, **arguments: Any) -> RaFD:
    return RaFD(str(root), resolution=8, **arguments)


def names(data: RaFD) -> list[str]:
    return [PurePosixPath(data.source.where(index)).name for index in range(len(data.source))]


def people(data: RaFD) -> set[str]:
    return {file.split("_")[1] for file in names(data)}


def test_all_are_67_people_in_8_expressions_3_gazes_and_5_angles(complete):
    data = read(complete, split="all", angles=ANGLES)
    assert len(data.source) == 8_040 and len(people(data)) == 67
    label = data.source.labels["label"]
    assert label.dtype == torch.int64 and label.bincount().tolist() == [8_040 // 8] * data.num_classes
    assert [data.classes[place] for place in label.tolist()] == [file.split("_")[4] for file in names(data)]


@pytest.mark.parametrize(
    ("label", "label_of", "classes"),
    [("gaze", lambda file: file.split("_")[5][:-4], 3), ("angle", lambda file: str(int(file[4:7])), 5)],
)
def test_gaze_and_angle_are_labels_too(label, label_of, classes, complete):
    data = read(complete, label=label, angles=ANGLES)
    assert data.num_classes == len(set(data.source.labels["label"].tolist())) == classes
    assert [data.classes[place] for place in data.source.labels["label"].tolist()] == list(map(label_of, names(data)))


def test_nobody_is_in_both_splits(complete):
    train, test = read(complete), read(complete, split="test")
    assert len(people(train)) == 60 and len(people(test)) == 7
    assert not people(train) & people(test)
    assert len(train.source) + len(test.source) == 67 * 8 * 3 * 3, "StarGAN's three angles"


def test_angles_and_gazes_are_chosen(complete):
    data = read(complete, split="all", angles=(90,), gazes=("frontal", "left"))
    assert len(data.source) == 67 * 8 * 2
    assert all(file.startswith("Rafd090") and not file.endswith("right.jpg") for file in names(data))


def test_batches_are_squares_with_labels(complete):
    data = read(complete, split="test", gazes=("left",))
    data.setup("fit")
    batch = data.images[Request(torch.arange(4).numpy(), None)]
    assert batch["image"].shape == (4, *data.image_shape) and batch["label"].shape == (4,)
    assert data.images.name == f"rafd_test_8px_{7 * 8 * 3}"


@pytest.mark.parametrize("unfit", ["IMG_0001.jpg", "Rafd091_01_Caucasian_female_angry_frontal.jpg", "rafd.png"])
def test_names_that_are_not_rafds_are_listed(unfit, tmp_path):
    for file in (name(1), name(2), unfit):
        write(tmp_path / file, picture(0))
    with pytest.raises(DataError, match=f"1 images whose names are not RaFD's, such as {unfit}") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "says"), [({"angles": (90, 37)}, "angles names 37: .* 90"), ({"gazes": ("up",)}, "gazes names up")]
)
def test_unknown_angles_and_gazes_are_refused(arguments, says, tmp_path):
    write(tmp_path / name(1), picture(0))
    with pytest.raises(DataError, match=says):
        read(tmp_path, **arguments)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """StarGAN's layout, with 2 and 1 images of each expression, whose names hold no labels."""
    for (part, count), expression in product((("train", 2), ("test", 1)), EXPRESSIONS):
        for number in range(count):
            write(tmp_path / part / expression / f"{number}.jpg", picture(number))
    return tmp_path


@pytest.mark.parametrize(("split", "each"), [("train", 2), ("test", 1), ("all", 3)])
def test_stargans_folders_are_expressions(split, each, folders):
    data = read(folders, split=split)
    assert data.source.labels["label"].bincount().tolist() == [each] * 8
    paths = [PurePosixPath(data.source.where(index)) for index in range(len(data.source))]
    assert [data.classes[place] for place in data.source.labels["label"].tolist()] == [
        path.parent.name for path in paths
    ]
    assert {path.parent.parent.name for path in paths} == ({"train", "test"} if split == "all" else {split})


def test_an_expression_with_no_image_is_named(folders):
    for file in (folders / "train" / "sad").iterdir():
        file.unlink()
    with pytest.raises(DataError, match=r"train/sad holds no image"):
        read(folders)
    assert len(read(folders, split="test").source) == 8


def test_stargans_folders_have_only_expressions(folders):
    with pytest.raises(DataError, match="gaze"):
        read(folders, label="gaze")


def test_a_folder_that_is_no_expression_is_named(folders):
    write(folders / "train" / "bored" / "1.jpg", picture(0))
    with pytest.raises(DataError, match="bored"):
        read(folders)
