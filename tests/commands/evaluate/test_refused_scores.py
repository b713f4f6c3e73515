"""Scores that a reviewer would fault are refused: NaN images, statistics of another protocol, values that changed."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from gan_zoo.metrics.protocol import comparable
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.commands.conftest import Command, Refused

FIXTURE = Path(__file__).parents[2] / "fixtures" / "run_0_1_0"
LENET = ("--extractor", "lenet")


@pytest.fixture
def old(command: Command) -> Run:
    """A run of version 0.1.0, scored by it with 64 images at steps 0, 3 and 6."""
    shutil.copytree(FIXTURE, "x")
    return Run("x")


def test_a_generator_of_nan_has_no_score_and_the_run_fails(command: Command, old: Run) -> None:
    with safe_open(old.model_file, "pt") as content:
        header = content.metadata()
        weights = {name: content.get_tensor(name) * torch.nan for name in content.keys()}  # noqa: SIM118 (no dict)
    save_file(weights, old.model_file, header)
    before = old.evaluations_file.read_text()
    result = command("evaluate", "x", "--samples", 50)
    assert result.code == 1 and result.out == ""
    assert "WGANGP generated NaN or infinite values in 50 of 50 images" in result.err.splitlines()[-1]
    assert old.evaluations_file.read_text() == before


def test_a_score_of_an_older_version_is_found_again_and_not_recorded_twice(command: Command, old: Run) -> None:
    before = old.evaluations_file.read_text()
    assert command("evaluate", "x", "--samples", 64).code == 0
    assert old.evaluations_file.read_text() == before


def test_a_value_that_changed_at_a_step_is_refused(refused: Refused, old: Run) -> None:
    text = old.evaluations_file.read_text()
    last = json.loads(text.splitlines()[-1])
    changed = text.replace(str(last["value"]), "7.5")
    old.evaluations_file.write_text(changed)
    message = refused("evaluate", "x", "--samples", 64, "--metrics", "kid", "fd")
    assert "x/evaluations.jsonl has fd_lenet_64 7.5 at step 6 under the same protocol, and this is 1051.46" in message
    assert old.evaluations_file.read_text() == changed, "the other metric is not recorded either"


def test_damaged_lines_do_not_stop_a_score(command: Command, old: Run) -> None:
    old.evaluations_file.write_text('{"step": 6}\n{"step": 6, "metric": "fd_lenet_64", "protocol": "x"}\n3\n')
    assert command("evaluate", "x", "--samples", 64).code == 0
    assert list(lines(old.evaluations_file))[-1]["protocol"]["generated"] == 64


@pytest.fixture
def statistics(command: Command) -> Path:
    stats = ("data", "stats", "-c", "mnist/gan", *LENET, "--metrics", "fd", "--real-samples", 500, "--out", "s.npz")
    assert command(*stats).code == 0
    fakes = np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), dtype=np.uint8)
    np.savez("fake.npz", fakes)
    return Path("s.npz")


def altered(file: Path, **changes: Any) -> Path:
    """Write the statistics with other fields of their protocol."""
    with np.load(file) as content:
        arrays = dict(content)
    altered: Any = arrays | {"protocol": json.dumps(json.loads(str(arrays["protocol"])) | changes)}
    np.savez("altered.npz", **altered)
    return Path("altered.npz")


def test_a_score_against_statistics_has_the_protocol_of_one_against_their_images(
    command: Command, statistics: Path
) -> None:
    theirs = ("evaluate", "--fake", "fake.npz", *LENET, "--real")
    against_images = command(*theirs, "mnist/gan", "--real-samples", 500, "--run", "a")
    against_file = command(*theirs, statistics, "--run", "b")
    assert against_images.code == against_file.code == 0, against_file.err
    ((of_images,), (of_file,)) = (list(lines(Run(run).evaluations_file)) for run in "ab")
    assert comparable(of_images["protocol"]) == comparable(of_file["protocol"])
    assert of_images["value"] == pytest.approx(of_file["value"], rel=1e-9)  # rows against their product


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extractor": "other"}, "holds statistics with extractor other, and this score has lenet"),
        ({"extractor_weights": "0123"}, "holds statistics with extractor weights 0123"),
        ({"extractor_version": 2}, "holds statistics with extractor version 2, and this score has 1"),
        ({"resize": "tf1"}, "holds statistics with resize tf1, and this score has none"),
    ],
)
def test_statistics_of_another_protocol_are_refused(
    refused: Refused, statistics: Path, changes: dict[str, Any], message: str
) -> None:
    file = altered(statistics, **changes)
    assert message in refused("evaluate", "--fake", "fake.npz", *LENET, "--real", file)


def test_a_part_of_statistics_and_a_damaged_protocol_are_refused(refused: Refused, statistics: Path) -> None:
    theirs = ("evaluate", "--fake", "fake.npz", *LENET, "--real")
    assert "--real-samples is 100, and s.npz holds statistics" in refused(*theirs, statistics, "--real-samples", 100)
    with np.load(statistics) as content:
        arrays = dict(content)
    for damaged in ("{", "[1]", "3"):
        content: Any = arrays | {"protocol": damaged}
        np.savez("damaged.npz", **content)
        assert "damaged.npz has a damaged count or protocol" in refused(*theirs, "damaged.npz")


def test_statistics_of_another_program_come_with_a_note(command: Command, statistics: Path) -> None:
    with np.load(statistics) as content:
        np.savez("theirs.npz", mu=content["mu"], sigma=content["sigma"])
    result = command("evaluate", "--fake", "fake.npz", *LENET, "--real", "theirs.npz")
    assert result.code == 0 and "Note: theirs.npz does not say by which network" in result.err
