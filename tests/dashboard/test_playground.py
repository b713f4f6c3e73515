"""The playground with real runs and its real process: equal pictures, uploads, kills, and what it refuses."""

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_zoo import images
from gan_zoo.dashboard.playground import LARGEST, MOST_WAITING, SENT, Playground, Superseded, Unavailable
from gan_zoo.errors import Mistake
from gan_zoo.images import to_uint8
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.run.directory import Run
from gan_zoo.training.loading import load
from tests.dashboard.played import Runs, train
from tests.dashboard.played import runs as runs
from tests.datamodules.test_hostile_files import png as bomb
from tests.drivers.image_files import encoded, picture

pytestmark = pytest.mark.slow  # the process needs some seconds to load torch


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    playground = Playground()
    yield playground
    playground.close()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.format == "PNG"
        return np.asarray(opened)


def drawn(run: Run, count: int, seed: int) -> np.ndarray:
    """Return the sheet of a run's samples, made in this process."""
    return images.grid(to_uint8(load(run.path).sample(count, seed)))[0].numpy()


def test_a_picture_is_the_sample_of_its_seed_and_the_same_each_time(playground: Playground, runs: Runs) -> None:
    first = playground.picture(runs.noise, "sample", {"seed": "3", "count": "4"})
    again = playground.picture(runs.noise, "sample", {"count": "4", "seed": "3"})
    other = playground.picture(runs.noise, "sample", {"seed": "4", "count": "4"})
    assert first == again
    assert other.content != first.content and other.tag != first.tag
    assert (pixels(first.content) == drawn(runs.noise, 4, 3)).all()
    assert playground.tag(runs.noise, "sample", {"seed": "3", "count": "4"}) == first.tag


def test_controls_are_those_that_the_model_has(playground: Playground, runs: Runs) -> None:
    noise = {mode["name"]: [c["name"] for c in mode["controls"]] for mode in playground.controls(runs.noise)}
    assert noise == {
        "sample": ["seed", "count"],
        "walk": ["seed", "end", "position", "count"],
        "sum": ["seed", "a", "b", "c"],
    }
    (translate,) = playground.controls(runs.horses)
    image, direction = translate["controls"]
    assert (image["kind"], image["count"], direction["options"]) == ("picture", 16, ["a2b", "b2a"])


def test_a_run_that_goes_on_is_read_again(playground: Playground, runs: Runs, tmp_path: Path) -> None:
    run = Run(shutil.copytree(runs.noise.path, tmp_path / "x"))
    before = playground.picture(run, "sample", {"count": "4"})
    train(run.path, 6)
    assert playground.tag(run, "sample", {"count": "4"}) != before.tag
    after = playground.picture(run, "sample", {"count": "4"})
    assert (pixels(after.content) == drawn(run, 4, 0)).all()
    assert (pixels(after.content) != pixels(before.content)).any()
    assert playground.tag(run, "sample", {"count": "4"}) == after.tag


def translation(run: Run, content: bytes) -> np.ndarray:
    """Return an image of the training's size and its translation, made in this process."""
    model = load(run.path)
    assert isinstance(model, CycleGAN)
    with Image.open(io.BytesIO(content)) as opened:
        image = images.to_float(torch.from_numpy(np.asarray(opened).copy()).permute(2, 0, 1)[None])
    return images.grid(to_uint8(torch.cat([image, model.translate(image)])), 2).permute(1, 2, 0).numpy()


def test_the_runs_own_images_are_those_that_it_was_not_trained_on(playground: Playground, runs: Runs) -> None:
    for number, file in enumerate(runs.held_out):
        shown = playground.picture(runs.horses, "translate", {"image": str(number)})
        assert (pixels(shown.content) == translation(runs.horses, file.read_bytes())).all()


def test_an_image_that_was_sent_is_translated(playground: Playground, runs: Runs) -> None:
    """It has the size of the training's images, so that nothing is resized. Its name is its content's."""
    content = encoded(picture(99, 16, 16), "PNG")
    name = playground.keep(content)
    assert name == playground.keep(content)
    shown = playground.picture(runs.horses, "translate", {"image": name})
    assert (pixels(shown.content) == translation(runs.horses, content)).all()
    back = playground.picture(runs.horses, "translate", {"image": name, "direction": "b2a"})
    assert (pixels(back.content) != pixels(shown.content)).any()


def test_large_images_are_cut_and_reduced_and_the_oldest_forgotten(playground: Playground, runs: Runs) -> None:
    first = playground.keep(encoded(picture(0, 2000, 1500)))
    assert pixels(playground._sent[first]).shape == (512, 512, 3)
    playground.picture(runs.horses, "translate", {"image": first})
    for number in range(SENT):
        playground.keep(encoded(picture(number, 5, 4)))
    with pytest.raises(Mistake, match="This image is no longer here: choose the file again"):
        playground.picture(runs.horses, "translate", {"image": first})


