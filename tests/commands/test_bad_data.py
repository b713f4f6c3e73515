"""Data that is missing, damaged or of another size is refused in one line."""

import gzip
import shutil
from pathlib import Path

import pytest

from datamodules.mnist import BUNDLED
from tests.commands.conftest import SMALL, TINY, Command, Refused


def test_missing_data_says_which_files_to_put_where(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", fail)
    message = refused("fit", "--model", "GAN", "--data", "MNIST", "--data.root", "nowhere")
    assert message.startswith("nowhere/MNIST/raw has no MNIST")
    assert "put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz into it" in message


@pytest.mark.parametrize("kept", [0, 2, 100, 5000])
def test_a_truncated_file_is_named(refused: Refused, tmp_path: Path, kept: int) -> None:
    raw = tmp_path / "cut/MNIST/raw"
    shutil.copytree(BUNDLED, raw)
    file = raw / "t10k-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:kept])
    mnist = ["--data", "MNIST", "--data.split", "test", "--data.root", "cut"]
    assert "cut/MNIST/raw/t10k-images-idx3-ubyte.gz is " in refused("fit", *TINY[:6], *mnist)


def test_a_file_of_too_few_images_is_named(refused: Refused, tmp_path: Path) -> None:
    raw = tmp_path / "few/MNIST/raw"
    shutil.copytree(BUNDLED, raw)
    header = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in (2, 28, 28))
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + bytes(2 * 28 * 28)))
    mnist = ["--data", "MNIST", "--data.split", "test", "--data.root", "few"]
    assert "holds 2 entries where MNIST has 10000" in refused("fit", *TINY[:6], *mnist)


def test_images_of_a_wrong_size_are_refused(refused: Refused) -> None:
    small = [*SMALL[4:], "--trainer.max_steps", 1]
    assert "the data's are 30 x 30" in refused("fit", "--model", "WGANGP", *small, "--data.size", 30)
    assert "lenet scores grey digits of 28 x 28" in refused("fit", *TINY, "--evaluation.extractor", "lenet")


def test_a_batch_may_be_as_large_as_the_data_and_no_larger(command: Command, refused: Refused) -> None:
    assert command("fit", *TINY, "--trainer.max_steps", 2, "--data.batch_size", 48, "--run", "x").code == 0
    message = refused("fit", *TINY, "--trainer.max_steps", 2, "--data.batch_size", 49, "--run", "y")
    assert "A batch of 49" in message and "48 images" in message and "data.batch_size" in message
