"""`gan-zoo data list`, `check` and `show`."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFont

from datamodules.gaussians import Gaussians
from datamodules.image_folder import ImageFolder
from datamodules.multi_domain import MultiDomain
from datamodules.paired import Paired
from datamodules.unpaired import Unpaired
from gan_zoo.commands.data.show import captions, drawn, first, points
from gan_zoo.commands.sheet import LEAST, LINE, MARGIN, SIZE, sheet, wrapped
from tests.commands.conftest import Command, Refused
from tests.drivers.image_files import picture, write


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A folder of five cats and three dogs, of 16 pixels."""
    for number in range(8):
        write(tmp_path / f"pets/{'cat' if number < 5 else 'dog'}/{number}.png", picture(number, 16, 16))
    return tmp_path / "pets"


def test_list_has_a_line_for_each_set_and_marks_what_is_here(command: Command, tmp_path: Path) -> None:
    result = command("data", "list")
    assert result.code == 0 and result.err == ""
    lines = {line.split()[-len(line.split())]: line for line in result.out.splitlines() if line}
    assert lines["celeba"].split()[1:4] == ["CelebA", "1.4", "GB"]
    (tmp_path / "data/celeba/img_align_celeba").mkdir(parents=True)
    assert "here  celeba " in command("data", "list").out
    assert "here  celeba " not in command("data", "list", "--folder", "elsewhere").out


def test_list_of_one_set_says_how_it_is_had(command: Command) -> None:
    result = command("data", "list", "rafd", "--folder", "/sets").out
    for part in ("by request", "scientific use", "in /sets/: rafd/Rafd090", "--data RaFD --data.root /sets/rafd", "no"):
        assert part in result


def test_check_says_what_stops_a_training_in_its_exit_code(command: Command, pets: Path) -> None:
    assert command("data", "check", "pets") == (
        0,
        "8 images in one folder without splits\npixels: 16 x 16 (8)\n\n"
        "Nothing is wrong: every file is whole, and no two have the same bytes.\n",
        "",
    )
    shutil.copy(pets / "cat/0.png", pets / "dog/copy.png")
    result = command("data", "check", "pets")
    assert result.code == 0
    assert "same file twice                  1  no\n    pets/cat/0.png = pets/dog/copy.png" in result.out
    assert result.out.endswith("None of these stops training.\n")
    for number in range(4):
        (pets / f"cat/{number}.png").write_bytes(b"")
    result = command("data", "check", "pets")
    assert result.code == 1 and "damaged                          4  yes\n" in result.out
    assert "and 1 more: --all names them" in result.out and "3.png" not in result.out
    assert result.out.endswith("4 of these stop training.\n")
    assert "pets/cat/3.png" in command("data", "check", "pets", "--all").out


def test_check_of_several_paths_compares_them(command: Command, pets: Path, tmp_path: Path) -> None:
    shutil.copytree(pets, tmp_path / "test")
    assert "same file in two splits          8  no" in command("data", "check", "pets", "test").out
    (tmp_path / "labels.csv").write_text("image,label\n0.png,1\n")
    result = command("data", "check", "pets", "--labels", "labels.csv")
    assert result.code == 1 and "image without label              7  yes" in result.out


def test_what_cannot_be_listed_checked_or_shown_is_refused(refused: Refused, pets: Path) -> None:
    (pets.parent / "broken.zip").write_bytes(b"PK")
    (pets.parent / "empty").mkdir()
    assert "did you mean celeba?" in refused("data", "list", "celebA")
    assert "did you mean check?" in refused("data", "chekc")
    assert "holds no image file" in refused("data", "check", "empty")
    assert "no folder and no zip missing" in refused("data", "check", "missing")
    assert "broken.zip is no complete zip" in refused("data", "check", "broken.zip")
    assert "gan-zoo data show needs data" in refused("data", "show")
    folder = ("data", "show", "--data", "ImageFolder", "--data.root", "pets")
    assert "count is 0: it must be at least 1" in refused(*folder, "--count", 0)
    assert "must end in .png" in refused(*folder, "--out", "x.jpg")
    assert "data.rot (did you mean root?)" in refused("data", "show", "--data", "ImageFolder", "--data.rot", "pets")
    (pets / "cat/0.png").write_bytes(b"")
    assert "cat/0.png is damaged" in refused(*folder)


