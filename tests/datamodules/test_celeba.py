"""CelebA: the first 10,000 real faces at half size, and small sets in the official layout."""

import csv
import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.celeba import CelebA
from datamodules.errors import DataError
from datamodules.order import Request
from tests.drivers.image_files import encoded, picture

NAMES = ("Bald", "Eyeglasses", "Male", "Smiling")
NUMBERS = (1, 2, 162_770, 162_771, 182_637, 182_638, 202_599)
"""Numbers of the first and last image of each official split, and one more."""
VALUES = {
    f"{number:06}.jpg": [1 if (place >> bit) & 1 else -1 for bit in range(4)] for place, number in enumerate(NUMBERS)
}


def make(root: Path, packed: bool = False, width: int = 178) -> Path:
    """Write seven faces; the attributes of the i-th are the bits of i."""
    root.mkdir(exist_ok=True)
    lines = [str(len(VALUES)), " ".join(NAMES), *(f"{n}  {'  '.join(map(str, v))}" for n, v in VALUES.items())]
    (root / "list_attr_celeba.txt").write_text("\r\n".join(lines) + "\r\n")
    files = {name: encoded(picture(place, width, round(width * 218 / 178))) for place, name in enumerate(VALUES)}
    if packed:
        with zipfile.ZipFile(root / "img_align_celeba.zip", "w") as written:
            for name, content in files.items():
                written.writestr(f"img_align_celeba/{name}", content)
    else:
        (root / "img_align_celeba").mkdir()
        for name, content in files.items():
            (root / "img_align_celeba" / name).write_bytes(content)
    return root


def read(root: Path, **arguments: Any) -> CelebA:
    data = CelebA(str(root), **arguments)
    data.prepare_data()
    data.setup("fit")
    return data


def numbers(data: CelebA) -> list[int]:
    return [int(PurePosixPath(data.source.where(index)).stem) for index in range(len(data.source))]


@pytest.fixture(scope="module")
def every_attribute(shared) -> dict[str, dict[str, str]]:
    """The same attributes in a list that somebody else wrote: for each image, 0 or 1 by name."""
    with zipfile.ZipFile(shared / "data" / "celeba" / "list_attr_celeba_all_202599_01.csv.zip") as packed:
        text = io.TextIOWrapper(packed.open(packed.namelist()[0]))
        rows = csv.DictReader(text)
        key = (rows.fieldnames or [""])[0]
        return {row[key]: row for row, _ in zip(rows, range(10_000), strict=False)}


def test_all_attributes_of_10_000_real_faces_agree_with_another_list(shared, every_attribute):
    names = tuple(list(next(iter(every_attribute.values())))[1:])
    assert len(names) == 40
    data = CelebA(str(shared / "data" / "celeba"), attributes=names)
    expected = [[float(every_attribute[f"{number:06}.jpg"][name]) for name in names] for number in numbers(data)]
    assert data.num_classes == 40 and data.source.labels["label"].tolist() == expected


def test_attributes_are_in_the_requested_order(shared, every_attribute):
    data = read(shared / "data" / "celeba", attributes=("Smiling", "Male"), workers=0)
    batch = data.images[Request(np.array([9_999, 3]), None)]
    assert batch["image"].shape == (2, *data.image_shape) and batch["image"].dtype == torch.uint8
    rows = [every_attribute["010000.jpg"], every_attribute["000004.jpg"]]
    assert batch["label"].tolist() == [[float(row["Smiling"]), float(row["Male"])] for row in rows]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("list_exists", [False, True])
@pytest.mark.parametrize(
    ("split", "expected"),
    [("train", NUMBERS[:3]), ("valid", NUMBERS[3:5]), ("test", NUMBERS[5:]), ("all", NUMBERS)],
)
def test_splits_are_the_official_ones_with_the_list_and_without(split, expected, list_exists, packed, tmp_path):
    make(tmp_path, packed)
    if list_exists:
        parts = [0, 0, 0, 1, 1, 2, 2]
        lines = [f"{name} {part}" for name, part in zip(VALUES, parts, strict=True)]
        (tmp_path / "list_eval_partition.txt").write_text("\n".join(lines))
    data = read(tmp_path, split=split, attributes=NAMES)
    assert numbers(data) == list(expected)
    assert data.source.labels["label"].tolist() == [
        [float(value > 0) for value in VALUES[f"{number:06}.jpg"]] for number in expected
    ]
    assert data.images.name == f"celeba_{split}_64px_{len(expected)}"


