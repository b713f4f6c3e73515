"""`--out` replaces what the same command wrote before, but no input, no file of a run and no other file."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_zoo.commands.image_files import save
from gan_zoo.errors import Mistake
from gan_zoo.metrics.arrays import is_our_npz
from gan_zoo.metrics.attributes import AttributeNet, is_classifier, write
from gan_zoo.metrics.moments import Gaussian
from gan_zoo.metrics.train_attributes import main as train_attributes
from gan_zoo.report import build
from gan_zoo.run.marks import is_our_image
from gan_zoo.run.outputs import refuse_loss
from tests.commands.conftest import Command, Refused
from tests.comparing import contents
from tests.report.made import make_run

SAMPLE = ["sample", "x", "--count", 2, "--out"]
SHOW = ["data", "show", "--data", "tests.drivers.tiny.Tiny", "--count", 2, "--out"]
STATS = ["data", "stats", "-c", "mnist/gan", "--extractor", "lenet", "--metrics", "fd", "--out"]


def photograph(file: Path) -> bytes:
    """Write a picture that is not ours, and return its bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (3, 2), "red").save(file)
    return file.read_bytes()


@pytest.mark.parametrize("words", [SAMPLE, SHOW])
def test_a_picture_is_replaced_only_by_the_command_that_wrote_it(
    command: Command, refused: Refused, run: Path, words: list[object]
) -> None:
    mine = photograph(Path("mine.png"))
    assert "--out would replace mine.png, which this command did not write" in refused(*words, "mine.png")
    assert Path("mine.png").read_bytes() == mine
    (Path("link.png")).symlink_to("mine.png")
    assert "--out would replace link.png" in refused(*words, "link.png")
    for name in ("images/step_00000004.png", "images/step_00000099.png"):
        assert f"x/{name}, which is a file of the run in" in refused(*words, f"x/{name}")
    before = contents(run)
    for _ in range(2):
        assert command(*words, "x/samples.png").code == 0
    assert {name: content for name, content in contents(run).items() if name != "samples.png"} == before


def test_a_folder_of_samples_keeps_what_is_in_it(command: Command, refused: Refused, run: Path) -> None:
    mine = photograph(Path("folder/000001.png"))
    assert "--out would replace folder/000001.png" in refused(*SAMPLE, "folder")
    assert contents(Path("folder")) == {"000001.png": mine}
    for _ in range(2):
        assert command(*SAMPLE, "other").code == 0
    assert sorted(contents(Path("other"))) == ["000000.png", "000001.png"]


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.webp", "x.tiff", "x.bmp", "x.ppm"])
def test_images_carry_our_mark_if_their_format_can(tmp_path: Path, name: str) -> None:
    photograph(tmp_path / name)
    assert not is_our_image(tmp_path / name)
    save(tmp_path / name, Image.new("RGB", (20, 20), "red"))
    assert is_our_image(tmp_path / name) == (name not in ("x.bmp", "x.ppm"))
    with Image.open(tmp_path / name) as image:
        assert image.size == (20, 20) and np.abs(np.array(image).astype(int) - [255, 0, 0]).max() < 3  # JPEG, WebP


def test_statistics_do_not_replace_those_of_other_programs(refused: Refused, tmp_path: Path) -> None:
    """The files of pytorch-fid hold arrays of the same names."""
    theirs = tmp_path / "theirs.npz"
    np.savez(theirs, mu=np.zeros(3), sigma=np.eye(3))
    before = theirs.read_bytes()
    assert "--out would replace theirs.npz" in refused(*STATS, "theirs.npz")
    assert theirs.read_bytes() == before and not is_our_npz(theirs) and not is_our_npz(tmp_path / "gone.npz")
    Gaussian(torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)).save(theirs, {"real": 9})
    assert is_our_npz(theirs)
    (tmp_path / "text.npz").write_text("mine")
    assert not is_our_npz(tmp_path / "text.npz")


def test_a_classifier_replaces_only_a_classifier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_text("mine")
    assert train_attributes(["--root", "gone", "--attributes", "Male", "--out", str(file)]) == 2
    assert "--out would replace" in capsys.readouterr().out and file.read_text() == "mine"
    write(AttributeNet(("Male",), 16), file, "nothing")
    assert is_classifier(file)
    assert train_attributes(["--root", "gone", "--attributes", "Male", "--out", str(file)]) == 2
    assert "--out would replace" not in capsys.readouterr().out


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """The folder `out` with a report of run `a`, beside a run `b` that is not in the report."""
    for name in ("a", "b"):
        make_run(tmp_path / name, {10: 1.0})
    build([tmp_path / "a"], tmp_path / "out/report.html", figures=tmp_path / "out/figures")
    return tmp_path / "out"


def test_a_report_replaces_its_own_files(two: Path) -> None:
    names = contents(two).keys()
    assert {"report.html", "results.csv", "results.md", "results.tex", "figures/samples.pdf"} <= names
    build([two.parent / "a"], two / "report.html")
    build([two.parent / "a", two.parent / "b"], two / "report.html", figures=two / "figures")
    assert contents(two).keys() >= names and b"b," in (two / "results.csv").read_bytes()


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_report_that_was_killed_as_it_wrote_is_written_again(two: Path, written: int) -> None:
    """The page and the first `written` of its tables are new; the other tables are old."""
    before = contents(two)
    build([two.parent / "b"], two / "report.html")
    for name in ("results.csv", "results.md", "results.tex")[written:]:
        (two / name).write_bytes(before[name])
    build([two.parent / "a", two.parent / "b"], two / "report.html")


def test_a_report_replaces_nothing_else(two: Path, refused: Refused) -> None:
    before = contents(two)
    report = ["report", "b", "--out"]
    assert "replace out/results.csv, which this command did not write" in refused(*report, "out/other.html")
    (two / "mine.html").write_text("<html>mine</html>")
    assert "replace out/mine.html" in refused(*report, "out/mine.html")
    for name in ("out/results.csv", "b/metrics.jsonl", "b/config.yaml"):
        assert f"--out is {name}: the page is called .html" in refused(*report, name)
    (two / "mine.html").unlink()
    assert contents(two) == before
    (two / "results.md").write_text("with notes")
    assert "replace out/results.md" in refused("report", "a", "--out", "out/report.html")
    (two / "results.md").write_bytes(before["results.md"])
    shutil.copytree(two / "figures", two.parent / "drawn")
    assert "replace drawn/" in refused(*report, "new/report.html", "--figures", "drawn")
    assert not (two.parent / "new").exists()


@pytest.mark.parametrize("name", ["checkpoints/last.ckpt", "images/step_00000001.png", ".lock", "wandb/settings"])
def test_the_name_of_a_file_that_a_run_may_write_is_the_runs(two: Path, name: str) -> None:
    with pytest.raises(Mistake, match="is a file of the run in"):
        refuse_loss([two.parent / "a" / name], is_ours=lambda file: True)
