"""`prepare` in real processes: killed, two at once, on full and read-only disks, and with damaged images."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules import cache, fingerprints
from datamodules.errors import DataError
from datamodules.order import Request
from datamodules.preparing import prepare
from datamodules.transform import Square
from tests.conftest import REPOSITORY
from tests.drivers.image_files import encoded, picture
from tests.drivers.preparing import files

COUNT, RESOLUTION = 330, 16
"""Five chunks and a part of a sixth."""
SQUARE = Square(RESOLUTION)
SIZE = 3 * RESOLUTION**2


def command(path: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "tests.drivers.preparing", str(path), str(RESOLUTION), *more]


def start(path: Path, own: Path, *more: str) -> subprocess.Popen:
    """Start a process that prepares `path` in the cache folder `own`."""
    environment = os.environ | {"GAN_ZOO_CACHE": str(own)}
    return subprocess.Popen(
        command(path, *more),
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen) -> tuple[int, list[str]]:
    """Return exit code and printed lines."""
    output, _ = process.communicate(timeout=120)
    return process.returncode, output.splitlines()


def content(own: Path) -> dict[str, bytes]:
    """Return the contents of the files of decoded images in a cache folder, by their names."""
    return {str(file.relative_to(own)): file.read_bytes() for file in sorted(own.rglob("*.npy"))}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of small images."""
    path = tmp_path_factory.mktemp("faces") / "faces.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(COUNT):
            packed.writestr(f"{number:03}.jpg", encoded(picture(number, 24, 20)))
    return path


@pytest.fixture(scope="module")
def whole(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that an uninterrupted preparation writes."""
    own = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_ZOO_CACHE", str(own))
        prepare(files(faces), SQUARE)
    return content(own)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for a single test."""
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def damaged(faces: Path, tmp_path: Path) -> Path:
    """A folder of the images, in which 070.jpg is truncated, 200.jpg is empty and 201.jpg is a text."""
    with zipfile.ZipFile(faces) as packed:
        packed.extractall(tmp_path / "faces")
    (tmp_path / "faces" / "070.jpg").write_bytes((tmp_path / "faces" / "070.jpg").read_bytes()[:-200])
    (tmp_path / "faces" / "200.jpg").write_bytes(b"")
    (tmp_path / "faces" / "201.jpg").write_text("no image")
    return tmp_path / "faces"


def killed(faces: Path, own: Path) -> int:
    """Kill a preparation after its second chunk, and return how many images it had reported by then."""
    with start(faces, own, "--seconds", "0.01") as process:
        assert process.stdout
        done = [int(process.stdout.readline()) for _ in range(2)][-1]
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) == -signal.SIGKILL
    return done


@pytest.mark.slow  # two processes that import torch
def test_after_sigkill_the_rest_is_done_and_the_result_equals_an_uninterrupted_one(faces, whole, own):
    done = killed(faces, own)
    assert 0 < done < COUNT
    assert cache.find(files(faces), SQUARE) is None, "an incomplete set is not used"
    code, lines = finish(start(faces, own))
    assert code == 0 and int(lines[0]) > done, "it resumes where the first process stopped"
    assert int(lines[-1]) == COUNT and content(own) == whole
    assert cache.find(files(faces), SQUARE) is not None


@pytest.mark.parametrize("kept", [0, 5, 130, 128 + SIZE - 1, 128 + SIZE, 128 + 70 * SIZE + 11, 128 + COUNT * SIZE])
def test_files_that_end_anywhere_are_completed(kept, faces, whole, own):
    """After a power failure a file may end in its header or in an image, and at another image for each size."""
    for name, bytes_ in whole.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_bytes(bytes_[:kept] if name.endswith(f"/{RESOLUTION}.npy") else bytes_[: 2 * kept])
    prepare(files(faces), SQUARE)
    assert content(own) == whole


@pytest.mark.slow  # two processes that import torch
def test_of_two_at_once_one_decodes_and_the_other_waits(faces, whole, own):
    both = [start(faces, own, "--seconds", "0.005") for _ in range(2)]
    ended = [finish(process) for process in both]
    assert [code for code, _ in ended] == [0, 0]
    assert sorted(len(lines) for _, lines in ended) == [0, 6], "number of chunks that each process decoded"
    assert content(own) == whole


def test_a_second_time_nothing_is_decoded(faces, own):
    progress: list[int] = []
    prepare(files(faces), SQUARE, progress=progress.append)
    assert progress[-1] == COUNT
    prepare(files(faces), SQUARE, progress=progress.append)
    assert len(progress) == 6


def test_other_squares_or_other_content_are_prepared_separately(faces, damaged, own):
    for square in (SQUARE, Square(8), Square(RESOLUTION, crop=10), Square(RESOLUTION, channels=1)):
        prepare(files(faces), square)
    assert len({file.parent for file in own.rglob("meta.json")}) == 4
    assert cache.find(files(damaged), SQUARE) is None


def test_a_copy_elsewhere_finds_the_prepared_images(faces, own, tmp_path):
    prepare(files(faces), SQUARE)
    moved = Path(shutil.copy(faces, tmp_path / "moved.zip"))
    progress: list[int] = []
    prepare(files(moved), SQUARE, progress=progress.append)
    assert not progress and cache.find(files(moved), SQUARE) is not None


def test_files_that_changed_since_do_not_find_the_prepared_images(faces, own, tmp_path):
    with zipfile.ZipFile(faces) as packed:
        packed.extractall(tmp_path / "faces")
    prepare(files(tmp_path / "faces"), SQUARE)
    (tmp_path / "faces" / "007.jpg").write_bytes(encoded(picture(1000, 24, 20)))
    assert cache.find(files(tmp_path / "faces"), SQUARE) is None