def test_the_users_own_list_makes_other_splits(tmp_path):
    make(tmp_path)
    (tmp_path / "list_eval_partition.txt").write_text("".join(f"{name} {int(name < '1')}\n" for name in VALUES))
    assert numbers(read(tmp_path, split="valid")) == [1, 2]


def test_folder_and_zip_are_the_same_set(tmp_path):
    folder, packed = read(make(tmp_path / "a"), split="all"), read(make(tmp_path / "b", packed=True), split="all")
    assert folder.images.fingerprint() == packed.images.fingerprint()
    request = Request(np.arange(7), None)
    assert torch.equal(folder.images[request]["image"], packed.images[request]["image"])


@pytest.mark.parametrize(
    ("width", "centre_crop", "side"), [(178, 178, 178), (178, 108, 108), (89, 178, 89), (89, 108, 54)]
)
def test_half_size_copies_are_cut_in_proportion(width, centre_crop, side, tmp_path):
    data = read(make(tmp_path, width=width), centre_crop=centre_crop, resolution=side, split="all")
    image, whole = data.images[Request(np.array([4]), None)]["image"][0], data.source.read(4)
    top, left = (whole.shape[0] - side) // 2, (width - side) // 2
    assert np.array_equal(image.numpy(), whole[top : top + side, left : left + side].transpose(2, 0, 1))


def test_without_attributes_there_are_no_labels_and_no_list_is_needed(tmp_path):
    (make(tmp_path) / "list_attr_celeba.txt").unlink()
    data = read(tmp_path)
    assert data.num_classes == 0 and set(data.images[Request(np.array([0]), None)]) == {"image"}


@pytest.mark.parametrize(
    ("name", "closest"), [("male", "Male"), ("Smile", "Smiling"), ("Glasses", "Eyeglasses"), ("qqq", "it has Bald, ")]
)
def test_an_unknown_attribute_is_refused_with_the_closest_names(name, closest, tmp_path):
    with pytest.raises(DataError, match=rf"no attribute {name}: .*{closest}") as caught:
        CelebA(str(make(tmp_path)), attributes=("Bald", name))
    assert "\n" not in str(caught.value)


def test_a_missing_set_is_one_line_that_says_which_file_goes_where(tmp_path):
    with pytest.raises(DataError, match=r"put img_align_celeba\.zip and list_attr_celeba\.txt") as caught:
        CelebA(str(tmp_path))
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_split_with_no_image_is_named(shared):
    with pytest.raises(DataError, match="no image of celeba_valid"):
        CelebA(str(shared / "data" / "celeba"), split="valid")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "", "has 0 lines"),
        (lambda text: text.replace("7", "8", 1), "announces 8 images"),
        (lambda text: text[: text.rindex("202599")], "announces 7 images"),
        (lambda text: text.replace(" -1", "", 1), "000001.jpg has 3 values"),
        (lambda text: text.replace(" -1", " 2", 1), "has the value '2'"),
        (lambda text: text.replace("000002", "000003"), "does not list 1 of the images .* such as 000002"),
        (lambda text: text.replace("7", "8", 1) + "000009.jpg 1 1 1 1\n", "names 1 images .* such as 000009"),
    ],
)
def test_a_list_that_does_not_match_is_named(change, says, tmp_path):
    file = make(tmp_path) / "list_attr_celeba.txt"
    file.write_text(change(file.read_text()))
    with pytest.raises(DataError, match=says) as caught:
        CelebA(str(tmp_path), attributes=NAMES)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("000001.jpg 0\n", "does not list the image '000002"), ("000001.jpg 7\n", "not CelebA"), ("a b c", "not CelebA")],
)
def test_a_partition_that_does_not_match_is_named(text, says, tmp_path):
    (make(tmp_path) / "list_eval_partition.txt").write_text(text)
    with pytest.raises(DataError, match=f"list_eval_partition.txt .*{says}"):
        CelebA(str(tmp_path))


@pytest.mark.parametrize("centre_crop", [0, 179])
def test_a_crop_larger_than_the_images_is_refused(centre_crop, tmp_path):
    with pytest.raises(DataError, match="centre_crop"):
        CelebA(str(make(tmp_path)), centre_crop=centre_crop)


