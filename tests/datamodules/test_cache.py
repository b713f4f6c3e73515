"""A set gives the same batches from memory, from the cache and from workers; and how much memory the cache takes."""

import os
import pickle
import subprocess
import sys
import zipfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datamodules import cache, fingerprints, stream
from datamodules.cache import Mapped
from datamodules.decoding import shrink
from datamodules.errors import DataError
from datamodules.images import Decoded, Images, InMemory, in_memory
from datamodules.order import Request
from datamodules.preparing import prepare
from datamodules.sources import Files, Source
from datamodules.stores import open_store
from datamodules.stream import SourcedData
from datamodules.transform import Square
from gan_zoo.module import Feed
from tests.conftest import REPOSITORY
from tests.drivers.image_files import encoded, picture

COUNT = 70
SQUARE = Square(16)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Labelled images in a zip, of various sizes."""
    path = tmp_path_factory.mktemp("set") / "set.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(COUNT):
            packed.writestr(f"{number:02}.png", encoded(picture(number, 20 + number % 3, 18), "PNG"))
    store = open_store(path)
    return Files("made", store, store.names, {"label": torch.arange(COUNT)})


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for a single test."""
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def readers(source: Files, cache_folder: Path) -> list[Images]:
    prepare(source, SQUARE)
    mapped = cache.find(source, SQUARE)
    assert mapped
    return [in_memory(source, SQUARE), mapped, Decoded(source, SQUARE), pickle.loads(pickle.dumps(mapped))]


@pytest.mark.parametrize("resolution", [None, 16, 8, 4, 2])
def test_all_readers_deliver_the_same_images(resolution, readers, source):
    indices = np.array([3, 69, 0, 3])
    batches = [images[Request(indices, resolution)] for images in readers]
    for batch in batches:
        assert_close(batch, batches[0], rtol=0, atol=0)
    whole = torch.from_numpy(np.stack([SQUARE(source.read(int(index))) for index in indices]))
    assert torch.equal(batches[0]["image"], shrink(whole, resolution or 16))
    assert batches[0]["label"].tolist() == indices.tolist()


def test_all_readers_have_the_same_name_and_fingerprint(readers):
    assert {images.name for images in readers} == {"made_16px_70"}
    assert len({images.fingerprint() for images in readers}) == 1
    assert {len(images) for images in readers} == {COUNT}
    assert [images.labels["label"].tolist() for images in readers] == [list(range(COUNT))] * len(readers)


def test_all_readers_refuse_a_size_that_does_not_divide_the_resolution(readers):
    for images in readers:
        with pytest.raises(DataError, match="16 x 16 pixels cannot be shown at 3 x 3"):
            images[Request(np.arange(2), 3)]


@pytest.mark.parametrize(
    ("resolution", "sizes"), [(64, [64, 32, 16, 8, 4]), (28, [28, 14, 7]), (100, [100, 50, 25]), (4, [4]), (5, [5])]
)
def test_sizes_are_halves_down_to_four_or_an_odd_number(resolution, sizes):
    assert cache.sizes(Square(resolution)) == sizes


def test_numpy_opens_the_file_of_each_size(readers, cache_folder):
    files = {int(file.stem): np.load(file) for file in cache_folder.rglob("*.npy")}
    assert {size: array.shape for size, array in files.items()} == {r: (COUNT, 3, r, r) for r in (16, 8, 4)}


@pytest.mark.parametrize("left", [0, 50, 1000])
def test_a_file_that_was_truncated_later_is_named(left, readers, cache_folder, source):
    file = next(cache_folder.rglob("16.npy"))
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(DataError, match=r"16\.npy is damaged.*prepare the data again") as caught:
        cache.find(source, SQUARE)
    assert "\n" not in str(caught.value)


