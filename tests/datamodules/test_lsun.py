"""LSUN's layout: LMDBs of JPEGs whose keys are hashes of their content."""

import hashlib
import io
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from datamodules.errors import DataError
from datamodules.lsun import LSUN, Database
from datamodules.order import Request
from datamodules.sources import Source
from tests.drivers.image_files import encoded, picture

COUNT = 40


def make(folder: Path, contents: list[bytes]) -> dict[bytes, bytes]:
    """Write a database, and return its entries in the order of their keys."""
    folder.mkdir(parents=True)
    entries = {hashlib.sha1(content).hexdigest().encode(): content for content in contents}
    with lmdb.open(str(folder), map_size=2**24) as database, database.begin(write=True) as transaction:
        for key, content in entries.items():
            transaction.put(key, content)
    return dict(sorted(entries.items()))


@pytest.fixture
def bedrooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[bytes]]:
    """A root with photographs whose smaller side is 256 pixels, and the JPEGs in the order of their keys."""
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    jpegs = [encoded(picture(seed, *((300, 256) if seed % 2 else (256, 280)))) for seed in range(COUNT)]
    entries = make(tmp_path / "bedroom_train_lmdb", jpegs)
    make(tmp_path / "bedroom_val_lmdb", jpegs[:3])
    make(tmp_path / "cat", jpegs[:5])
    return tmp_path, list(entries.values())


def indexes(root: Path) -> Iterator[Path]:
    return root.glob("cache/lsun_keys_*")


def test_images_are_those_of_the_keys_in_order(bedrooms):
    root, jpegs = bedrooms
    source = LSUN(str(root)).source
    assert len(source) == COUNT and source.name == "lsun_bedroom_train"
    for index in (0, 7, COUNT - 1):
        assert np.array_equal(source.read(index), np.asarray(Image.open(io.BytesIO(jpegs[index]))))
        assert source.where(index).endswith(hashlib.sha1(jpegs[index]).hexdigest())


def test_batches_are_the_middle_squares(bedrooms):
    root, jpegs = bedrooms
    data = LSUN(str(root), resolution=256)
    data.setup("fit")
    image = data.images[Request(np.array([5]), None)]["image"][0]
    whole = np.asarray(Image.open(io.BytesIO(jpegs[5])))
    top, left = (whole.shape[0] - 256) // 2, (whole.shape[1] - 256) // 2
    assert np.array_equal(image.numpy(), whole[top : top + 256, left : left + 256].transpose(2, 0, 1))


@pytest.mark.parametrize(("category", "split", "count"), [("bedroom", "val", 3), ("cat", "train", 5)])
def test_other_splits_and_categories_are_other_folders(category, split, count, bedrooms):
    data = LSUN(str(bedrooms[0]), category=category, split=split)
    assert len(data.source) == count and data.source.name == f"lsun_{category}_{split}"


def test_the_keys_are_listed_once_when_the_first_image_is_read(bedrooms):
    """A later reader maps the list of the first: if the list is reversed, so are the images."""
    root, jpegs = bedrooms
    data = LSUN(str(root))
    assert len(data.source) == COUNT and not list(indexes(root))
    data.source.read(0)
    (file,) = indexes(root)
    keys = np.load(file)
    assert keys.dtype == np.dtype("S40") and len(keys) == COUNT
    np.save(file, keys[::-1])
    reversed_source = Database("lsun", root / "bedroom_train_lmdb")
    assert isinstance(reversed_source.keys, np.memmap)
    assert np.array_equal(reversed_source.read(0), np.asarray(Image.open(io.BytesIO(jpegs[-1]))))


def test_images_are_read_even_if_the_cache_folder_cannot_be_written(bedrooms, monkeypatch):
    root, jpegs = bedrooms
    (root / "file").write_text("")
    monkeypatch.setenv("GAN_ZOO_CACHE", str(root / "file"))
    source = LSUN(str(root)).source
    assert np.array_equal(source.read(9), np.asarray(Image.open(io.BytesIO(jpegs[9]))))


