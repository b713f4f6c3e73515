"""Scores of runs that translate: from training, and again by `gan-zoo evaluate` in one and in two processes."""

from pathlib import Path
from typing import Any

import pytest
import torch

from datamodules.celeba import CelebA
from datamodules.unpaired import Unpaired
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.models.stargan import StarGAN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import Command, Refused
from tests.drivers import official
from tests.drivers.image_files import picture, write

COLOURS = "tests.drivers.scripted:Colours"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps of CycleGAN on two sets of 13 and 11 files."""
    folder = tmp_path_factory.mktemp("translations")
    for part, count in (("A", 13), ("B", 11)):
        for number in range(count):
            write(folder / part / f"{number}.png", picture(number + 50 * (part == "B"), 16, 16))
    model = CycleGAN((3, 16, 16), width=4, blocks=1, discriminator_width=4, discriminator_layers=1)
    Trainer(
        run=folder / "x",
        max_steps=2,
        accelerator="cpu",
        enable_progress_bar=False,
        evaluation=Evaluation(COLOURS, metrics=("fd", "kid"), every=1, samples=12, share=1.0),
    ).fit(model, Unpaired(str(folder / "A"), str(folder / "B"), resolution=16, crop=0))
    return folder / "x"


def values(run: Path, origin: str | None) -> dict[tuple[str, str, int], float]:
    """Return the values that training (None) or `evaluate` recorded, by name, weights and step."""
    recorded = [line for line in lines(Run(run).evaluations_file) if line.get("origin") == origin]
    return {(line["metric"], line["protocol"]["weights"], line["step"]): line["value"] for line in recorded}


NAMES = [f"{route}/{name}_{count}" for route, count in (("a2b", 12), ("b2a", 11))
         for name in ("fd_colours", "kid_colours", "cycle_l1")]  # fmt: skip


def test_training_scores_both_directions(run: Path) -> None:
    """12 images are requested, and B has 11."""
    scores = values(run, None)
    assert [name for name, _, step in scores if step == 2] == NAMES
    assert {step for _, _, step in scores} == {0, 1, 2}
    assert scores["a2b/cycle_l1_12", "last", 0] != scores["a2b/cycle_l1_12", "last", 2]


@pytest.mark.slow  # two processes
@pytest.mark.parametrize("devices", [1, 2])
def test_evaluate_gives_the_scores_of_training_in_one_and_in_two_processes(
    devices: int, run: Path, command: Command
) -> None:
    """The tolerance is 1e-5, as sums of float32 are taken in another order."""
    trained = values(run, None)
    evaluations = Run(run).evaluations_file
    before = evaluations.read_text()
    evaluations.write_text("")
    options: list[Any] = [
        "--metrics",
        "fd",
        "kid",
        "--samples",
        12,
        "--baseline",
        "--devices",
        devices,
        "--allow-module",
        "tests",
    ]
    result = command("evaluate", run, *options)
    scores = values(run, "evaluate")
    evaluations.write_text(before)
    assert result.code == 0, result.err
    assert [name for name, weights, _ in scores if weights == "last"] == NAMES
    for name in NAMES:
        assert scores[name, "last", 2] == pytest.approx(trained[name, "last", 2], rel=1e-5, abs=1e-7)
    baselines = [name for name, weights, _ in scores if weights == "untranslated"]
    assert baselines == [name for name in NAMES if "cycle" not in name], (
        "a round trip without translation is not a score"
    )
    if devices == 1:  # otherwise another process prints it
        assert "a2b/fd_colours_12 " in result.out and "(untranslated)" in result.out


def test_evaluate_reads_attributes_with_the_runs_discriminator(tmp_path: Path, command: Command) -> None:
    """The file that is scored holds only the generator, and yet the scores are those of training, within 1e-5."""
    official.make("celeba", tmp_path)
    data = CelebA(str(tmp_path / "celeba"), attributes=("Black_Hair", "Male"), resolution=16, batch_size=4, workers=0)
    torch.manual_seed(0)
    model = StarGAN(
        (3, 16, 16), tuple(data.label_sets), width=4, blocks=1, discriminator_width=4, halvings=3, learning_rate=0.01
    )
    Trainer(
        run=tmp_path / "x",
        max_steps=2,
        accelerator="cpu",
        enable_progress_bar=False,
        evaluation=Evaluation(COLOURS, every=1, samples=8, share=1.0),
    ).fit(model, data)
    trained = values(tmp_path / "x", None)
    assert trained["Male/source_l1_8", "last", 1] != trained["Male/source_l1_8", "last", 2]
    Run(tmp_path / "x").evaluations_file.write_text("")
    result = command("evaluate", tmp_path / "x", "--samples", 8, "--allow-module", "tests")
    scores = values(tmp_path / "x", "evaluate")
    assert result.code == 0 and len(scores) == 8, result.err
    assert scores == {key: pytest.approx(trained[key], rel=1e-5, abs=1e-6) for key in scores}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--truncation", "0.5"], "--truncation is"),
        (["--per-class"], "--per-class is"),
        (["--labels", "data"], "--labels is"),
        (["--classifier", "gone.safetensors"], "gone.safetensors holds no attribute classifier"),
        (["--classifier", "lenet"], "lenet cannot judge the routes a2b, b2a"),
        (["--split", "test"], "no split test"),
    ],
)
def test_options_that_do_not_apply_to_translations_are_refused(
    more: list[str], message: str, run: Path, refused: Refused
) -> None:
    assert message in refused("evaluate", run, "--allow-module", "tests", *more)


def test_classifiers_of_other_peoples_images_are_refused(run: Path, refused: Refused) -> None:
    assert "--classifier is for runs" in refused("evaluate", "--fake", run, "--real", run, "--classifier", "lenet")