def test_files_that_are_no_images_and_bombs_are_refused(playground: Playground, runs: Runs) -> None:
    playground.controls(runs.noise)
    process = playground.process
    assert process
    whole = encoded(picture(0, 30, 30), "PNG")
    for content, reason in (
        (b"", "damaged or no image"),
        (b"<script>alert(1)</script>", "damaged or no image"),
        (whole[: len(whole) // 2], "damaged or not an image"),
        (bomb(20_000, 10_000), r"200000000 pixels\) exceeds limit of .* decompression bomb"),
        (bomb(8_000, 8_000), "8000 x 8000 pixels: it may have 33,554,432"),
        (bytes(LARGEST + 1), "20,971,521 bytes: it may have 20,971,520"),
    ):
        with pytest.raises(Mistake, match=reason):
            playground.keep(content)
    assert playground.process is process and process.poll() is None


@pytest.mark.parametrize(
    ("mode", "values", "reason"),
    [
        ("sample", {"seed": "-1"}, "seed is -1: a whole number from 0"),
        ("sample", {"count": "65"}, "count is 65: a whole number from 1 to 64"),
        ("sample", {"seed": "9" * 2000}, "seed is 9999"),
        ("sample", {"truncation": "1"}, "Samples has no control truncation: it has seed, count"),
        ("walk", {"position": "nan"}, "position is nan: a number from 0.0 to 1.0"),
        ("walk", {"position": "<b>"}, "position is <b>: a number"),
        ("../sample", {}, "cannot show ../sample: it can show sample, walk, sum"),
    ],
)
def test_values_out_of_their_limits_are_refused(
    mode: str, values: dict[str, str], reason: str, playground: Playground, runs: Runs
) -> None:
    with pytest.raises(Mistake, match=reason):
        playground.picture(runs.noise, mode, values)


def test_a_run_without_weights_is_refused(playground: Playground, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"There is no .*model.safetensors: a run writes it with its first checkpoint"):
        playground.picture(Run(tmp_path), "sample", {})


def test_a_process_that_is_killed_while_idle_is_not_noticed(playground: Playground, runs: Runs) -> None:
    before = playground.picture(runs.noise, "sample", {})
    assert playground.process
    os.kill(playground.process.pid, signal.SIGKILL)
    playground.process.wait()
    assert playground.picture(runs.noise, "sample", {}) == before


def test_a_process_that_is_killed_at_work_is_one_line_and_starts_again(playground: Playground, runs: Runs) -> None:
    before = playground.picture(runs.noise, "sample", {})
    process = playground.process
    assert process
    os.kill(process.pid, signal.SIGSTOP)
    clock = threading.Timer(0.3, process.kill)
    clock.start()
    with pytest.raises(Unavailable, match=r"has ended, with code -9\. The next picture starts it again"):
        playground.picture(runs.noise, "sample", {"seed": "1"})
    assert playground.picture(runs.noise, "sample", {}) == before


def test_a_process_that_takes_too_long_is_ended(runs: Runs) -> None:
    playground = Playground(patience=0.2)  # not enough to load torch
    with pytest.raises(Unavailable, match=r"took more than 0\.2 s"):
        playground.picture(runs.noise, "sample", {})
    playground.close()


def test_an_idle_process_ends_and_a_closed_playground_says_so(runs: Runs) -> None:
    playground = Playground(idle=0.5)
    playground.controls(runs.noise)
    process = playground.process
    assert process
    process.wait(timeout=30)
    playground.close()
    with pytest.raises(Unavailable, match="The playground is closed"):
        playground.controls(runs.noise)


def test_the_latest_request_of_a_client_wins(playground: Playground, runs: Runs) -> None:
    """The process stands still while three requests of one client and one of another come in."""
    playground.controls(runs.noise)
    assert playground.process
    os.kill(playground.process.pid, signal.SIGSTOP)
    ends: dict[str, object] = {}

    def ask(name: str, client: str) -> None:
        try:
            ends[name] = playground.picture(runs.noise, "sample", {"seed": name}, client).content
        except Superseded:
            ends[name] = "superseded"

    threads = []
    for name, client in (("0", "me"), ("1", "me"), ("2", "me"), ("3", "you"), ("4", "me")):
        threads.append(threading.Thread(target=ask, args=(name, client)))
        threads[-1].start()
        time.sleep(0.1)
    os.kill(playground.process.pid, signal.SIGCONT)
    for thread in threads:
        thread.join(timeout=30)
    assert [ends[name] == "superseded" for name in "01234"] == [False, True, True, False, False]
    assert ends["4"] == playground.picture(runs.noise, "sample", {"seed": "4"}).content


def test_more_clients_than_can_wait_are_refused(playground: Playground, runs: Runs) -> None:
    playground.controls(runs.noise)
    assert playground.process
    os.kill(playground.process.pid, signal.SIGSTOP)
    threads = [
        threading.Thread(target=playground.picture, args=(runs.noise, "sample", {}, f"client {n}"))
        for n in range(MOST_WAITING + 1)
    ]
    threads[0].start()
    time.sleep(0.3)  # the first is at work, and the others wait
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.3)
    with pytest.raises(Unavailable, match="Too many pictures are waited for"):
        playground.picture(runs.noise, "sample", {}, "one more")
    os.kill(playground.process.pid, signal.SIGCONT)
    for thread in threads:
        thread.join(timeout=30)


def test_the_process_that_asks_loads_no_torch(runs: Runs) -> None:
    program = """
import sys
from gan_zoo.dashboard.playground import Playground
from gan_zoo.run.directory import Run
playground = Playground()
assert playground.picture(Run(sys.argv[1]), "sample", {}).content.startswith(b"\\x89PNG")
playground.close()
assert playground.process is None
assert "torch" not in sys.modules and "lightning" not in sys.modules
"""
    command = [sys.executable, "-c", program, str(runs.noise.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
