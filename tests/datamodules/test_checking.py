"""`check` finds the problems of real files in folders, zips and databases, and reports none in intact sets."""

import shutil
import zipfile
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from datamodules.checking import Finding, findings, lists_beside, look, sizes, splits
from datamodules.collection import collect, split_in
from datamodules.errors import DataError
from tests.drivers.image_files import encoded, picture, write


def check(path: Path, *lists: Path) -> list[tuple[str, str]]:
    """Return kind and files of every finding, without the folder's own path."""
    collection = collect([path])
    problems = findings(collection, look(collection), [*lists, *lists_beside(path)])
    return [(problem.kind, problem.what.replace(f"{path}/", "")) for problem in problems]


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Six intact images in two splits of two classes."""
    for number, name in enumerate(
        ("train/cat/a", "train/cat/b", "train/dog/a", "train/dog/b", "test/cat/a", "test/dog/a")
    ):
        write(tmp_path / f"set/{name}.jpg", picture(number))
    return tmp_path / "set"


def test_an_intact_set_has_no_problem(clean: Path) -> None:
    assert check(clean) == []
    collection = collect([clean])
    assert splits(collection) == {"test": 2, "train": 4}
    assert sizes(look(collection)) == [((12, 12), 6)]


def test_damaged_files_are_named_with_the_reason(clean: Path) -> None:
    whole = (clean / "train/cat/a.jpg").read_bytes()
    (clean / "train/cat/a.jpg").write_bytes(whole[:-30])
    (clean / "train/cat/b.jpg").write_bytes(b"")
    (clean / "train/dog/a.jpg").write_bytes(b"<html>404</html>")
    problems = check(clean)
    assert [(kind, what.split()[0]) for kind, what in problems] == [
        ("damaged", "train/cat/a.jpg"),
        ("damaged", "train/cat/b.jpg"),
        ("damaged", "train/dog/a.jpg"),
    ]
    assert "truncated" in problems[0][1]


def test_equal_bytes_are_found_within_and_across_splits(clean: Path) -> None:
    shutil.copy(clean / "train/cat/a.jpg", clean / "train/dog/copy.jpg")
    shutil.copy(clean / "train/cat/b.jpg", clean / "test/cat/copy.jpg")
    write(clean / "test/dog/again.png", picture(0))  # the same picture in other bytes
    assert check(clean) == [
        ("same file in two splits", "test/cat/copy.jpg = train/cat/b.jpg"),
        ("same file twice", "train/cat/a.jpg = train/dog/copy.jpg"),
    ]


def test_damaged_copies_count_as_damaged_only(clean: Path) -> None:
    for name in ("train/cat/a.jpg", "test/cat/a.jpg"):
        (clean / name).write_bytes(b"")
    assert [kind for kind, _ in check(clean)] == ["damaged", "damaged"]


@pytest.mark.parametrize("stored", ["L", "RGB"])
def test_grey_is_found_among_colour_however_it_is_stored(clean: Path, stored: str) -> None:
    write(clean / "train/cat/grey.png", picture(9, mode="L").convert(stored))
    assert check(clean) == [("grey among colour", "train/cat/grey.png")]


def test_a_grey_set_is_not_odd(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", picture(number, mode="L"))
    assert check(tmp_path) == []


def test_a_size_is_odd_if_more_than_half_of_the_images_share_another(clean: Path) -> None:
    for number in range(5):
        write(clean / f"train/cat/large{number}.jpg", picture(10 + number, width=20))
    assert [what for kind, what in check(clean) if kind == "odd size"] == [
        f"train/cat/large{number}.jpg: 20 x 12" for number in range(5)
    ]
    write(clean / "train/cat/large5.jpg", picture(15, width=20))  # six and six: no size has a majority
    assert check(clean) == []


def test_folders_without_image_are_found(clean: Path) -> None:
    (clean / "train/fish/deep").mkdir(parents=True)
    (clean / ".hidden").mkdir()
    assert check(clean) == [("folder without image", "train/fish")]


def test_a_csv_must_name_each_image_and_no_other(clean: Path, tmp_path: Path) -> None:
    names = [str(file.relative_to(clean)) for file in sorted(clean.rglob("*.jpg"))]
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(["image,label", *(f"{name},1" for name in names)]))
    assert check(clean, file) == []
    file.write_text("\n".join(["image,label", *(f"{name},1" for name in names[1:]), "train/none.jpg,1"]))
    assert check(clean, file) == [
        ("image without label", f"{names[0]}: not in labels.csv"),
        ("label without image", "train/none.jpg: in labels.csv"),
    ]
    file.write_text("image,label\na.jpg,1,2\n")
    assert [kind for kind, _ in check(clean, file)] == ["damaged list"]


def celeba(root: Path, listed: int) -> Path:
    """Write three faces in the official zip, with lists that name the first `listed`."""
    root.mkdir()
    names = [f"{number:06}.jpg" for number in range(1, 1 + listed)]
    with zipfile.ZipFile(root / "img_align_celeba.zip", "w") as packed:
        for number in range(1, 4):
            packed.writestr(f"img_align_celeba/{number:06}.jpg", encoded(picture(number, 178, 218)))
    (root / "list_attr_celeba.txt").write_text("\n".join([str(listed), "Male Young", *(f"{n}  1 -1" for n in names)]))
    (root / "list_eval_partition.txt").write_text("\n".join(f"{name} 0" for name in names))
    return root


def test_celebas_lists_are_found_beside_its_zip(tmp_path: Path) -> None:
    whole, short, long = (celeba(tmp_path / str(listed), listed) for listed in (3, 2, 4))
    assert check(whole) == check(whole / "img_align_celeba.zip") == []
    assert [(kind, what.split(":")[0]) for kind, what in check(short)] == [("image without label", "000003.jpg")] * 2
    assert [(kind, what.split(":")[0]) for kind, what in check(long)] == [("label without image", "000004.jpg")] * 2


def test_members_of_zips_are_checked_and_compared_across_zips(tmp_path: Path) -> None:
    for split in ("train", "test"):
        with zipfile.ZipFile(tmp_path / f"set_{split}.zip", "w") as packed:
            packed.writestr("cat/same.jpg", encoded(picture(1)))
            packed.writestr("cat/own.jpg", encoded(picture(len(split))))
    assert check(tmp_path) == [("same file in two splits", "set_test.zip/cat/same.jpg = set_train.zip/cat/same.jpg")]
    content = (tmp_path / "set_train.zip").read_bytes()
    place = content.index(encoded(picture(5))) + 300
    (tmp_path / "set_train.zip").write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
    assert ("damaged", "set_train.zip/cat/own.jpg") in [(kind, what.split()[0]) for kind, what in check(tmp_path)]


def test_values_of_lsuns_databases_are_checked(tmp_path: Path) -> None:
    root = tmp_path / "lsun"
    root.mkdir()
    for split, count in (("train", 150), ("val", 3)):
        with (
            lmdb.open(str(root / f"bedroom_{split}_lmdb"), map_size=2**24) as database,
            database.begin(write=True) as to,
        ):
            for number in range(count):
                to.put(f"{split}{number:04}".encode(), encoded(picture(number + 1000 * (split == "val"))))
            to.put(f"{split}9998".encode(), b"no image")
            to.put(f"{split}9999".encode(), encoded(picture(0)))
    write(root / "photographs/0.jpg", picture(5000))  # a database does not count as a folder without image
    collection = collect([root])
    assert splits(collection) == {"": 1, "train": 152, "val": 5}
    problems = findings(collection, look(collection))
    assert [problem.kind for problem in problems] == ["damaged", "damaged", "same file in two splits"]
    assert "bedroom_train_lmdb, key train9998" in problems[0].what
    assert problems[2].what.count(" = ") == 2  # the first image of train, and the last of both splits


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("testB", "testB"),
        ("cifar10_train", "train"),
        ("bedroom_val_lmdb", "val"),
        ("trains", ""),
        ("contest", ""),
        ("img_align_celeba", ""),
    ],
)
def test_a_split_is_a_word_of_a_name(name: str, split: str) -> None:
    assert split_in([name]) == split


def test_a_place_without_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no image file"):
        collect([tmp_path])
    with pytest.raises(DataError, match="no folder and no zip"):
        collect([tmp_path / "missing"])


def test_findings_tell_whether_they_stop_training() -> None:
    assert Finding("damaged", "").stops and Finding("label without image", "").stops
    assert not Finding("same file in two splits", "").stops and not Finding("grey among colour", "").stops


def test_any_number_of_processes_inspects_every_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(130):  # more than two chunks
        Image.fromarray(np.full((4, 4 + number % 3, 3), (number, 0, 255), np.uint8)).save(tmp_path / f"{number:03}.png")
    collection, progress = collect([tmp_path]), list[int]()
    several = look(collection, progress.append)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = look(collection)
    assert progress == [64, 128, 130]
    assert (several.digests == alone.digests).all() and (several.sizes == alone.sizes).all()
    assert len(np.unique(alone.digests, axis=0)) == 130
    assert (alone.sizes[:, 0] == 4 + np.arange(130) % 3).all() and (alone.sizes[:, 1] == 4).all()


def test_the_copies_in_horse2zebra_are_found(shared: Path) -> None:
    problems = check(shared / "data/horse2zebra")
    copies = [what for kind, what in problems if kind == "same file twice"]
    assert copies == ["trainB/n02391049_566.jpg = trainB/n02391049_8447.jpg"]
    assert sum(kind == "grey among colour" for kind, _ in problems) == len(problems) - 1 == 22


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", "image,Small,Grey\n0.png,1,0\n1.png,2,0\n", "the value '2' for an attribute"),
        ("labels.txt", "image,label\n0.png\n", "line 2, has 1 values"),
        ("list_attr_celeba.txt", "2\nMale\n0.png 1\n1.png 7\n", "the value '7' for an attribute"),
        ("list_eval_partition.txt", "0.png 0\n1.png 3\n", "are not CelebA's"),
    ],
)
def test_labels_are_read_as_training_reads_them(tmp_path: Path, name: str, content: str, message: str) -> None:
    for number in range(2):
        write(tmp_path / f"images/{number}.png", picture(number))
    file = tmp_path / name
    file.write_text(content)
    collection = collect([tmp_path / "images"])
    (problem,) = findings(collection, look(collection), [file])
    assert problem.kind == "damaged list" and problem.stops and message in problem.what


def test_a_list_of_classes_needs_no_numbers(tmp_path: Path) -> None:
    write(tmp_path / "images/0.png", picture(0))
    (tmp_path / "labels.csv").write_text("image,label\n0.png,any text\n")
    assert check(tmp_path / "images", tmp_path / "labels.csv") == []


def test_grey_levels_that_number_classes_are_noted(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 12, (3, 8, 8), dtype=np.uint8)
    levels[0, 0, 0] = 11
    for number, map_ in enumerate(levels):
        write(tmp_path / f"labels/{number}.png", Image.fromarray(map_))
        write(tmp_path / f"photographs/{number}.png", picture(number, 8, 8, "L"))
    ((kind, what),) = check(tmp_path)
    assert kind == "class numbers as grey" and not Finding(kind, what).stops
    assert what.startswith("labels/0.png and 2 more in its folder: grey levels 0 to 11 only")
    write(tmp_path / "labels/3.png", picture(3, 8, 8, "L"))  # an ordinary image beside dark ones
    assert check(tmp_path) == []