def test_fingerprints_are_read_once_while_files_are_untouched(cache_folder, tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    for number in range(3):
        (tmp_path / "x" / f"{number}.png").write_bytes(encoded(picture(number), "PNG"))
    store = open_store(tmp_path / "x")
    reads: list[str] = []

    class Counted(Files):
        def fingerprint(self) -> str:
            reads.append(self.name)
            return super().fingerprint()

    first = fingerprints.content_fingerprint(Counted("made", store, store.names))
    assert fingerprints.content_fingerprint(Counted("made", store, store.names)) == first and len(reads) == 1
    os.utime(tmp_path / "x" / "1.png", ns=(1, 1))
    assert fingerprints.content_fingerprint(Counted("made", store, store.names)) == first and len(reads) == 2
    (tmp_path / "x" / "1.png").write_bytes(encoded(picture(9), "PNG"))
    assert fingerprints.content_fingerprint(Counted("made", store, store.names)) != first and len(reads) == 3


class Made(SourcedData):
    def __init__(self, source: Source, workers: int = 0, split: str = "") -> None:
        super().__init__(batch_size=4, workers=workers)
        self.source, self.square, self.image_shape = source, SQUARE, (3, 16, 16)

    def sources(self) -> dict[str, Source]:
        return {"image": self.source}


def loader(data: SourcedData, start: int = 0):
    data.setup("fit")
    data.trainer = SimpleNamespace(  # pyright: ignore[reportAttributeAccessIssue]
        lightning_module=SimpleNamespace(feed=lambda step: Feed(2, 5, [4, 8, None][step % 3]), seed=3),
        global_rank=0,
        world_size=1,
        global_step=start,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )
    return data.train_dataloader()


def test_a_small_set_lives_in_memory_a_prepared_one_in_the_cache_and_another_is_decoded(
    source, cache_folder, monkeypatch
):
    kinds = {}
    kinds["small"] = loader(Made(source, workers=2))
    monkeypatch.setattr(stream, "SMALL_COUNT", COUNT - 1)
    kinds["large"] = loader(Made(source, workers=2))
    monkeypatch.setattr(stream, "SMALL_COUNT", COUNT)
    monkeypatch.setattr(stream, "SMALL_BYTES", COUNT * 3 * 16**2 - 1)
    kinds["heavy"] = loader(Made(source, workers=2))
    prepare(source, SQUARE)
    kinds["prepared"] = loader(Made(source, workers=2))
    readers = {kind: (type(dataloader.dataset), dataloader.num_workers) for kind, dataloader in kinds.items()}
    assert readers == {"small": (InMemory, 0), "large": (Decoded, 2), "heavy": (Decoded, 2), "prepared": (Mapped, 0)}


# Python 3.12 warns when a process with threads forks, as DataLoader does for its workers; this is harmless here.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("start", [0, 11])
def test_workers_and_the_cache_change_nothing(start, source, cache_folder, monkeypatch):
    """Images, labels, order and sizes are equal, from the first step and from the middle of the second pass."""
    monkeypatch.setattr(stream, "SMALL_COUNT", 0)
    first, *others = [list(islice(loader(Made(source, workers), start), 9)) for workers in (0, 2)]
    prepare(source, SQUARE)
    others.append(list(islice(loader(Made(source), start), 9)))
    for batches in others:
        assert_close(batches, first, rtol=0, atol=0)
    assert [batch["image"].shape[2] for batch in first[:3]] == [[4, 8, 16][(start + i) % 3] for i in range(3)]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_image_stops_training_with_one_line_that_names_it(workers, tmp_path, cache_folder, monkeypatch):
    monkeypatch.setattr(stream, "SMALL_COUNT", 0)
    for number in range(20):
        (tmp_path / f"{number:02}.jpg").write_bytes(encoded(picture(number)))
    (tmp_path / "07.jpg").write_bytes((tmp_path / "07.jpg").read_bytes()[:-50])
    store = open_store(tmp_path)
    names = [name for name in store.names if name.endswith(".jpg")]
    with pytest.raises(DataError) as caught:
        list(islice(loader(Made(Files("made", store, names), workers)), 4))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/07.jpg is damaged") and "\n" not in message and "Traceback" not in message


MEMORY = """
import os, sys, json
import numpy as np
from datamodules.cache import Level
from datamodules.order import Passes

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

size = int(sys.argv[2])
level, passes = Level(__import__("pathlib").Path(sys.argv[1])), Passes(size, seed=0)
level.gather(passes.at(np.arange(64)))
before, most = resident(), 0
for start in range(0, size, 64):
    level.gather(passes.at(np.arange(start, start + 64)))
    most = max(most, resident() - before)
print(most)
"""


@pytest.mark.slow  # a gigabyte of files, mostly holes
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_set(tmp_path):
    """A pass over 100,000 images of 64 x 64 pixels, 1.2 GB, takes as much memory as a pass over a tenth of them.

    Pages stay mapped until 16 MB were read. The kernel maps 64 kB around each image of 12 kB, hence about 90 MB.
    """
    grown = []
    for size in (10_000, 100_000):
        np.lib.format.open_memmap(tmp_path / "64.npy", "w+", np.uint8, (size, 3, 64, 64))
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(tmp_path / "64.npy"), str(size)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        grown.append(int(done.stdout))
    assert grown[1] < 160e6 and grown[1] - grown[0] < 64e6
