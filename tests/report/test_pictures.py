"""Sample grids: which moments are shown, and what keeps the page small."""

import io
import os
from pathlib import Path

from PIL import Image

from gan_zoo.report import grouping, pictures
from gan_zoo.report.collect import collect
from tests.report.made import make_run, make_study, two_methods


def groups(*folders: Path) -> list[grouping.Group]:
    return grouping.group(collect(list(folders)))


def steps(found: dict) -> list[list[int | None]]:
    return [[cell["step"] if cell else None for cell in column["cells"]] for column in found["columns"]]


def test_columns_are_methods_and_moments_are_steps(tmp_path: Path) -> None:
    found = pictures.samples(groups(two_methods(tmp_path / "s")))
    assert found["moments"] == ["step 0", "step 50", "step 100"]
    assert [(column["label"], column["run"]) for column in found["columns"]] == [("a", "a-s0"), ("b", "b-s0")]
    assert steps(found) == [[0, 50, 100]] * 2
    assert all(cell["source"].startswith("data:image/png;base64,iVBOR") for cell in found["columns"][0]["cells"])


def test_a_method_that_ended_early_leaves_gaps(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    make_run(folder / "c", {0: 90.0}, model="VAE", status="failed", error="no")
    assert steps(pictures.samples(groups(folder))) == [[0, 50, 100], [0, 50, 100], [0, None, None]]


def test_moments_are_shares_where_methods_are_not_equally_long(tmp_path: Path) -> None:
    make_run(tmp_path / "s" / "a", {0: 9.0, 10: 5.0, 20: 3.0})
    make_run(tmp_path / "s" / "b", {0: 9.0, 100: 5.0, 200: 3.0}, model="WGAN")
    found = pictures.samples(groups(tmp_path / "s"))
    assert found["moments"] == ["step 0", "50% of the training", "100% of the training"]
    assert steps(found) == [[0, 10, 20], [0, 100, 200]]


def test_whether_the_latents_are_the_same_is_said(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {0: 9.0})
    assert "the same images to start from at every moment." in pictures.samples(groups(tmp_path))["note"]
    make_run(tmp_path / "b", {0: 9.0}, model="WGAN")
    assert "and in every column" in pictures.samples(groups(tmp_path))["note"]
    make_run(tmp_path / "c", {0: 9.0}, model="VAE", config={"latent_dim": 20})
    note = pictures.samples(groups(tmp_path))["note"]
    assert "the same latents at every moment" in note and "model.latent_dim differ" in note


def noise(file: Path, size: int) -> None:
    Image.frombytes("RGB", (size, size), os.urandom(3 * size * size)).save(file)


def test_pictures_keep_within_their_room(tmp_path: Path) -> None:
    cells = {}
    for method in ("a", "b"):
        folder = make_run(tmp_path / "s" / method, dict.fromkeys(range(0, 100, 10), 1.0))
        for file in (folder / "images").iterdir():
            noise(file, 100)  # 30 kB
        cells[method] = {"method": method}
    found = groups(make_study(tmp_path / "s", cells))
    assert len(pictures.samples(found, room=1_000_000)["moments"]) == 10
    assert len(pictures.samples(found, room=200_000)["moments"]) == 3  # 6 pictures
    one = pictures.samples(found, room=50_000)
    assert len(one["moments"]) == 1 and "reduced" in one["note"]
    assert one["columns"][0]["cells"][0]["source"].startswith("data:image/jpeg;base64,")


def test_reduced_pictures_are_small(tmp_path: Path) -> None:
    noise(tmp_path / "x.png", 2000)
    kind, content = pictures.smaller(tmp_path / "x.png")
    with Image.open(io.BytesIO(content)) as picture:
        assert (kind, picture.format, max(picture.size)) == ("jpeg", "JPEG", 640)


def test_the_latest_neighbours_are_shown(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "x", {0: 9.0})
    for step in (5, 10):
        noise(folder / "images" / f"neighbours_{step:08d}.png", step)
    (column,) = pictures.samples(groups(tmp_path))["columns"]
    assert column["neighbours"] == pictures.data_uri(folder / "images" / "neighbours_00000010.png", reduced=False)


def test_a_picture_that_has_gone_is_empty(tmp_path: Path) -> None:
    assert pictures.data_uri(tmp_path / "gone.png", reduced=False) == ""
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n")
    assert pictures.data_uri(tmp_path / "cut.png", reduced=True) == ""
