"""The cache of references: real images are read once, and again if anything changes."""

import os
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import chosen
from tests.metrics.scored import ALL, CORNERS, Counting, make_evaluator, sampled


def test_a_second_evaluation_of_the_same_data_reads_no_real_image(digits: Tensor) -> None:
    first, second = (Counting("mnist_64", image=digits[:64]) for _ in range(2))
    once, _ = make_evaluator(first, metrics=ALL).score(sampled(), 40)
    again, _ = make_evaluator(second, metrics=ALL).score(sampled(), 40)
    assert (first.read, second.read) == (64, 0)
    assert again == once


def test_a_new_metric_is_added_to_the_cached_ones(digits: Tensor) -> None:
    first, second, third = (Counting("mnist_63", image=digits[:63]) for _ in range(3))
    make_evaluator(first, metrics=("fd",))
    make_evaluator(second, metrics=("fd", "kid"))
    make_evaluator(third, metrics=("kid", "fd", "is"))
    assert (first.read, second.read, third.read) == (63, 63, 0)


def test_of_eight_simultaneous_processes_one_reads_the_real_images(
    digits: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            try:
                data = Counting("mnist_60", image=digits[:60])
                make_evaluator(data, CORNERS, ("fd", "kid"))
                (tmp_path / f"read_{number}").write_text(str(data.read))
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert sorted(int(file.read_text()) for file in tmp_path.glob("read_*")) == [0] * 7 + [60]


@pytest.mark.parametrize("change", ["data", "extractor", "count"])
def test_references_are_computed_again_when_anything_changes(change: str, digits: Tensor) -> None:
    first = Counting("mnist_62", image=digits[:62])
    make_evaluator(first)
    changed = digits[:62].clone()
    changed[0, 0, 0, 0] += change == "data"
    second = Counting("mnist_62", image=changed)
    make_evaluator(second, CORNERS if change == "extractor" else "lenet", count=61 if change == "count" else 0)
    assert second.read == (61 if change == "count" else 62)


def test_a_damaged_reference_is_computed_again(digits: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path))
    first, second = (Counting("mnist_61", image=digits[:61]) for _ in range(2))
    once, _ = make_evaluator(first).score(sampled(), 40)
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-5])
    again, _ = make_evaluator(second).score(sampled(), 40)
    assert second.read == 61 and again == once


@pytest.mark.parametrize("metrics", ["{", "[1]", '{"fd": 1}', '{"fd": ["mean"]}', '{"fd": [], "kid": []}'])
def test_references_whose_header_is_damaged_are_computed_again(
    digits: Tensor, metrics: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path))
    first, second = (Counting("mnist_61", image=digits[:61]) for _ in range(2))
    make_evaluator(first, metrics=("fd",))
    (file,) = tmp_path.rglob("*.safetensors")
    save_file(load_file(file), file, {"about": "{}", "metrics": metrics})
    make_evaluator(second, metrics=("fd",))
    assert second.read == 61


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: Any) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(Mistake, match="set GAN_ZOO_CACHE to another"):
        make_evaluator(few)


def test_the_chosen_real_images_are_always_the_same() -> None:
    assert chosen(5, 0).tolist() == [0, 1, 2, 3, 4]
    some = chosen(1000, 100)
    assert some.tolist() == chosen(1000, 100).tolist() == sorted(set(some.tolist())) and len(some) == 100
    assert 350 < some.mean() < 650, "chosen from the whole set, which may be sorted by class"


def test_more_real_images_than_there_are_are_refused(few: Counting) -> None:
    with pytest.raises(Mistake, match="302 real images are wanted, and mnist_301 has 301"):
        make_evaluator(few, count=302)
