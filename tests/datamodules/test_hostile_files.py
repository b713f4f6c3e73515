"""Images, zips and folders that would take all memory or time are refused by what they state, before they are read."""

import gzip
import os
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from datamodules import celeba, cifar10, idx, labels, sources, stores, svhn
from datamodules.collection import collect
from datamodules.errors import DataError
from datamodules.image_folder import ImageFolder
from datamodules.stores import Folder, Zip


def png(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that states its size and ends."""
    header = b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    data = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + data


@pytest.mark.parametrize("sides", [(20_000, 10_000), (1 << 30, 1), (1, 1 << 30)])
def test_an_image_of_too_many_pixels_is_refused(sides: tuple[int, int]) -> None:
    with pytest.raises(DataError, match=r"x\.png .*(pixels|decompression bomb)"):
        sources.decode(png(*sides), "x.png")


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    kind = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", kind) as target, target.open("a.png", "w") as member:
        for _ in range(257):
            member.write(bytes(1 << 20))
    assert (tmp_path / "bomb.zip").stat().st_size < 300_000
    with pytest.raises(DataError, match=r"a member a\.png of 269,484,032 bytes"):
        Zip(tmp_path / "bomb.zip")


def altered(path: Path, place: int, value: int, width: str = "<I") -> Path:
    """Write a zip of one stored and one deflated file, with a number of the first central entry replaced."""
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("a.png", bytes(5000), zipfile.ZIP_DEFLATED)
        target.writestr("b.png", bytes(50))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + place
    content[at : at + struct.calcsize(width)] = struct.pack(width, value)
    path.write_bytes(content)
    return path


PACKED, SIZE, OFFSET = 20, 24, 42  # places in an entry of a zip's central directory


@pytest.mark.parametrize(
    ("place", "value"),
    [(PACKED, 1 << 31), (PACKED, 5000), (SIZE, 1 << 31), (SIZE, 1 << 27), (OFFSET, 1 << 30), (OFFSET, 10**6)],
)
def test_a_zip_that_states_what_is_not_there_is_refused(tmp_path: Path, place: int, value: int) -> None:
    with pytest.raises(DataError, match=r"x\.zip is (damaged|no complete zip)"):
        Zip(altered(tmp_path / "x.zip", place, value))


@pytest.mark.parametrize(("place", "value"), [(SIZE, 4000), (SIZE, 5001), (OFFSET, 3)])
def test_a_member_that_is_not_as_stated_is_damaged(tmp_path: Path, place: int, value: int) -> None:
    store = Zip(altered(tmp_path / "x.zip", place, value))
    with pytest.raises(DataError, match=r"x\.zip/a\.png is damaged"):
        store.read("a.png")


def test_members_on_top_of_one_another_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as target:
        target.writestr("a.png", os.urandom(5000))
    content = (tmp_path / "x.zip").read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entries = [content[start:end].replace(b"a.png", f"{name}.png".encode()) for name in "abcd"]
    directory = b"".join(entries)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 4, 4, len(directory), start, 0)
    (tmp_path / "x.zip").write_bytes(content[:start] + directory + tail)
    with pytest.raises(DataError, match="on top of one another"):
        Zip(tmp_path / "x.zip")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of three images: two in the class `a`, one in `b`."""
    for number, name in enumerate(("a/1.png", "a/2.png", "b/3.png")):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "images" / name)
    return tmp_path / "images"


def test_links_that_loop_are_followed_once(images: Path) -> None:
    names = Folder(images).names
    assert names == ["a/1.png", "a/2.png", "b/3.png"]
    (images / "loop").symlink_to(".")
    (images / "a/up").symlink_to("../..")
    (images / "b/again").symlink_to("../a")
    assert Folder(images).names == names
    assert len(collect([images])) == 3
    assert len(ImageFolder(root=str(images), resolution=8).source) == 3


def test_a_linked_folder_and_a_linked_image_are_read(images: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/c").symlink_to(images / "a")
    (tmp_path / "links/4.png").symlink_to(images / "b/3.png")
    assert Folder(tmp_path / "links").names == ["4.png", "c/1.png", "c/2.png"]


def test_a_path_that_is_named_twice_is_collected_once(images: Path) -> None:
    assert len(collect([images, images])) == 3
    assert len(collect([images, images / "a"])) == 3
    assert len(collect([images / "a", images / "b"])) == 3


def test_what_is_no_file_is_neither_listed_nor_waited_for(images: Path) -> None:
    os.mkfifo(images / "a/0.png")
    assert Folder(images).names == ["a/1.png", "a/2.png", "b/3.png"]
    with pytest.raises(DataError, match=r"0\.png is no file"):
        Folder(images).read("a/0.png")


def test_a_large_file_is_refused_by_its_size(images: Path) -> None:
    with open(images / "a/1.png", "wb") as file:
        file.truncate(stores.LARGEST + 1)  # takes no room on the disk
    start = time.monotonic()
    with pytest.raises(DataError, match="a file may have"):
        Folder(images).read("a/1.png")
    assert time.monotonic() - start < 1


def test_a_gzip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(bytes(idx.LARGEST + 1), 1))
    with pytest.raises(DataError, match="holds more than"):
        idx.read_idx(tmp_path / "x.gz")


@pytest.mark.parametrize("name", ["x.csv", "train-labels-idx1-ubyte", "list.txt", "data_batch_1", "train_32x32.mat"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    os.mkfifo(file)
    readers = {"csv": labels.read_csv, "txt": lambda file: celeba.read_lines(file, 1), "mat": svhn.read_mat}
    read = readers.get(name.partition(".")[2], cifar10.read_batch if name.startswith("data") else idx.read_idx)
    with pytest.raises(DataError, match=rf"{name}.* (a pipe|no file)"):
        read(file)


def test_a_link_that_leads_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").symlink_to("x.zip")
    with pytest.raises(DataError, match=r"no folder and no zip .*x\.zip"):
        collect([tmp_path / "x.zip"])
