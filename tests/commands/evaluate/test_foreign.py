"""Images of others: which images a score is about, which seeds are which, and with whose scores they are ranked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_zoo.report import grouping, rank
from gan_zoo.report.collect import collect
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.commands.conftest import Command, Refused

COUNT = 12
LENET = ("--extractor", "lenet")


def write(folder: Path, seed: int, count: int = COUNT) -> Path:
    """Write images of noise whose grey level grows with their number."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        noise = random.integers(0, 20, (28, 28), dtype=np.uint8) + np.uint8(15 * number)
        Image.fromarray(noise).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture
def here(command: Command) -> Command:
    """The command, in a folder with two folders of other people's images and one of real images."""
    for name, seed in (("a/theirs", 1), ("b/theirs", 2), ("real", 0)):
        write(Path(name), seed)
    return command


def score(command: Command, fake: str, *options: Any) -> Any:
    result = command("evaluate", "--fake", fake, "--real", "real", *LENET, *options)
    assert result.code == 0, result.err
    return result


def protocols(run: str) -> list[dict[str, Any]]:
    return [line["protocol"] for line in lines(Run(run).evaluations_file)]


def test_other_images_are_refused_in_a_run(here: Command, refused: Refused) -> None:
    score(here, "a/theirs")
    before = Path("runs/theirs/evaluations.jsonl").read_text()
    assert score(here, "a/theirs").out and Path("runs/theirs/evaluations.jsonl").read_text() == before
    message = refused("evaluate", "--fake", "b/theirs", "--real", "real", *LENET)
    assert message == "runs/theirs holds scores of other images of theirs: choose another --run."
    Image.new("L", (28, 28)).save("a/theirs/00.png")
    assert "other images" in refused("evaluate", "--fake", "a/theirs", "--real", "real", *LENET)
    assert Path("runs/theirs/evaluations.jsonl").read_text() == before


def test_a_run_that_does_not_say_which_images_it_holds_is_left(here: Command, refused: Refused) -> None:
    """Runs of version 0.2 and earlier have no fingerprint; reports still read them."""
    score(here, "a/theirs")
    run = Run("runs/theirs")
    run.record_file.write_text(run.record_file.read_text().replace("images_fingerprint", "other"))
    assert "does not say which images" in refused("evaluate", "--fake", "a/theirs", "--real", "real", *LENET)


def methods(*names: str) -> list[tuple[str, list[int]]]:
    groups = grouping.group(collect([Path(name) for name in names]))
    return sorted((group.label, sorted(run.seed or 0 for run in group.runs)) for group in groups)


def test_two_folders_of_one_name_are_two_methods(here: Command) -> None:
    score(here, "a/theirs", "--run", "runs/a")
    score(here, "b/theirs", "--run", "runs/b")
    found = methods("runs")
    assert len(found) == 2 and found[0][0] != found[1][0], found


def test_seeds_of_one_name_are_one_method(here: Command, refused: Refused) -> None:
    """Somebody's seeds of training can so be compared with ours; the seed of the latents is another."""
    for seed, fake in enumerate(("a/theirs", "b/theirs")):
        score(here, fake, "--name", "Theirs", "--seed", seed)
    assert methods("runs") == [("Theirs", [0, 1])]
    assert [path.name for path in sorted(Path("runs").iterdir())] == ["theirs_s0", "theirs_s1"]
    assert {protocol["latent_seed"] for protocol in protocols("runs/theirs_s1")} == {0}
    (table,) = rank.tables(grouping.group(collect([Path("runs")])))
    assert len(table.rows) == 1 and len(table.rows[0].runs) == 2
    again = ("evaluate", "--fake", "b/theirs", "--real", "real", *LENET, "--name", "Theirs", "--run", "runs/theirs_s1")
    assert "holds these images with seed 1" in refused(*again, "--seed", 4)


def test_samples_of_a_folder_are_drawn_at_random_by_the_seed(here: Command) -> None:
    """The first files are the darkest here, as the first files of a folder may all show one class."""
    values = {}
    for seed in (0, 0, 1):
        score(here, "a/theirs", "--samples", 6, "--latent-seed", seed, "--run", f"runs/{seed}")
        (line,) = lines(Run(f"runs/{seed}").evaluations_file)
        values[seed] = line["value"]
        assert (line["protocol"]["generated"], line["protocol"]["latent_seed"]) == (6, seed)
    Path("first").mkdir()
    for number in range(6):
        Path(f"a/theirs/{number:02d}.png").rename(f"first/{number:02d}.png")
    score(here, "first", "--run", "runs/first")
    (first,) = lines(Run("runs/first").evaluations_file)
    assert len({*values.values(), first["value"]}) == 3


@pytest.mark.parametrize(
    ("options", "weights", "shared"),
    [
        ((), "unknown", False),
        (("--generator-weights", "last"), "last", False),
        (("--generator-weights", "averaged"), "averaged", True),
        (("--rank-with", "averaged"), "unknown", True),
        (("--rank-with", "last"), "unknown", False),
    ],
)
def test_whether_images_share_a_table_is_asked(here: Command, options: Any, weights: str, shared: bool) -> None:
    score(here, "a/theirs", "--name", "Ours", "--generator-weights", "averaged")
    score(here, "b/theirs", "--name", "Theirs", *options)
    (protocol,) = protocols("runs/theirs")
    assert protocol["weights"] == weights
    assert len(protocol["images_fingerprint"]) == 16 != protocols("runs/ours")[0]["images_fingerprint"]
    assert (len(rank.tables(grouping.group(collect([Path("runs")])))) == 1) == shared


def test_rows_of_other_images_have_no_step_and_no_time(here: Command) -> None:
    score(here, "a/theirs")
    (line,) = lines(Run("runs/theirs").evaluations_file)
    assert line["images"] is None
    (table,) = rank.tables(grouping.group(collect([Path("runs")])))
    assert [(row.steps, row.best_steps, row.images, row.seconds) for row in table.rows] == [([], [], [], [])]
    assert here("report", "runs", "--out", "r.html").code == 0
    (status,) = (line for line in here("status", "runs").out.splitlines() if line.startswith("runs/theirs"))
    assert status.split()[2] == "-"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("runs/x --seed 1", "--seed is the seed that --fake was trained with"),
        ("runs/x --rank-with last", "--generator-weights and --rank-with are for --fake"),
        ("--fake a/theirs --real real --raw", "--raw is for runs"),
        ("--fake a/theirs --real real --rank-with last --generator-weights last", "--rank-with is for unknown"),
        ("--fake a/theirs --real real --latent-seed -1", "latent_seed is -1: it must be at least 0"),
        ("--fake a/theirs --real real --samples 13", "--samples is 13, and a/theirs holds 12"),
    ],
)
def test_mistakes_are_one_line(here: Command, refused: Refused, words: str, message: str) -> None:
    assert message in refused("evaluate", *words.split())
