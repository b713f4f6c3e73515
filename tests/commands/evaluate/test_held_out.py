"""Copies of training images are found: AuthPct, the picture of neighbours, and held-out images as a baseline."""

import argparse
import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.image_folder import ImageFolder
from datamodules.mnist import MNIST
from gan_zoo.commands.evaluate import options
from gan_zoo.commands.evaluate.held_out import held_out
from gan_zoo.metrics.real import reference
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.commands.conftest import TINY, Command, Refused

SCORE = ("evaluate", "--real", "training.npz", "--extractor", "lenet", "--metrics", "fd", "authpct")


@pytest.fixture
def folder(command: Command, tmp_path: Path) -> Path:
    """A folder with 400 training digits, 60 of them as copies, and 100 held-out digits."""
    data = MNIST()
    data.setup("fit")
    digits = data.images.tensors["image"].permute(0, 2, 3, 1).numpy()  # pyright: ignore[reportAttributeAccessIssue]
    parts = {"training": digits[:400], "copies": digits[100:160], "new": digits[400:500], "other": digits[500:600]}
    for name, part in parts.items():
        np.savez(tmp_path / f"{name}.npz", part)
    return tmp_path


@pytest.mark.parametrize(("limit", "split"), [(2, None), (0, "train")])
def test_the_rest_of_a_split_is_not_held_out_if_the_run_saw_a_part_of_it(
    limit: int, split: str | None, tmp_path: Path
) -> None:
    """The whole split holds the training images. Other splits are held out, whatever the limit."""
    for name, first in (("train", 0), ("val", 3)):
        (tmp_path / name).mkdir()
        for number in range(first, first + 3):
            Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(tmp_path / name / f"{number}.png")
    data = ImageFolder(str(tmp_path / "{split}"), limit=limit, resolution=8)
    data.setup("fit")
    parser = argparse.ArgumentParser()
    options.add(parser)
    order = options.order(parser.parse_args(["run", "--neighbours", "n.png", *(["--split", split] if split else [])]))
    found = held_out(order, data, reference(data, split))
    assert found and found.images.name.endswith("_val_8px_3")
    for file in (tmp_path / "val").iterdir():
        file.unlink()
    assert held_out(order, data, reference(data, split)) is None


def test_copies_of_training_images_are_found(command: Command, folder: Path) -> None:
    options = ("--neighbours", "n.png", "--held-out", "new.npz", "--baseline", "--run", "runs/copies")
    result = command(*SCORE, "--fake", "copies.npz", *options)
    assert result.code == 0, result.err
    assert "Note: 0 % of the images are authentic" in result.err and "many are copies" in result.err
    assert "median 0 of generated images" in result.out and "100.0% of the generated images" in result.out
    recorded = {
        (line["metric"], line["protocol"]["weights"]): line for line in lines(Run("runs/copies").evaluations_file)
    }
    value = {key: line["value"] for key, line in recorded.items()}
    assert value["authpct_lenet_60", "unknown"] == 0
    assert value["authpct_lenet_60", "held-out images"] > 100 / 3
    assert value["fd_lenet_60", "unknown"] < value["fd_lenet_60", "held-out images"], "new images are not so near"
    assert recorded["fd_lenet_60", "held-out images"]["protocol"]["source"] == "new_100"
    assert command("report", "runs", "--out", "report.html").code == 0
    page, (mark, copy) = Path("report.html").read_text(), (Path(name) for name in ("n.png", "runs/copies/images"))
    shown = base64.b64encode(mark.read_bytes()).decode()
    assert shown in page and "Samples beside their nearest training images" in page, "the page shows the picture"
    assert page.index("copies: 0 % of the images are authentic") < page.index("<main>"), "first of all"
    assert "real against real (no method)" in page and "at its last step" not in page
    assert command("runs", "rm", "runs/copies", "--yes").code == 0 and not copy.exists(), (
        "the picture belongs to the run"
    )


def test_the_picture_shows_each_copy_beside_its_original(command: Command, folder: Path) -> None:
    """A picture is 112 pixels wide, four times a digit, with 8 pixels around it."""
    assert command(*SCORE, "--fake", "copies.npz", "--neighbours", "n.png", "--held-out", "new.npz").code == 0
    paper = np.asarray(Image.open("n.png").convert("L"))
    assert paper.shape[1] == 4 * (112 + 8) + 8
    row = paper[60:140]  # below the title, within the first row of pictures
    columns = [row[:, 8 + 120 * column : 120 + 120 * column] for column in range(4)]
    assert np.array_equal(columns[0], columns[1]) and columns[0].max() == 255
    assert not np.array_equal(columns[2], columns[3])


def test_new_images_are_not_suspected(command: Command, folder: Path) -> None:
    result = command(*SCORE, "--fake", "new.npz", "--neighbours", "n.png", "--held-out", "other.npz")
    assert result.code == 0 and "copies" not in result.err
    share = float(result.out.partition("images; ")[2].partition("%")[0])
    assert share < 10, "about one of 100 new images is as near as the nearest of 100 held-out ones"


def test_without_held_out_images_training_images_are_compared_with_each_other(command: Command, folder: Path) -> None:
    result = command(*SCORE, "--fake", "copies.npz", "--neighbours", "n.png")
    assert result.code == 0, result.err
    assert "of other training images" in result.out and "median 0 of generated" in result.out


def test_a_run_compares_with_another_split_of_its_data(command: Command, folder: Path) -> None:
    for split, name in (("train", "training"), ("test", "new")):
        Path("digits", split).mkdir(parents=True)
        for number, digit in enumerate(np.load(f"{name}.npz")["arr_0"][:40]):
            Image.fromarray(digit[:, :, 0]).save(f"digits/{split}/{number}.png")
    data = ("--data", "ImageFolder", "--data.root", "digits/{split}", "--data.resolution", 28, "--data.channels", 1)
    fit = [*TINY, *data, "--trainer.max_steps", 1, "--data.batch_size", 4, "--run", "runs/x"]
    assert (fitted := command("fit", *fit)).code == 0, fitted.err
    options = ("--extractor", "lenet", "--samples", 50, "--baseline", "--neighbours", "n.png")
    result = command("evaluate", "runs/x", *options)
    assert result.code == 0, result.err
    assert "fd_lenet_40 " in result.out and "(held-out images)" in result.out and "fd_lenet_50 " in result.out
    assert "the baseline uses 40 images, all that digits_test_28px_40 has" in result.err
    assert "of held-out images" in result.out and Path("n.png").exists()
    other = command("evaluate", "runs/x", "--preset", "cifar10_train")
    assert other.code == 2 and "--preset is for 50000 real images, and digits_train_28px_40 has 40" in other.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--held-out new.npz", "--held-out is for --baseline and --neighbours"),
        ("--neighbours n.txt", "--neighbours n.txt is no image's name"),
        ("--neighbours n.png --held-out training.npz", "holds the real images themselves: name others"),
        ("--baseline", "its data have no other split: name a folder of such images with --held-out"),
        ("--baseline --per-class", "--baseline scores the images of all classes: leave --per-class out"),
        ("--only-baseline", "--only-baseline is for runs: use --baseline beside --fake"),
        ("--metrics fd_infinity", "60 images are 0.4 for each of 128 features"),
    ],
)
def test_what_cannot_be_compared_is_one_line(refused: Refused, folder: Path, options: str, message: str) -> None:
    assert message in refused(*SCORE, "--fake", "copies.npz", *options.split())