def test_images_of_other_proportions_are_refused(tmp_path):
    (tmp_path / "img_align_celeba").mkdir()
    (tmp_path / "img_align_celeba" / "000001.jpg").write_bytes(encoded(picture(0, 64, 64)))
    with pytest.raises(DataError, match="64 x 64"):
        CelebA(str(tmp_path))


def test_reference_is_another_split_with_the_same_arguments(tmp_path):
    data = read(make(tmp_path), resolution=32, attributes=("Male",))
    other = data.reference("test")
    assert other.name == "celeba_test_32px_2"
    assert other[Request(np.array([0]), None)]["label"].shape == (1, 1)


def test_numbers_choose_among_a_splits_images(tmp_path):
    root = make(tmp_path / "celeba")
    assert numbers(read(root, numbers=(2, 182_637), resolution=8)) == [2, 162_770]
    assert numbers(read(root, split="all", numbers=(2, 162_771), resolution=8)) == [2, 162_770, 162_771]
    data = read(root, split="all", numbers=(162_771, 202_599), attributes=("Bald", "Smiling"), resolution=8)
    assert data.images.name == "celeba_all_162771_202599_8px_4"
    assert data.source.labels["label"].tolist() == [[1, 0], [0, 0], [1, 0], [0, 0]]
    with pytest.raises(DataError, match="no image of celeba_train_3_9"):
        CelebA(str(root), numbers=(3, 9))


def test_limit_takes_the_first_images_and_leaves_a_named_split_whole(tmp_path):
    root = make(tmp_path / "celeba")
    data = read(root, limit=2, resolution=8, attributes=("Bald", "Eyeglasses"))
    assert numbers(data) == [1, 2] and data.source.labels["label"].tolist() == [[0, 0], [1, 0]]
    assert data.images.name == data.reference().name == "celeba_train_8px_2"
    assert data.reference("train").name == "celeba_train_8px_3"
    assert numbers(read(root, limit=3, resolution=8)) == numbers(read(root, resolution=8))
    alone = read(root, numbers=(1, 2), resolution=8)
    whole = read(root, resolution=8)
    assert data.images.fingerprint() == alone.images.fingerprint() != whole.images.fingerprint()
    assert whole.images.fingerprint() == read(root, limit=3, resolution=8).images.fingerprint()


@pytest.mark.parametrize("limit", [-1, 4])
def test_a_limit_beyond_the_set_is_refused(limit, tmp_path):
    with pytest.raises(DataError, match=f"data.limit is {limit}, and celeba_train has 3 images: choose 1 to 3, or 0"):
        CelebA(str(make(tmp_path)), limit=limit)


@pytest.mark.parametrize("width", [178, 89])
def test_the_square_of_progan_lies_around_its_centre(width, tmp_path):
    """Karras 2018 cuts rows 57 to 184 and columns 25 to 152 of the aligned images."""
    (tmp_path / "img_align_celeba").mkdir()
    face = np.random.default_rng(0).integers(0, 256, (round(218 * width / 178), width, 3), dtype=np.uint8)
    Image.fromarray(face).save(tmp_path / "img_align_celeba" / "000001.png")
    part = width // 89  # 2, or 1 for a copy of half the size
    middle, lower = (
        read(tmp_path, centre_crop=128, resolution=64 * part, **{"centre": centre} if centre else {})
        for centre in (None, (89, 121))
    )
    columns = slice(25 * width // 178, 25 * width // 178 + 64 * part)
    for data, top in ((middle, 45 * part // 2), (lower, 45 * part // 2 + 6 * part)):
        expected = face[top : top + 64 * part, columns].transpose(2, 0, 1)
        assert np.array_equal(data.images[Request(np.array([0]), None)]["image"][0].numpy(), expected)
    assert lower.images.fingerprint() != middle.images.fingerprint()


def test_a_square_beyond_the_image_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"data.centre is 89, 160, around which no square of 128 pixels"):
        CelebA(str(make(tmp_path)), centre_crop=128, centre=(89, 160))


def test_hair_colours_exclude_each_other(shared):
    root = str(shared / "data" / "celeba")

    def exclusive(*names: str) -> list[list[str]]:
        return CelebA(root, attributes=names, resolution=8).label_sets[0]["exclusive"]

    assert exclusive("Blond_Hair", "Male", "Gray_Hair") == [["Blond_Hair", "Gray_Hair"]]
    assert exclusive("Blond_Hair", "Male") == [["Blond_Hair"]] and exclusive("Young", "Male") == []
    assert CelebA(root, resolution=8).label_sets == []
