"""A study's tables get a row of real against real, once for all runs of a protocol, without being asked."""

from pathlib import Path

import pytest
from PIL import Image

from datamodules.mnist import MNIST
from gan_zoo.commands import study_baselines
from gan_zoo.report import build
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.commands.conftest import TINY, Command
from tests.report.made import make_study

SAMPLES = 30


def digits(folder: Path, counts: dict[str, int]) -> None:
    """Write as many digits as `counts` says into the folder of each split."""
    data = MNIST()
    data.setup("fit")
    images = iter(data.images.tensors["image"].numpy())  # pyright: ignore[reportAttributeAccessIssue]
    for split, count in counts.items():
        (folder / split).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(next(images)[0]).save(folder / split / f"{number:03}.png")


def trained(command: Command, root: str, folder: Path) -> Path:
    """A study with one finished run of each of two seeds, which scored themselves by fd and authpct."""
    data = ("--data", "ImageFolder", "--data.root", root, "--data.resolution", 28, "--data.channels", 1)
    scores = ("--evaluation.extractor", "lenet", "--evaluation.samples", SAMPLES)
    scores += ("--evaluation.metrics", "[fd, authpct]")
    for seed in (0, 1):
        run = ("--trainer.max_steps", 1, "--data.batch_size", 4, "--seed", seed, "--run", folder / f"gan-s{seed}")
        assert (fitted := command("fit", *TINY, *data, *scores, *run)).code == 0, fitted.err
    return make_study(folder, {f"gan-s{seed}": {"method": "gan", "settings": {"seed": seed}} for seed in (0, 1)})


@pytest.mark.slow
def test_each_table_gets_its_row_and_a_second_time_nothing_is_scored(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digits(tmp_path / "digits", {"train": 60, "test": 50})
    folder = trained(command, "digits/{split}", tmp_path / "s")
    shown = Run(folder / "gan-s0").row()
    study_baselines.score(folder)
    assert capsys.readouterr().out.count("Scoring real images") == 1, "one process for both metrics and seeds"
    recorded = [line for seed in (0, 1) for line in lines(Run(folder / f"gan-s{seed}").evaluations_file)]
    real = [line for line in recorded if line["protocol"]["weights"] == "held-out images"]
    assert {line["metric"] for line in real} == {f"fd_lenet_{SAMPLES}", f"authpct_lenet_{SAMPLES}"} and len(real) == 2
    assert {line["protocol"]["source"] for line in real} == {"digits_test_28px_50"}
    text = build([folder], tmp_path / "report.html")
    assert text.count("real against real (no method)") == 2
    (value,) = (line["value"] for line in real if line["metric"].startswith("fd_"))
    assert f"{value:.1f}" in text and value < min(
        line["value"] for line in recorded if line["metric"].startswith("fd_") and line not in real
    ), "real images are nearer to the real ones than those of a network that has learnt nothing"
    again = Run(folder / "gan-s0").row()
    assert (again["metric"], again["value"]) == (shown["metric"], shown["value"]), "status shows the model's score"
    study_baselines.score(folder)
    assert "Scoring" not in capsys.readouterr().out


@pytest.mark.slow
def test_data_without_another_split_say_so_once(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digits(tmp_path / "digits", {".": 60})
    folder = trained(command, "digits", tmp_path / "s")
    study_baselines.score(folder)
    assert "Note: no row of real against real" in capsys.readouterr().out
    build([folder], tmp_path / "report.html")
    assert "No row of real against real: the data have no other split." in (tmp_path / "results.md").read_text()
    study_baselines.score(folder)
    assert capsys.readouterr().out == ""