def pixels(source: Source, index: int) -> int:
    return int(source.read(index).sum())


# Python 3.12 warns when a process with threads forks, as DataLoader does for its workers; this is harmless here.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_read_the_same(method, bedrooms):
    source = LSUN(str(bedrooms[0])).source
    expected = [pixels(source, index) for index in range(COUNT)]
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.starmap(pixels, [(source, index) for index in range(COUNT)]) == expected
    assert pixels(source, 3) == expected[3], "the parent can still read"


def test_threads_and_pickled_copies_read_the_same(bedrooms):
    source = LSUN(str(bedrooms[0])).source
    copy = pickle.loads(pickle.dumps(source))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda index: pixels(copy, index % COUNT), range(4 * COUNT)))
    assert read == [pixels(source, index) for index in range(COUNT)] * 4


def test_fingerprint_is_of_keys_and_images_not_of_the_path(bedrooms, tmp_path):
    root, jpegs = bedrooms
    first = LSUN(str(root)).source.fingerprint()
    make(tmp_path / "elsewhere" / "bedroom_train_lmdb", jpegs)
    assert LSUN(str(tmp_path / "elsewhere")).source.fingerprint() == first
    make(tmp_path / "fewer" / "bedroom_train_lmdb", jpegs[1:])
    assert LSUN(str(tmp_path / "fewer")).source.fingerprint() != first
    assert LSUN(str(root), split="val").source.fingerprint() != first


def test_limit_takes_the_first_images_by_key(bedrooms, tmp_path):
    root, jpegs = bedrooms
    source = LSUN(str(root), limit=3).source
    assert len(source) == 3 and np.array_equal(source.read(2), np.asarray(Image.open(io.BytesIO(jpegs[2]))))
    make(tmp_path / "few" / "bedroom_train_lmdb", jpegs[:3])
    assert source.fingerprint() == LSUN(str(tmp_path / "few")).source.fingerprint()
    assert source.stamp() != LSUN(str(root)).source.stamp() == LSUN(str(root), limit=COUNT).source.stamp()
    assert len(list(indexes(tmp_path))) == 2, "one list of keys for each database, whatever the limit"
    with pytest.raises(DataError, match=r"data\.limit is 41, and lsun_bedroom_train has 40 images"):
        LSUN(str(root), limit=41)


def test_a_damaged_image_is_named_by_its_key(bedrooms, tmp_path):
    jpegs = bedrooms[1]
    (key,) = make(tmp_path / "bad" / "bedroom_train_lmdb", [jpegs[0][:200]])
    with pytest.raises(DataError, match=f"bedroom_train_lmdb, key {key.decode()} is damaged"):
        LSUN(str(tmp_path / "bad")).source.read(0)


def test_a_missing_database_is_one_line_that_says_which_file_goes_where(bedrooms):
    with pytest.raises(DataError, match=r"unpack tower_train_lmdb\.zip") as caught:
        LSUN(str(bedrooms[0]), category="tower")
    assert "bedroom_train_lmdb, bedroom_val_lmdb, cat" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_damaged_database_is_named(content, tmp_path):
    folder = tmp_path / "bedroom_train_lmdb"
    folder.mkdir()
    (folder / "data.mdb").write_bytes(content)
    with pytest.raises(DataError, match=str(folder)) as caught:
        LSUN(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_an_empty_database_is_refused(tmp_path):
    make(tmp_path / "bedroom_train_lmdb", [])
    with pytest.raises(DataError, match="no image"):
        LSUN(str(tmp_path))


@pytest.mark.slow
def test_importing_the_data_modules_loads_no_reader():
    code = "import datamodules.lsun, datamodules.svhn, sys; print(sorted({'lmdb', 'scipy.io'} & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert process.stdout.strip() == "[]", process.stderr