def test_a_damaged_image_stops_the_preparation_and_is_named(damaged, own):
    with pytest.raises(DataError, match=r"070\.jpg is damaged") as caught:
        prepare(files(damaged), SQUARE)
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)
    assert cache.find(files(damaged), SQUARE) is None


@pytest.mark.slow
@pytest.mark.parametrize("first_refused", [False, True])
def test_damaged_images_are_left_out_on_request(first_refused, damaged, faces, own):
    if first_refused:
        with pytest.raises(DataError):
            prepare(files(damaged), SQUARE)
    skipped = prepare(files(damaged), SQUARE, skip=True)
    assert sorted(skipped) == [70, 200, 201]
    assert all(f"{index:03}.jpg is damaged" in reason for index, reason in skipped.items())
    prepared = cache.find(files(damaged), SQUARE)
    assert prepared and len(prepared) == COUNT - 3 and prepared.name == f"made_16px_{COUNT - 3}"
    prepare(files(faces), SQUARE)
    intact = cache.find(files(faces), SQUARE)
    assert intact
    kept = np.delete(np.arange(COUNT), [70, 200, 201])
    expected, batch = intact[Request(kept, None)], prepared[Request(np.arange(len(kept)), None)]
    assert torch.equal(batch["image"], expected["image"])
    assert prepared.fingerprint() != intact.fingerprint()
    assert prepared.fingerprint() != fingerprints.image_fingerprint(files(damaged), SQUARE), (
        "the damaged files are left out"
    )


def test_a_set_without_usable_images_is_refused(tmp_path, own):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"No image of made can be used: .*1\.jpg"):
        prepare(files(tmp_path / "x"), SQUARE, skip=True)


@pytest.mark.slow
def test_an_image_smaller_than_the_crop_is_named(faces, own):
    with pytest.raises(DataError, match=r"000\.jpg: 24 x 20 pixels are smaller than the crop of 21"):
        prepare(files(faces), Square(RESOLUTION, crop=21))
    prepare(files(faces), Square(RESOLUTION, crop=20))


def mounted(script: str, tmp_path: Path, own: Path) -> subprocess.CompletedProcess:
    """Run a script in a namespace in which it may mount small disks."""
    arguments = ["unshare", "--mount", "--user", "--map-root-user", "sh", "-ec"]
    probe = ["mount -t tmpfs tmpfs " + shlex.quote(str(tmp_path))]
    if subprocess.run([*arguments, *probe], capture_output=True).returncode:
        pytest.skip("this machine does not allow mounting a disk in a namespace")
    environment = os.environ | {"GAN_ZOO_CACHE": str(own)}
    return subprocess.run([*arguments, script], cwd=REPOSITORY, env=environment, capture_output=True, text=True)


@pytest.mark.slow  # a process that imports torch
def test_a_disk_that_is_too_small_is_refused_before_anything_is_decoded(faces, own, tmp_path):
    own.mkdir()
    ended = mounted(f"mount -t tmpfs -o size=128k tmpfs {own}; {shlex.join(command(faces))}", tmp_path, own)
    assert ended.returncode == 2, ended.stderr
    assert "MB are free. Make room, or name another folder in the environment variable GAN_ZOO_CACHE" in ended.stdout
    assert len(ended.stdout.splitlines()) == 1


@pytest.mark.slow  # a process that imports torch
def test_room_for_the_remaining_images_is_enough(faces, whole, own, tmp_path):
    """Half of the images exist, and the free space is enough for the rest but not for all."""
    for name, bytes_ in whole.items():
        (tmp_path / "half" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "half" / name).write_bytes(bytes_[: len(bytes_) // 2])
    own.mkdir()
    size = sum(map(len, whole.values()))
    script = f"""mount -t tmpfs -o size={size + size // 4} tmpfs {own}; cp -r {tmp_path}/half/. {own}
        {shlex.join(command(faces))}; cp -r {own} {tmp_path}/kept"""
    ended = mounted(script, tmp_path, own)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert content(tmp_path / "kept") == whole


@pytest.mark.slow  # two processes that import torch
def test_a_disk_that_fills_up_ends_in_one_line_and_decoded_images_stay(faces, whole, own):
    """A limit on the size of files makes a write fail in the middle, as when another process fills the disk."""
    limited = ["sh", "-c", f"ulimit -f 240; {shlex.join(command(faces))}"]  # blocks of 512 bytes
    ended = subprocess.run(limited, cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    *done, message = ended.stdout.splitlines()
    assert message.startswith("The cache cannot be written: ") and "GAN_ZOO_CACHE" in message
    progress: list[int] = []
    prepare(files(faces), SQUARE, progress=progress.append)
    assert done and progress[0] > int(done[-1]) and content(own) == whole


@pytest.mark.slow  # a process that imports torch
def test_a_read_only_data_folder_is_prepared_in_the_cache_folder(faces, whole, own, tmp_path):
    read_only = tmp_path / "read-only"
    read_only.mkdir()
    own.mkdir()
    script = f"""mount -t tmpfs tmpfs {read_only}; cp {faces} {read_only}/faces.zip; mount -o remount,ro {read_only}
        {shlex.join(command(read_only / "faces.zip"))}"""
    ended = mounted(script, tmp_path, own)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert content(own) == whole


@pytest.mark.slow  # a process that imports torch
def test_a_read_only_cache_folder_is_one_line(faces, own, tmp_path):
    own.mkdir()
    ended = mounted(f"mount -t tmpfs -o ro tmpfs {own}; {shlex.join(command(faces))}", tmp_path, own)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout.startswith("The cache cannot be written: ") and len(ended.stdout.splitlines()) == 1
    assert "Read-only file system" in ended.stdout
