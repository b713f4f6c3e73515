"""Models that come with the package have the configuration, the size and the score that their files state."""

import csv
import json
from pathlib import Path

import pytest
import torch
import yaml

import gan_zoo
from datamodules.mnist import MNIST
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import against
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.protocol import comparable
from gan_zoo.training import loading
from tests.commands.conftest import Command, Refused
from tests.commands.conftest import command as command
from tests.commands.conftest import refused as refused

FILES = sorted((Path(gan_zoo.__file__).parent / "pretrained").glob("*.safetensors"))
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_the_package_has_a_trained_wgan_gp() -> None:
    assert "mnist-wgan-gp" in {file.stem for file in FILES}


@every_file
def test_it_is_small_and_has_its_configuration_beside_it(file: Path) -> None:
    assert file.stat().st_size < 2_000_000
    config = yaml.safe_load(file.with_suffix(".yaml").read_text())["model"]
    header = loading.metadata(file)
    assert (config["class_path"], config["init_args"]) == (header["model"], header["hyperparameters"])


@pytest.mark.slow  # 10,000 images and their features, about 15 s
@every_file
def test_its_score_is_the_one_that_its_csv_states(file: Path) -> None:
    with open(file.with_suffix(".csv"), newline="") as stream:
        (row,) = csv.DictReader(stream)
    data = MNIST(split="test")
    data.setup("fit")
    model, extractor = gan_zoo.load(file.stem), extractors.make(json.loads(row["protocol"])["extractor"])
    evaluator = against(data, "test", extractor, ("fd",), torch.device("cpu"))
    scores, protocol = evaluator.score(Sampled(model, Sampling()), 10_000)
    assert comparable(protocol.as_dict()) == comparable(json.loads(row["protocol"]))
    # Features are float32 and depend on the machine by 1e-4 of a distance of 60.
    assert scores[row["metric"]].value == pytest.approx(float(row["value"]), rel=1e-3)
    assert loading.metadata(file)["step"] == int(row["step"])


def test_its_name_is_enough_to_sample(command: Command) -> None:
    assert command("sample", "mnist-wgan-gp", "--count", 4, "--out", "x.png").code == 0
    assert Path("x.png").read_bytes().startswith(b"\x89PNG")
    assert gan_zoo.load("mnist-wgan-gp").sample(2).shape == (2, 1, 28, 28)


def test_a_run_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mnist-wgan-gp").mkdir()
    with pytest.raises(Mistake, match=r"There is no mnist-wgan-gp/model\.safetensors"):
        gan_zoo.load("mnist-wgan-gp")


def test_an_unknown_name_lists_the_known_ones(refused: Refused) -> None:
    message = refused("sample", "mnist-wgangp", "--out", "x.png")
    assert "There is no mnist-wgangp (did you mean mnist-wgan-gp?)" in message
    assert "came with gan_zoo: mnist-w" in message
