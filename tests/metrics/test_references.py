"""What scores read of the real images: once for all, and again where anything is other."""

import os
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import chosen
from tests.metrics.scored import ALL, CORNERS, Counting, drawn, judge


def test_a_second_evaluation_of_the_same_data_reads_no_real_image(digits: Tensor) -> None:
    first, second = (Counting("mnist_64", image=digits[:64]) for _ in range(2))
    once, _ = judge(first, metrics=ALL).score(drawn(), 40)
    again, _ = judge(second, metrics=ALL).score(drawn(), 40)
    assert (first.read, second.read) == (64, 0)
    assert again == once


def test_a_metric_that_is_new_is_computed_and_what_was_there_is_kept(digits: Tensor) -> None:
    one, two, three = (Counting("mnist_63", image=digits[:63]) for _ in range(3))
    judge(one, metrics=("fd",))
    judge(two, metrics=("fd", "kid"))
    judge(three, metrics=("kid", "fd", "is"))
    assert (one.read, two.read, three.read) == (63, 63, 0)


def test_eight_processes_that_want_them_at_once_read_the_real_images_once(
    digits: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            try:
                data = Counting("mnist_60", image=digits[:60])
                judge(data, CORNERS, ("fd", "kid"))
                (tmp_path / f"read_{number}").write_text(str(data.read))
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert sorted(int(file.read_text()) for file in tmp_path.glob("read_*")) == [0] * 7 + [60]


@pytest.mark.parametrize("other", ["data", "extractor", "count"])
def test_references_of_something_else_are_not_taken(other: str, digits: Tensor) -> None:
    first = Counting("mnist_62", image=digits[:62])
    judge(first)
    changed = digits[:62].clone()
    changed[0, 0, 0, 0] += other == "data"
    second = Counting("mnist_62", image=changed)
    judge(second, CORNERS if other == "extractor" else "lenet", count=61 if other == "count" else 0)
    assert second.read == (61 if other == "count" else 62)


def test_a_damaged_reference_is_made_again(digits: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path))
    first, second = (Counting("mnist_61", image=digits[:61]) for _ in range(2))
    once, _ = judge(first).score(drawn(), 40)
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-5])
    again, _ = judge(second).score(drawn(), 40)
    assert second.read == 61 and again == once


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: Any) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(Mistake, match="set GAN_ZOO_CACHE to another"):
        judge(few)


def test_some_of_the_real_images_are_the_same_for_all_who_ask() -> None:
    assert chosen(5, 0).tolist() == [0, 1, 2, 3, 4]
    some = chosen(1000, 100)
    assert some.tolist() == chosen(1000, 100).tolist() == sorted(set(some.tolist())) and len(some) == 100
    assert 350 < some.mean() < 650, "from all over the set, which may be sorted by class"


def test_more_real_images_than_there_are_are_refused(few: Counting) -> None:
    with pytest.raises(Mistake, match="302 real images are wanted, and mnist_301 has 301"):
        judge(few, count=302)