def test_show_writes_what_a_run_with_the_seed_shows_first(command: Command, pets: Path, tmp_path: Path) -> None:
    folder = ("data", "show", "--data", "ImageFolder", "--data.root", "pets", "--data.labels", "folders")
    words = (*folder, "--data.resolution", 16, "--count", 4)
    assert command(*words, "--out", "new/a.png") == (0, "The images are in new/a.png\n", "")
    command(*words, "--out", "b.png")
    command(*words, "--seed", 1, "--out", "c.png")
    a, b, c = ((tmp_path / name).read_bytes() for name in ("new/a.png", "b.png", "c.png"))
    assert a == b != c
    data = ImageFolder("pets", resolution=16, labels="folders")
    data.setup("fit")
    shown = first(data, count=4, seed=0)["image"]
    assert not torch.equal(shown, first(data, count=4, seed=1)["image"])
    with Image.open(tmp_path / "b.png") as picture_:
        sheet_ = np.array(picture_)
    side = 16 * (LEAST // 16)
    corner = sheet_[MARGIN + LINE :, MARGIN:][: side : LEAST // 16, : side : LEAST // 16]
    assert np.array_equal(corner, shown[0].permute(1, 2, 0))  # the first image, enlarged by repeating pixels


def test_show_takes_an_experiment(command: Command, tmp_path: Path) -> None:
    assert command("data", "show", "-c", "mnist/wgan_gp", "--count", 4).code == 0
    assert (tmp_path / "data.png").exists()
    assert command("data", "show", "-c", "mnist/wgan_gp", "--data.split", "none").code == 2


def folder(path: Path, labels: str = "none") -> ImageFolder:
    return ImageFolder(str(path), resolution=16, labels=labels)


def test_captions_are_names_of_classes_and_of_attributes_that_are_there(pets: Path, tmp_path: Path) -> None:
    classes = folder(pets, "folders")
    assert captions({"label": torch.tensor([1, 0])}, classes) == ["dog", "cat"]
    names = sorted(str(file.relative_to(pets)) for file in pets.rglob("*.png"))
    (tmp_path / "a.csv").write_text("\n".join(["image,Small,Striped", *(f"{name},1,0" for name in names)]))
    attributes = folder(pets, str(tmp_path / "a.csv"))
    assert captions({"label": torch.tensor([[1.0, 1], [0, 1], [0, 0]])}, attributes) == [
        "Small, Striped",
        "Striped",
        "-",
    ]
    both = MultiDomain([attributes, classes])
    assert captions({"label": torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, 1]])}, both) == ["Striped", "dog"]
    assert captions({"image": torch.zeros(2, 3, 4, 4)}, folder(pets)) == ["", ""]


def test_sets_that_take_turns_are_all_shown(pets: Path) -> None:
    both = MultiDomain([folder(pets, "folders"), folder(pets, "folders")])
    both.setup("fit")
    assert first(both, count=5, seed=0)["domain"].tolist() == [0, 0, 0, 1, 1]
    assert drawn(both, count=5, seed=0).width > LEAST


def test_pairs_stand_beside_each_other(pets: Path) -> None:
    for data in (
        Paired(str(pets), layout="grey", resolution=16, crop=0),
        Unpaired(str(pets / "cat"), str(pets / "dog"), resolution=16, crop=0),
    ):
        data.setup("fit")
        sheet_pixels = np.array(drawn(data, count=1, seed=0))
        assert sheet_pixels.shape[1] == 2 * MARGIN + 2 * 16 * 4  # both together are enlarged to at least LEAST pixels
        left = sheet_pixels[MARGIN + LINE + LINE * 3 :, MARGIN : MARGIN + 64][:20]
        if isinstance(data, Paired):
            assert np.ptp(left.astype(int), axis=2).max() == 0  # the grey image
    assert len(first(data, count=8, seed=0)["a"]) == 3  # not more than the smaller set has


def test_points_are_drawn_where_they_are() -> None:
    image = torch.tensor([[0.5, 0.5], [-0.5, -0.5]])[:, :, None, None]
    picture = np.array(points(image, torch.tensor([0, 1])))
    dark = np.argwhere((picture != 255).any(axis=2))
    assert sorted({tuple(int(part) for part in place // 256) for place in dark}) == [
        (0, 1),
        (1, 0),
    ]  # right above, left below
    data = Gaussians(count=100)
    data.setup("fit")
    assert drawn(data, count=50, seed=0).width > 500


def test_text_is_broken_to_its_width_and_stays_under_its_picture() -> None:
    font = ImageFont.load_default(SIZE)
    text = "Heavy_Makeup, Wearing_Necklace, a Unreasonably_long_word_that_fits_on_no_line_whatsoever"
    lines = wrapped(text, font, LEAST)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "") and len(lines) > 4
    assert all(font.getlength(line) <= LEAST for line in lines)
    assert wrapped("", font, LEAST) == []
    black = [Image.new("RGB", (LEAST, LEAST), "black")] * 2
    page = np.array(sheet(black, ["one", "two two two two two two two two"], "title"))
    gutter = page[MARGIN + LINE :, MARGIN + LEAST : MARGIN + LEAST + MARGIN]
    assert (gutter[:, :-1] == 255).all()  # nothing between the columns, except at the left edge of a letter


def test_check_counts_images_with_and_without_splits(command: Command, pets: Path) -> None:
    write(pets / "train/0.png", picture(100, 16, 16))
    assert command("data", "check", "pets").out.startswith("9 images: train 1, in no split 8\n")
    assert command("data", "check", "pets/cat", "pets/dog").out.startswith("8 images in 2 folders without splits\n")
