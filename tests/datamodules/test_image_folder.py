"""Folders and zips of images, with classes from folders and labels from a CSV."""

import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.errors import DataError
from datamodules.image_folder import ImageFolder, set_name
from datamodules.order import Request
from datamodules.unpaired import Unpaired
from tests.drivers.image_files import encoded, picture, write


def read(root: Path | str, **arguments: Any) -> ImageFolder:
    data = ImageFolder(str(root), **{"resolution": 8, "workers": 0, **arguments})
    data.setup("fit")
    return data


def names(data: ImageFolder) -> list[str]:
    return [PurePosixPath(data.source.where(index)).name for index in range(len(data.source))]


def batch(data: ImageFolder) -> dict[str, torch.Tensor]:
    return data.images[Request(np.arange(len(data.images)), None)]


def pack(folder: Path, file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return file


def test_cifar_s_folders_in_zips_are_ten_classes(shared):
    root = f"{shared}/data/cifar10/cifar10_{{split}}.zip"
    data = ImageFolder(root, split="test", labels="folders", resolution=32)
    assert data.classes == ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    assert data.source.labels["label"].bincount().tolist() == [1_000] * data.num_classes
    for index in range(0, 10_000, 999):
        assert f"/{data.classes[data.source.labels['label'][index]]}/" in data.source.where(index)
    data.setup("fit")
    assert data.images.name == "cifar10_test_32px_10k"
    whole = data.source.read(4_321)
    assert whole.shape == (32, 32, 3)
    image = data.images[Request(np.array([4_321]), None)]
    assert np.array_equal(image["image"][0].numpy(), whole.transpose(2, 0, 1)), "neither cut nor resized"
    assert image["label"].tolist() == [4]


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Three cats, two dogs and a bird, in several sizes and formats."""
    root = tmp_path / "animals"
    kinds = {"cat/1.jpg": "RGB", "cat/2.png": "P", "cat/more/3.jpg": "CMYK", "dog/1.PNG": "RGBA", "dog/2.bmp": "L"}
    for number, (name, mode) in enumerate({**kinds, "bird/x.webp": "RGB"}.items()):
        write(root / name, picture(number, 12 + number, 15, mode))
    (root / "cat" / "notes.txt").write_text("no image")
    write(root / ".thumbnails" / "1.jpg", picture(0))
    return root


@pytest.mark.parametrize("packed", [False, True])
def test_folders_are_classes_in_order_of_their_names(packed, animals, tmp_path):
    data = read(pack(animals, tmp_path / "animals.zip") if packed else animals, labels="folders")
    assert data.classes == ["bird", "cat", "dog"] and data.num_classes == 3
    assert names(data) == ["x.webp", "1.jpg", "2.png", "3.jpg", "1.PNG", "2.bmp"]
    images = batch(data)
    assert images["label"].tolist() == [0, 1, 1, 1, 2, 2] and images["label"].dtype == torch.int64
    assert images["image"].shape == (6, *data.image_shape) and images["image"].dtype == torch.uint8


def test_a_single_class_is_a_class_and_a_folder_around_all_classes_is_not(tmp_path):
    write(tmp_path / "a" / "cat" / "1.jpg", picture(0))
    assert read(tmp_path / "a", labels="folders").classes == ["cat"]
    write(tmp_path / "a" / "dog" / "1.jpg", picture(1))
    assert read(tmp_path, labels="folders").classes == ["cat", "dog"]


def test_without_labels_every_folder_is_searched(animals):
    data = read(animals)
    assert len(data.images) == 6 and data.num_classes == 0 and set(batch(data)) == {"image"}


@pytest.mark.parametrize("channels", [1, 3])
def test_images_have_the_requested_channels(channels, animals):
    image = batch(read(animals, channels=channels))["image"]
    assert image.shape[1] == channels
    grey = batch(read(animals))["image"][5]  # the bitmap
    assert torch.equal(grey[0], grey[1]) and torch.equal(grey[0], grey[2])


def test_splits_are_folders_or_files_that_the_root_names(tmp_path):
    for split, count in (("train", 3), ("test", 2)):
        for number in range(count):
            write(tmp_path / "faces" / split / f"{number}.png", picture(number))
    data = read(f"{tmp_path}/faces/{{split}}")
    assert data.images.name == "faces_train_8px_3" and data.reference("test").name == "faces_test_8px_2"
    alone = read(tmp_path / "faces" / "test")
    with pytest.raises(DataError, match=r"has no split test: write .split."):
        alone.reference("test")


def test_limit_takes_the_first_images_of_all_classes(animals):
    data, whole = read(animals, labels="folders", limit=2), read(animals, labels="folders")
    assert names(data) == names(whole)[:2] and data.num_classes == whole.num_classes
    assert torch.equal(batch(data)["label"], batch(whole)["label"][:2])
    assert data.images.name.endswith("_8px_2") and data.reference("train").name == whole.images.name


def test_only_the_folder_inside_is_read(animals, tmp_path):
    packed = pack(animals, tmp_path / "animals.zip")
    data = read(packed, inside="cat/")
    assert names(data) == ["1.jpg", "2.png", "3.jpg"] and data.images.name == "animals_cat_train_8px_3"
    with pytest.raises(DataError, match=r"holds no image: it holds the folders .*bird, cat, dog"):
        read(packed, inside="horse")
    with pytest.raises(DataError, match="no image"):
        read(packed, inside="../animals/cat")


def test_centre_crops_are_resized_and_random_crops_are_left_to_the_model(tmp_path):
    image = np.zeros((20, 30, 3), np.uint8)
    image[6:14, 11:19] = 255
    write(tmp_path / "1.png", Image.fromarray(image))
    data = read(tmp_path, centre_crop=8, crop=6)
    assert (batch(data)["image"] == 255).all() and batch(data)["image"].shape == (1, 3, 8, 8)
    assert data.crop == 6 and data.image_shape == (3, 6, 6)
    with pytest.raises(DataError, match=r"1\.png: 30 x 20 pixels are smaller than the crop of 21"):
        read(tmp_path, centre_crop=21)


def test_scores_compare_with_middles_of_the_size_that_training_cuts(tmp_path):
    image = np.zeros((8, 8, 3), np.uint8)
    image[1:7, 1:7] = np.arange(36, dtype=np.uint8).reshape(6, 6, 1)
    write(tmp_path / "class" / "1.png", Image.fromarray(image))
    data = read(tmp_path, crop=6, labels="folders")
    for real in (data.reference(), data.reference("train")):
        middle = real[Request(np.array([0]), None)]
        assert torch.equal(middle["image"][0, 0], torch.arange(36, dtype=torch.uint8).view(6, 6))
        assert middle["label"].tolist() == [0] and len(real) == 1 and real.name == f"{data.images.name}_middle_6px"
    assert data.real[Request(np.array([0]), 3)]["image"][0, 0, 0].tolist() == [4, 6, 8]  # means of 2 x 2: 3.5, 5.5, 7.5
    assert data.real.fingerprint() != data.images.fingerprint()
    assert read(tmp_path).real.fingerprint() == data.images.fingerprint()


@pytest.mark.parametrize(("crop", "fits"), [(-1, False), (0, True), (8, True), (9, False)])
def test_a_random_crop_must_fit_into_the_image(crop, fits, animals):
    sets = (lambda: read(animals, crop=crop), lambda: Unpaired(str(animals), str(animals), resolution=8, crop=crop))
    for make in sets:
        if fits:
            assert make().image_shape == (3, 8, 8)
        else:
            with pytest.raises(
                DataError, match=rf"data\.crop is {crop}: it must be 0 \(no crop\) or between 1 and data\.resolution, 8"
            ):
                make()


def labelled(tmp_path: Path, text: str, **arguments: Any) -> ImageFolder:
    for number in range(3):
        write(tmp_path / "images" / "part" / f"{number}.png", picture(number))
    (tmp_path / "labels.csv").write_text(text)
    return read(tmp_path / "images", labels=str(tmp_path / "labels.csv"), **arguments)


@pytest.mark.parametrize(
    ("text", "classes", "label"),
    [
        ("image,kind\n0.png,b\n1.png,a\n2.png,b\n", ["a", "b"], [1, 0, 1]),
        ("file,digit\r\npart/2.png,10\r\npart/1.png,9\r\npart/0.png,2\r\n", ["2", "9", "10"], [0, 1, 2]),
        ('\ufeffimage, kind\n"0.png", "a, or b"\n1.png , c\n\n2.png,c\n', ['"a', "c"], None),
    ],
)
def test_a_csv_of_classes(text, classes, label, tmp_path):
    if label is None:
        with pytest.raises(DataError, match="line 2, has 3 values where the first line has 2"):
            labelled(tmp_path, text)
        return
    data = labelled(tmp_path, text)
    assert data.classes == classes and data.num_classes == len(classes)
    assert batch(data)["label"].tolist() == label


def test_a_csv_of_attributes(tmp_path):
    text = "image,hat,Smile,male\n2.png,1,1,0\n0.png,0,1,-1\n1.png,1,-1,1\n"
    data = labelled(tmp_path, text)
    assert data.classes == ["hat", "Smile", "male"]
    assert batch(data)["label"].tolist() == [[0, 1, 0], [1, 0, 1], [1, 1, 0]]
    data = labelled(tmp_path, text, attributes=("male", "hat"))
    assert data.classes == ["male", "hat"] and batch(data)["label"].tolist() == [[0, 0], [1, 1], [0, 1]]
    with pytest.raises(DataError, match="no attribute smile: did you mean Smile"):
        labelled(tmp_path, text, attributes=("smile",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must begin with a line"),
        ("image\n0.png\n", "must begin with a line"),
        ("image,kind\n0.png,a\n1.png\n2.png,a\n", "line 3, has 1 values where the first line has 2"),
        ("image,kind\n0.png,a\n0.png,a\n", "line 3, names 0.png again"),
        ("image,kind\n0.png,a\n1.png,a\n", "does not list 1 of the images in .*, such as 2.png"),
        ("image,kind\n0.png,a\n1.png,a\n2.png,a\n3.png,b\n", "1 images that are not in .*, such as 3.png"),
        ("image,kind\n../part/0.png,a\n1.png,a\n2.png,a\n", "does not list 3 of the images in .*, such as part/0.png"),
        ("image,hat,male\n0.png,1,0\n1.png,yes,0\n2.png,1,1\n", "has the value 'yes' for an attribute"),
    ],
)
def test_a_csv_that_does_not_match_is_named_in_one_line(text, says, tmp_path):
    with pytest.raises(DataError, match=says) as caught:
        labelled(tmp_path, text)
    assert str(tmp_path / "labels.csv") in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_csv_is_named(tmp_path):
    write(tmp_path / "1.png", picture(0))
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        read(tmp_path, labels=str(tmp_path / "gone.csv"))


@pytest.mark.parametrize("labels", ["none", "folders"])
def test_attributes_without_a_csv_are_refused(labels, animals):
    with pytest.raises(DataError, match=f"data.labels is {labels}"):
        read(animals, labels=labels, attributes=("hat",))


def test_a_class_folder_with_no_image_is_named(animals, tmp_path):
    (animals / "fish").mkdir()
    with pytest.raises(DataError, match=r"animals/fish is a class folder with no image"):
        read(animals, labels="folders")
    assert read(animals).num_classes == 0, "an empty folder matters only to classes"
    (animals / "fish" / "fish.txt").write_text("")
    with pytest.raises(DataError, match=r"animals\.zip/fish is a class folder with no image"):
        read(pack(animals, tmp_path / "animals.zip"), labels="folders")


def test_an_image_in_no_class_folder_is_named(animals):
    write(animals / "stray.jpg", picture(0))
    with pytest.raises(DataError, match=r"stray\.jpg lies in no class folder"):
        read(animals, labels="folders")


@pytest.mark.parametrize(("exists", "says"), [(False, "There is no folder"), (True, "holds no image")])
def test_a_root_without_images_is_refused_in_one_line(exists, says, tmp_path):
    if exists:
        (tmp_path / "x").mkdir()
    with pytest.raises(DataError, match=says) as caught:
        read(tmp_path / "x")
    assert "\n" not in str(caught.value) and str(tmp_path / "x") in str(caught.value)


def test_a_zip_with_members_outside_of_it_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("../1.png", encoded(picture(0), "PNG"))
    with pytest.raises(DataError, match=r"\.\./1\.png, outside of itself"):
        read(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("root", "inside", "name"),
    [
        ("data/cifar10_{split}.zip", "", "cifar10_train"),
        ("data/ffhq/{split}", "", "ffhq_train"),
        ("data/horse2zebra/{split}A", "", "horse2zebra_a_train"),
        ("data/maps/A/{split}/", "", "maps_a_train"),
        ("data/Faces", "young/tall", "faces_young_tall_train"),
    ],
)
def test_sets_are_named_after_their_paths(root, inside, name):
    assert set_name(root, "train", inside) == name
