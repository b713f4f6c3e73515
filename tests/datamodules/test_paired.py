"""Pairs: halves of real facades, parallel folders, images without their colours."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.errors import DataError
from datamodules.order import Request
from datamodules.paired import Paired
from tests.drivers.image_files import picture, write


def read(root: Path | str, **arguments: Any) -> Paired:
    data = Paired(str(root), **{"resolution": 8, "crop": 0, "workers": 0, **arguments})
    data.setup("fit")
    return data


def batch(data: Paired, *indices: int) -> dict[str, torch.Tensor]:
    return data.images[Request(np.array(indices), None)]


@pytest.mark.parametrize(("split", "count"), [("train", 400), ("val", 100), ("test", 106)])
def test_facades_are_complete(split, count, shared):
    data = Paired(f"{shared}/data/facades/{{split}}", split=split)
    assert [len(source) for source in data.sources().values()] == [count, count]
    assert data.image_shape == (3, 256, 256) and data.crop == 256 and data.square.resolution == 286


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_the_left_half_is_a_and_the_right_half_is_b(direction, shared):
    """In facades, a is the photograph and b the map of its parts, which has few colours."""
    data = read(f"{shared}/data/facades/{{split}}", split="val", resolution=256, direction=direction)
    whole = Image.open(data.sources()["source"].where(7))
    halves = [np.asarray(whole.crop((left, 0, left + 256, 256))).transpose(2, 0, 1) for left in (0, 256)]
    source, target = halves if direction == "a_to_b" else halves[::-1]
    pair = batch(data, 7)
    assert set(pair) == {"source", "target"}
    assert np.array_equal(pair["source"][0].numpy(), source)
    assert np.array_equal(pair["target"][0].numpy(), target)
    photograph, parts = (np.histogram(half[2], 8)[0].max() / half[2].size for half in halves)
    assert parts > photograph, "the map has large areas of one blue"


@pytest.mark.slow
def test_scores_compare_with_whole_targets(shared):
    data = read(f"{shared}/data/facades/{{split}}", split="val", resolution=36, crop=32, direction="b_to_a")
    real = data.reference()
    whole = read(f"{shared}/data/facades/{{split}}", split="val", resolution=32, direction="b_to_a")
    request = Request(np.arange(3), None)
    assert torch.equal(real[request]["image"], whole.images[request]["target"])
    assert real.name == "facades_val_left_32px_100"
    assert torch.equal(data.sides["source"][request]["image"], whole.images[request]["source"])
    assert data.reference("test").name == "facades_test_left_32px_106"


@pytest.fixture
def parallel(tmp_path: Path) -> Path:
    """Four pairs, b as PNG, in two folders."""
    for number in range(4):
        write(tmp_path / "A" / "train" / f"{number}.jpg", picture(number, 10 + number, 12))
        write(tmp_path / "B" / "train" / f"{number}.png", picture(50 + number, 10 + number, 12))
    return tmp_path


def folders(root: Path, **arguments: Any) -> Paired:
    return read(f"{root}/A/{{split}}", layout="folders", root_b=f"{root}/B/{{split}}", **arguments)


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_folders_are_paired_by_names(direction, parallel):
    data = folders(parallel, direction=direction)
    a, b = data.sources()["source"], data.sources()["target"]
    if direction == "b_to_a":
        a, b = b, a
    assert [Path(a.where(i)).name for i in range(4)] == [f"{i}.jpg" for i in range(4)]
    assert [Path(b.where(i)).name for i in range(4)] == [f"{i}.png" for i in range(4)]
    other = folders(parallel, direction="a_to_b" if direction == "b_to_a" else "b_to_a")
    assert torch.equal(batch(data, 2)["source"], batch(other, 2)["target"])


@pytest.mark.parametrize(("missing", "where"), [("A/train/2.jpg", "B/train"), ("B/train/1.png", "A/train")])
def test_an_image_without_a_partner_is_named(missing, where, parallel):
    (parallel / missing).unlink()
    with pytest.raises(DataError, match=f"1 of the images in .*{where}.* have no partner .* such as {missing[8]}"):
        folders(parallel)


def test_partners_of_other_sizes_are_named(parallel):
    write(parallel / "B" / "train" / "3.png", picture(0, 14, 12))
    with pytest.raises(DataError, match=r"3\.png is 14 x 12 pixels and its partner .*3\.jpg 13 x 12") as caught:
        folders(parallel)
    assert "\n" not in str(caught.value)


def test_two_images_of_one_name_are_refused(parallel):
    write(parallel / "A" / "train" / "3.bmp", picture(0))
    with pytest.raises(DataError, match=r"both 3\.bmp and 3\.jpg"):
        folders(parallel)


def test_halves_of_an_odd_width_are_refused(tmp_path):
    write(tmp_path / "1.png", picture(0, 24, 12))
    write(tmp_path / "2.png", picture(1, 25, 12))
    with pytest.raises(DataError, match=r"2\.png is 25 pixels wide"):
        read(tmp_path)


def test_grey_sources_are_the_luma_of_their_targets(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}.png", picture(number, 8, 8, "L" if number == 2 else "RGB"))
    pairs = batch(read(tmp_path, layout="grey"), 0, 1, 2)
    source, target = pairs["source"].double(), pairs["target"].double()
    luma = (target * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)
    assert source.shape == target.shape
    assert ((source - luma).abs() <= 1).all(), "rounded to a grey level, with weights that Pillow rounds to 16 bits"
    assert torch.equal(source[2], target[2]), "a grey image stays as it is"


@pytest.mark.parametrize("arguments", [{"layout": "folders"}, {"layout": "grey", "root_b": "x"}, {"root_b": "x"}])
def test_only_the_layout_folders_takes_root_b(arguments, parallel):
    with pytest.raises(DataError, match="root_b"):
        read(parallel / "A" / "train", **arguments)
